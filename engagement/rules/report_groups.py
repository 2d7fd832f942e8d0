"""What reports can be divided by and narrowed to, and the sums of each group; pure, to be checked by hand."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

CAMPAIGN, CHANNEL, PURPOSE, VARIANT, COUNTRY, DAY = "campaign", "channel", "purpose", "variant", "country", "day"
KNOWN: Final = (CAMPAIGN, CHANNEL, PURPOSE, VARIANT, COUNTRY, DAY)
ATTRIBUTION, CHANNELS, CONVERSION, UPLIFT = "attribution", "channels", "conversion", "uplift"
MOST_TOGETHER: Final = 3
MOST_CAMPAIGNS: Final = 50
EXTERNAL: Final = "external"
"""The channel of a campaign that is not one of ours."""
_TOUCHED: Final = (CAMPAIGN, CHANNEL, PURPOSE, COUNTRY, DAY)
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    ATTRIBUTION: _TOUCHED,
    CHANNELS: _TOUCHED,
    CONVERSION: (CAMPAIGN, CHANNEL, PURPOSE, VARIANT, DAY),
    UPLIFT: (CAMPAIGN,),
}
_SENT: Final = ("email", "in_app", "webhook")
WAYS: Final[Mapping[str, Sequence[str]]] = {
    ATTRIBUTION: (*_SENT, EXTERNAL, "direct", "others"),
    CHANNELS: (*_SENT, EXTERNAL, "direct", "others"),
    CONVERSION: _SENT,
    UPLIFT: _SENT,
}
"""Channels that each report can be narrowed to."""
_NO_VARIANT: Final = "a click does not say which variant of a message it came from."
_ONE_CAMPAIGN: Final = "an uplift is of one campaign: people held out of one were sent another."
_REASONS: Final[Mapping[tuple[str, str], str]] = {
    (ATTRIBUTION, VARIANT): _NO_VARIANT,
    (CHANNELS, VARIANT): _NO_VARIANT,
    (CONVERSION, COUNTRY): "it is not counted here; ask /campaigns/{campaign_id}/metrics with breakdown=country.",
    **{(UPLIFT, one): _ONE_CAMPAIGN for one in KNOWN},
}
Line = Mapping[str, Any]


def groups_of(report: str, text: str) -> tuple[tuple[str, ...], str]:
    """What the report is to be divided by, and why it cannot be; '' when it can."""
    if not text:
        return (), ""
    wanted = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for one in wanted:
        if one not in KNOWN:
            return (), f"there is no '{one[:40]}'; choose from {', '.join(GROUPS[report])}."
        if one not in GROUPS[report]:
            return (), f"'{one}' is not possible: {_REASONS[report, one]}"
    if len(wanted) > MOST_TOGETHER:
        return (), f"at most {MOST_TOGETHER} together."
    if {DAY, COUNTRY} <= set(wanted):
        return (), "by day or by country, not by both: days are not kept for each country."
    return wanted, ""


def summed(lines: Iterable[Line], by: Sequence[str], figures: Sequence[str]) -> list[dict[str, Any]]:
    """The sums of these figures of the lines that share these facts, in the order of the facts; `lines` counts them."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for line in lines:
        key = tuple(line[name] for name in by)
        group = found.setdefault(key, {**dict(zip(by, key, strict=True)), **dict.fromkeys(figures, 0), "lines": 0})
        group["lines"] += 1
        for figure in figures:
            group[figure] += line[figure]
    return [found[key] for key in sorted(found)]


def narrowed(lines: Iterable[Line], campaigns: Sequence[str], channels: Sequence[str]) -> list[Line]:
    """The lines of these campaigns and channels; all without any."""
    return [
        line
        for line in lines
        if (not campaigns or line[CAMPAIGN] in campaigns) and (not channels or line[CHANNEL] in channels)
    ]


def of_touches(rows: Iterable[Sequence[str]], models: Sequence[str], key: str, facts: Mapping[str, Line]) -> list[Line]:
    """Amounts kept as [campaign, key, amount of each model ...] as lines with the facts of their campaigns."""
    return [
        {**facts[campaign], key: value, **{model: Decimal(text) for model, text in zip(models, amounts, strict=True)}}
        for campaign, value, *amounts in rows
    ]


def of_sides(campaign: Line, facts: Line) -> list[Line]:
    """A kept campaign as a line for those it was sent to, and one for those held out if there are any."""
    sides = [("sent", campaign["sent"]), ("held_out", campaign["held_out"])]
    return [
        {
            **facts,
            DAY: campaign["launched_at"][:10],
            VARIANT: name,
            **{figure: side[figure] for figure in ("people", "measured", "buyers")},
            "revenue": Decimal(side["revenue"]),
        }
        for name, side in sides
        if name == "sent" or side["people"]
    ]
