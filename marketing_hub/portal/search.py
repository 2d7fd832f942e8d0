"""Looking for words in the documentation: every part of every page, error codes and the data model with them."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from marketing_hub.error_codes import ERROR_CODES
from marketing_hub.portal import models, pages

MOST: Final = 30
LONGEST: Final = 100
_WORD: Final = re.compile(r"[a-z0-9_]+")
_TITLE, _HEADING, _TEXT = 8, 4, 1
_AROUND: Final = 90


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page that can be found."""

    url: str
    page: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A part that was found, and some words around the first of those looked for."""

    url: str
    page: str
    title: str
    excerpt: str


def find(query: str) -> list[Hit]:
    """The parts that hold every word of `query` (beginnings of words count), best first, at most 30.

    Words in the title of the page weigh more than in the heading of the part, these more than in the text.
    """
    words = _WORD.findall(query[:LONGEST].lower())
    if not words:
        return []
    scored = [(_score(part, words), part) for part in _parts()]
    best = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:MOST]
    return [Hit(part.url, part.page, part.title, _excerpt(part.text, words)) for _, part in best]


def _score(part: Part, words: list[str]) -> int:
    """Zero unless every word begins a word of the part."""
    total = 0
    for word in words:
        begins = re.compile(rf"(?<![a-z0-9_]){re.escape(word)}")
        found = (
            _TITLE * bool(begins.search(part.page.lower()))
            + _HEADING * bool(begins.search(part.title.lower()))
            + _TEXT * bool(begins.search(part.text.lower()))
        )
        if not found:
            return 0
        total += found
    return total


def _excerpt(text: str, words: list[str]) -> str:
    flat = " ".join(text.split())
    found = [at for word in words if (at := flat.lower().find(word)) >= 0]
    start = max(0, min(found, default=0) - _AROUND)
    shown = flat[start : start + 2 * _AROUND]
    return ("…" if start else "") + shown + ("…" if len(flat) > start + 2 * _AROUND else "")


@cache
def _parts() -> tuple[Part, ...]:
    """Every part of every page, in the order of the files, then codes, then the data model."""
    found = []
    for name in pages.names():
        document, url = pages.page(name), pages.url_of(name)
        for part in document.parts:
            address = f"{url}#{part.anchor}" if part.anchor else url
            found.append(Part(address, document.title, part.title, part.text))
    for row in ERROR_CODES:
        words = f"{row.status} {row.meaning} {row.remedy}"
        found.append(Part(f"/docs/errors#{row.code}", "Error catalogue", row.code, words))
    for shape in models.shapes().values():
        words = " ".join([shape.description, *(f"{field.name} {field.description}" for field in shape.fields)])
        found.append(Part(shape.url, "Data model", shape.name, words))
    return tuple(found)
