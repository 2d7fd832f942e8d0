"""The preference centre: its words by language as data (`preference_texts/*.toml`), and what a choice means.

Withdrawing is as easy as giving (GDPR Art. 7(3)): the same page, the same number of clicks, no reasons asked.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from consent.rules.vocabulary import SHARING_PURPOSES, Basis, Event, Mode, Purpose, State

_TEXTS: Final = Path(__file__).parent / "preference_texts"
_WITHOUT_ASKING: Final = frozenset({State.SOFT_OPT_IN, State.IMPLIED})
_AGREED: Final = frozenset({State.GRANTED, State.IMPORTED})


def preference_words(locale: str) -> dict[str, str]:
    """The words of the pages in a language of `consent.rules.letters.LOCALES`."""
    return dict(_texts(locale)["page"])


def banner_words(locale: str) -> dict[str, str]:
    """The words of the banner that web pages show."""
    return dict(_texts(locale)["banner"])


def use_name(key: str, name: str, locale: str) -> str:
    """What a purpose is called in a language; its stored `name` for purposes that an installation added."""
    return str(_texts(locale)["uses"].get(key, name))


def mail_words(kind: str, locale: str) -> tuple[str, str]:
    """Subject and body of a letter about consent; `{...}` stands where facts go."""
    words = _texts(locale)["mail"][kind]
    return str(words["subject"]), str(words["body"])


def no_event(state: State, kind: Purpose, mode: Mode, basis: Basis) -> Event:
    """What a person's no is called in the ledger.

    A yes of hers is withdrawn (GDPR Art. 7(3)); sale, sharing and ads are opted out of (Cal. Civ. Code 1798.120);
    marketing that rests on our interest is objected to (GDPR Art. 21(2)); marketing that began without asking is
    unsubscribed from; anything else that was only asked for is refused.
    """
    if state in _AGREED:
        return Event.WITHDRAWN
    if kind in SHARING_PURPOSES:
        return Event.OPTED_OUT
    if state in _WITHOUT_ASKING:
        return Event.UNSUBSCRIBED
    if basis is Basis.LEGITIMATE_INTEREST:
        return Event.OBJECTED
    return Event.OPTED_OUT if mode is Mode.OPT_OUT else Event.REFUSED


@cache
def _texts(locale: str) -> dict[str, Any]:
    return tomllib.loads((_TEXTS / f"{locale}.toml").read_text(encoding="utf-8"))
