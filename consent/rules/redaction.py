"""Taking other people out of what one person is given (GDPR Art. 15(4)): what is found, what staff decide about it."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

OTHER: Final = "[another person]"
MOST: Final = 200
SHORTEST: Final = 3
_AROUND: Final = 60
_EMAIL: Final = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
_PHONE: Final = r"(?<![\w.])\+\d[\d ()./-]{6,18}\d(?![\w:])"
_CANDIDATE: Final = re.compile(f"{_EMAIL}|{_PHONE}")
_NOT_A_DIGIT: Final = re.compile(r"\D")


@dataclass(slots=True)
class Hit:
    """One text that is somebody else's: how often it was found, and the first place it stood in, before and after."""

    text: str
    before: str
    after: str
    times: int = 0


def plain(text: str) -> str:
    """An address or number in the form in which it is compared: case and the layout of numbers do not matter."""
    return f"+{_NOT_A_DIGIT.sub('', text)}" if text.startswith("+") else text.strip().lower()


class Redactor:
    """Replaces what is not the person's own by `OTHER`, and remembers what it found.

    E-mail addresses and international phone numbers are found by their form; `own` are the person's, `left_in` those
    that staff leave in, `taken_out` any text that staff take out, whatever its case.
    """

    def __init__(self, own: Collection[str], left_in: Collection[str] = (), taken_out: Collection[str] = ()) -> None:
        self._stays = frozenset(plain(text) for text in (*own, *left_in))
        words = sorted((re.escape(text) for text in taken_out), key=len, reverse=True)
        self._phrases = re.compile("|".join(words), re.IGNORECASE) if words else None
        self.hits = dict[str, Hit]()
        self.times = 0

    def clean(self, value: Any) -> Any:
        """The value without other people, in depth."""
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, dict):
            return {name: self.clean(inner) for name, inner in value.items()}
        return [self.clean(inner) for inner in value] if isinstance(value, list | tuple) else value

    def _clean_text(self, text: str) -> str:
        if self._phrases:
            text = self._phrases.sub(lambda hit: self._out(hit, text), text)
        if "@" in text or "+" in text:
            found = text
            text = _CANDIDATE.sub(lambda hit: hit[0] if plain(hit[0]) in self._stays else self._out(hit, found), found)
        return text

    def _out(self, hit: re.Match[str], text: str) -> str:
        self.times += 1
        key = plain(hit[0])
        if key not in self.hits and len(self.hits) < MOST:
            start, end = max(0, hit.start() - _AROUND), hit.end() + _AROUND
            around = text[start : hit.start()], text[hit.end() : end]
            self.hits[key] = Hit(hit[0], hit[0].join(around), OTHER.join(around))
        if key in self.hits:
            self.hits[key].times += 1
        return OTHER


def found_in(rows: Iterator[Any], redactor: Redactor) -> Iterator[Any]:
    """The rows as they are, looked through on the way."""
    for row in rows:
        redactor.clean(row)
        yield row
