"""Words, texts and numbers of a rule written in plain words, read from left to right."""

import json
import re
from typing import Any, Final, NamedTuple

from customers.rules.segments.tree import RuleError, RuleProblem

MAX_WORDS: Final = 20_000
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
    r"|(?P<word>[A-Za-z][A-Za-z0-9-]*)|(?P<mark>[(),;]))"
)


class Token(NamedTuple):
    """One piece: a `text` and a `number` hold their value, a `word` is in lower case, a `mark` is punctuation."""

    kind: str
    value: Any
    at: int


class Reader:
    """The pieces of a text and how far they were read; `fail` says what was expected and where."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0

    @property
    def at_end(self) -> bool:
        """Whether everything was read."""
        return self.position >= len(self.tokens)

    def take(self, phrase: str) -> bool:
        """Read these words or marks if they come next, else nothing."""
        wanted = phrase.split()
        found = self.tokens[self.position : self.position + len(wanted)]
        if [token.value for token in found if token.kind in ("word", "mark")] != wanted:
            return False
        self.position += len(wanted)
        return True

    def expect(self, phrase: str) -> None:
        """Read these words; RuleError when something else comes."""
        if not self.take(phrase):
            raise self.fail(f"'{phrase}'")

    def value(self, *kinds: str) -> Any:
        """The value of the next piece, which must be a `text` or a `number` as asked."""
        token = self.tokens[self.position] if not self.at_end else None
        if token is None or token.kind not in kinds:
            raise self.fail(" or ".join("a text in double quotes" if kind == "text" else "a number" for kind in kinds))
        self.position += 1
        return token.value

    def next_is(self, kind: str) -> bool:
        """Whether a piece of this kind comes next."""
        return not self.at_end and self.tokens[self.position].kind == kind

    def choice(self, phrases: dict[str, str]) -> str:
        """The name whose phrase comes next, the longest that fits; RuleError when none does."""
        for name, phrase in sorted(phrases.items(), key=lambda pair: -len(pair[1].split())):
            if self.take(phrase):
                return name
        raise self.fail("one of: " + ", ".join(sorted(phrases.values())))

    def fail(self, expected: str) -> RuleError:
        """What was expected here."""
        at = self.tokens[self.position].at if not self.at_end else len(self.text)
        message = f"Expected {expected} at character {at + 1}."
        return RuleError([RuleProblem("", "invalid_words", message[:300])])


def quoted(value: Any) -> str:
    """A text or number as words spell it."""
    return json.dumps(value, ensure_ascii=False)


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or len(found) >= MAX_WORDS:
            message = f"Character {position + 1} cannot be read: texts stand in double quotes."
            raise RuleError([RuleProblem("", "invalid_words", message)])
        found.append(_token(match, text))
        position = match.end()
    return found


def _token(match: re.Match[str], text: str) -> Token:
    kind = str(match.lastgroup)
    raw, at = match.group(kind), match.start(kind)
    if kind == "word":
        return Token(kind, raw.lower(), at)
    if kind == "mark":
        return Token(kind, raw, at)
    try:
        return Token(kind, json.loads(raw), at)
    except ValueError as broken:
        message = f"The text at character {at + 1} is not closed or holds a broken escape."
        raise RuleError([RuleProblem("", "invalid_words", message)]) from broken
