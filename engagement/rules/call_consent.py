"""What a call of an SDK says about consent: categories of a consent manager as purposes, the token, the signal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from consent.rules.vocabulary import Purpose

_NOT_WORDS: Final = re.compile(r"[^a-z0-9]+")
_NEEDED_ANYWAY: Final = frozenset({"necessary", "strictlynecessary", "essential", "required", "security", "c0001"})
_CATEGORIES: Final[Mapping[str, Purpose]] = {
    **dict.fromkeys(("analytics", "performance", "measurement", "statistics", "c0002"), Purpose.ANALYTICS),
    **dict.fromkeys(
        ("personalisation", "personalization", "functional", "preferences", "c0003"), Purpose.PERSONALISATION
    ),
    **dict.fromkeys(
        ("advertising", "targeting", "marketing", "targetedads", "targetedadvertising", "c0004"), Purpose.TARGETED_ADS
    ),
    **dict.fromkeys(("saleshare", "datasharing", "saleofinfo", "sale"), Purpose.SALE_SHARE),
}
"""Names that consent managers commonly give to categories, and the numbers of one of them."""


@dataclass(frozen=True, slots=True)
class Said:
    """Yes or no by purpose key, categories that name no purpose, our token, the language, whether GPC was on."""

    choices: Mapping[str, bool] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    token: str | None = None
    language: str = ""
    signal: bool = False


def said_in(context: Mapping[str, Any], kinds: Mapping[str, Purpose]) -> Said:
    """What `context` says: `consent.categoryPreferences` (Segment), `consentManagement` (RudderStack), `consentToken`.

    A category is a purpose of ours by its key, or by a common name for its kind. Where two categories mean the same
    purpose, a no wins. `kinds` are the kinds of our purposes by key.
    """
    choices: dict[str, bool] = {}
    unknown = []
    for category, wanted in _categories(context).items():
        word = _NOT_WORDS.sub("", category.lower())
        keys = _purposes(category, word, kinds)
        if not keys and word not in _NEEDED_ANYWAY:
            unknown.append(category[:60])
        for key in keys:
            choices[key] = choices.get(key, True) and wanted
    consent, locale = context.get("consent"), context.get("locale")
    token = context.get("consentToken") or (consent.get("consentToken") if isinstance(consent, dict) else None)
    return Said(
        choices=choices,
        unknown=tuple(unknown),
        token=token if isinstance(token, str) else None,
        language=locale if isinstance(locale, str) else "",
        signal=context.get("globalPrivacyControl") is True,
    )


def _categories(context: Mapping[str, Any]) -> dict[str, bool]:
    consent, managed = context.get("consent"), context.get("consentManagement")
    found: dict[str, bool] = {}
    if isinstance(managed, dict):
        for name, wanted in (("allowedConsentIds", True), ("deniedConsentIds", False)):
            listed = managed.get(name)
            found |= {one: wanted for one in listed if isinstance(one, str)} if isinstance(listed, list) else {}
    preferences = consent.get("categoryPreferences") if isinstance(consent, dict) else None
    if isinstance(preferences, dict):
        found |= {name: value for name, value in preferences.items() if isinstance(value, bool)}
    return found


def _purposes(category: str, word: str, kinds: Mapping[str, Purpose]) -> list[str]:
    if category in kinds:
        return [category]
    meant = _CATEGORIES.get(word)
    return [key for key, kind in kinds.items() if kind is meant]
