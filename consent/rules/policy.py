"""From the place of a person to the rule that applies there: the front door of the table of places."""

from collections.abc import Mapping

from consent.rules.jurisdiction_rule import RULE_SET, RULE_SET_DATE, JurisdictionRule
from consent.rules.jurisdictions import BEYOND_THE_US, STRICTEST
from consent.rules.jurisdictions_us import UNITED_STATES
from consent.rules.vocabulary import GateMode, Mode

__all__ = ["RULES", "RULE_SET", "RULE_SET_DATE", "STRICTEST", "JurisdictionRule", "gate_mode", "resolve"]

RULES: dict[str, JurisdictionRule] = BEYOND_THE_US | UNITED_STATES
"""Every rule of this rule set by its code: ISO 3166-1, ISO 3166-2, `EU`, and `*` for anywhere else."""

_SAME_LAW = {
    "UK": "GB",
    "EL": "GR",
    "EEA": "EU",
    "AX": "FI",
    **dict.fromkeys(("GF", "GP", "MF", "MQ", "RE", "YT"), "FR"),
    **dict.fromkeys(("AS", "GU", "MP", "PR", "UM", "VI"), "US"),
}


def resolve(place: str | None, rules: Mapping[str, JurisdictionRule] = RULES) -> JurisdictionRule:
    """The rule for an ISO 3166-1 or 3166-2 code, `EU` or `UK`; for anything else the strictest rule, never an error.

    A subdivision without a rule of its own has the rule of its country (`US-WA` that of `US`, `DE-BY` of `DE`).
    """
    code = (place or "").strip().upper()
    country = code.partition("-")[0]
    for candidate in (code, _SAME_LAW.get(code), country, _SAME_LAW.get(country)):
        if candidate is not None and candidate in rules:
            return rules[candidate]
    return rules.get(STRICTEST.code, STRICTEST)


def gate_mode(rule: JurisdictionRule) -> GateMode:
    """Whether engagement tracking needs prior consent in this place, or notice with the right to opt out.

    In the second case a consent token may be issued on the basis `notice_opt_out`. Global Privacy Control does not
    close this gate: it forbids sale and sharing, not a first party's own measurement.
    """
    return GateMode.OPT_OUT if rule.analytics_cookie is Mode.OPT_OUT else GateMode.OPT_IN
