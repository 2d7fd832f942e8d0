"""What a consent banner on a web page shows: by the law of the visitor's place, in her language, from our notices."""

from dataclasses import dataclass

from consent.rules.policy import gate_mode
from consent.rules.preferences import use_name
from consent.rules.vocabulary import SHARING_PURPOSES, Purpose
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.preferences import newest_notices

ON_PAGES = frozenset({Purpose.ANALYTICS, Purpose.STATISTICS, Purpose.PERSONALISATION}) | SHARING_PURPOSES


@dataclass(frozen=True, slots=True)
class BannerUse:
    """One purpose a page may ask for. `by_signal`: the visitor's browser has said no to it already."""

    key: str
    name: str
    notice: str
    text: str
    by_signal: bool


@dataclass(frozen=True, slots=True)
class BannerContent:
    """`mode` is `opt_in` or `opt_out`; `place` the code of the rule that holds."""

    mode: str
    place: str
    rule_set: str
    uses: tuple[BannerUse, ...]


def page_uses() -> list[Use]:
    """The purposes that a page may ask a visitor for: those that need no address of hers."""
    return [use for use in catalogue().uses.values() if use.kind in ON_PAGES]


def banner_content(*, place: str, locale: str, gpc: bool) -> BannerContent:
    """What to show to a visitor from this place (empty or unknown: the strictest rule); one query."""
    rule, uses = catalogue().rule_of(place), page_uses()
    words = newest_notices(purpose_ids=[use.id for use in uses], locale=locale)
    shown = tuple(
        BannerUse(
            key=use.key,
            name=use_name(use.key, use.name, locale),
            notice=words[use.id].public_id,
            text=words[use.id].text,
            by_signal=gpc and use.kind in rule.gpc_purposes,
        )
        for use in uses
        if use.id in words
    )
    return BannerContent(gate_mode(rule).value, rule.code, rule.rule_set, shown)
