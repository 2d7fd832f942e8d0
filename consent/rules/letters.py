"""The letters of a privacy request, by kind and language, as data with a version (`letter_texts/*.toml`)."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

LETTERS: Final = "letters-2026-12-2"
LOCALES: Final = ("en", "de", "fr", "es")
_TEXTS: Final = Path(__file__).parent / "letter_texts"


def locale_for(language: str) -> str:
    """The language of letters for somebody who reads this one; English where we have no words."""
    code = language.strip().lower()[:2]
    return code if code in LOCALES else "en"


def what(kind: str, locale: str, purpose: str = "") -> str:
    """What was asked, in words of the language; of an erasure limited to a purpose, what is kept for that."""
    texts = _texts(locale)
    return str(texts["what_for"][purpose] if purpose else texts["what"][kind])


def page_words(locale: str) -> dict[str, str]:
    """The words of the public pages in a language."""
    return dict(_texts(locale)["page"])


def foot(locale: str, *, status: str, choices: str) -> str:
    """What stands below a letter: where to see how the request stands and, for somebody we know, all choices."""
    words = _texts(locale)["foot"]
    lines = [f"{words['status']}: {status}", *([f"{words['choices']}: {choices}"] if choices else [])]
    return "\n\n-- \n" + "\n".join(lines)


def letter(
    *, kind: str, locale: str, law: str, facts: dict[str, str], parts: tuple[str, ...] = (), limited: bool = False
) -> tuple[str, str]:
    """Subject and body; `{link}` stays for the moment of sending. `limited` to a part: the rest stays, it says.

    A refusal names reason, complaint and court (GDPR Art. 12(4)) and, in the UK, our own complaint route (DPA 2018
    s.164A).
    """
    texts = _texts(locale)
    words = texts["letters"][kind]
    listed, rest = texts["parts"] + ", ".join(parts) if parts else "", texts["rest"] if limited else ""
    said = {"parts": listed, "rest": rest, "link": "{link}", **facts}
    body = words["body"].format(**said)
    if kind in ("refusal", "extension"):
        own = texts["own_route"] if law == "uk_gdpr" else ""
        body += "\n\n" + texts["rights"].format(own=own)
    return words["subject"].format(**said), body


@cache
def _texts(locale: str) -> dict[str, Any]:
    return tomllib.loads((_TEXTS / f"{locale}.toml").read_text(encoding="utf-8"))
