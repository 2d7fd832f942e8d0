"""The shape of one place's rule, and the version of the whole set."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self, get_args, get_type_hints

from consent.rules.vocabulary import Channel, GpcEffect, MinorAds, Mode, Purpose, Regime

RULE_SET = "2026-11-01"
"""Version of the rules below: the day up to which the law was read. It changes with every change of content."""

RULE_SET_DATE = date(2026, 11, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JurisdictionRule:
    """What one place asks for.

    Each `Mode` field says whether a use needs a prior yes (`opt_in`), an express or implied one (`implied`), or is
    allowed until the person says no (`opt_out`). Ages are in completed years, periods in calendar months.
    `double_opt_in`: an e-mail consent counts only once confirmed from the mailbox. `digital_consent_age`: from this
    age a person consents alone. `minor_ads_age`: below it, sale, sharing and targeted advertising need the young
    person's own yes or are banned. `reask_months`: pause before a person who said no may be asked again.
    `sources` maps a topic to the articles it was read from.
    """

    code: str
    name: str
    regime: Regime
    rule_set: str = RULE_SET
    in_force_from: date | None = None

    marketing_email: Mode
    sms: Mode
    push: Mode
    phone: Mode
    post: Mode
    analytics_cookie: Mode
    personalisation: Mode
    sale_share: Mode
    targeted_ads: Mode
    partner_share: Mode
    loyalty_share: Mode
    automated_decision: Mode

    soft_opt_in: bool = False
    charity_soft_opt_in_from: date | None = None
    double_opt_in: bool = False
    implied_purchase_months: int = 0
    implied_inquiry_months: int = 0
    statistics_exempt_from: date | None = None
    automated_safeguards_from: date | None = None
    gpc_effect: GpcEffect
    gpc_purposes: tuple[Purpose, ...]
    digital_consent_age: int
    minor_ads_age: int
    minor_ads: MinorAds
    minor_two_step: bool = False
    reask_months: int
    consent_max_age_months: int
    cookie_max_age_months: int
    sources: tuple[tuple[str, str], ...]

    def source(self, topic: str) -> str:
        """The articles behind a topic; KeyError for a topic that no rule knows."""
        return dict(self.sources)[topic]

    def mode_for(self, purpose: Purpose, channel: Channel) -> Mode:
        """How this place treats a use. Marketing over `any` channel gets the strictest of its channels; a purpose
        without a field of its own (`other`, `any`) is opt-in everywhere (GDPR Art. 5(1)(b), Cal. Civ. Code
        1798.100(a)(1): no new purpose without asking)."""
        if purpose is Purpose.MARKETING:
            return self._marketing_mode(channel)
        name = _FIELD_OF_PURPOSE.get(purpose)
        return Mode.OPT_IN if name is None else _mode(self, name)

    def _marketing_mode(self, channel: Channel) -> Mode:
        if channel is Channel.ANY:
            modes = {_mode(self, name) for name in _FIELD_OF_CHANNEL.values()}
            return next(mode for mode in Mode if mode in modes)
        return _mode(self, _FIELD_OF_CHANNEL.get(channel, "analytics_cookie"))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, equal after a round trip through `from_dict`; `sources` as an object."""
        plain = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return plain | {"sources": dict(self.sources)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """The rule written by `to_dict`; TypeError or ValueError when a field is missing, unknown or wrong."""
        hints = get_type_hints(cls)
        unknown = sorted(set(raw) - set(hints))
        if unknown:
            raise ValueError(f"A jurisdiction rule has no field {unknown[0]}.")
        return cls(**{name: _typed(hints[name], name, value) for name, value in raw.items()})


_FIELD_OF_CHANNEL = {
    Channel.EMAIL: "marketing_email",
    Channel.SMS: "sms",
    Channel.PUSH: "push",
    Channel.PHONE: "phone",
    Channel.POST: "post",
}
_FIELD_OF_PURPOSE = {
    Purpose.ANALYTICS: "analytics_cookie",
    Purpose.STATISTICS: "analytics_cookie",
    Purpose.PERSONALISATION: "personalisation",
    Purpose.SALE_SHARE: "sale_share",
    Purpose.TARGETED_ADS: "targeted_ads",
    Purpose.PARTNER_SHARE: "partner_share",
    Purpose.LOYALTY_SHARE: "loyalty_share",
    Purpose.AUTOMATED_DECISION: "automated_decision",
}


def _mode(rule: JurisdictionRule, name: str) -> Mode:
    return Mode(getattr(rule, name))


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _typed(hint: Any, name: str, value: Any) -> Any:
    if name == "sources":
        return tuple((str(topic), str(text)) for topic, text in value.items())
    if name == "gpc_purposes":
        return tuple(Purpose(item) for item in value)
    if date in get_args(hint):
        return None if value is None else date.fromisoformat(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return _same_type(hint, name, value)


def _same_type(hint: Any, name: str, value: Any) -> Any:
    if type(value) is not hint:
        raise TypeError(f"{name} of a jurisdiction rule must be {hint.__name__}, not {type(value).__name__}.")
    return value
