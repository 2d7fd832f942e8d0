"""The library of words: whole messages to begin with, and blocks that many messages share.

A message names a block by a line of its own, `[[block:footer]]`; in a part for a language it gets the words that the
block has for that language. A block names no other block.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from django.db.models import TextChoices

from campaigns.rules.content.blocks import by_locale, pieces_of, words_for
from campaigns.rules.content.templates import Offering, faults
from campaigns.rules.values import Reader, Unreadable, choice, text

KEY: Final = "[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?"
_NAMED: Final = re.compile(rf"^\[\[block:({KEY})\]\][ \t]*$", re.MULTILINE)
_NAMED_SO: Final = re.compile(r"^\[\[block:.*$", re.MULTILINE)
_KEY: Final = re.compile(KEY)
_NO_SUBJECT: Final = "-"


class TemplateKind(TextChoices):
    """What a template is to those who use it."""

    MESSAGE = "message", "Message: subject and text to begin with"
    BLOCK = "block", "Block: a piece that messages share"


class TemplateState(TextChoices):
    """An archived template is offered to nobody any more; who uses it keeps it."""

    ACTIVE = "active", "In use"
    ARCHIVED = "archived", "Archived"


def blocks_named(body: str) -> list[str]:
    """Keys of the blocks that a text names, each once, in the order of their first mention."""
    return list(dict.fromkeys(_NAMED.findall(body)))


def block_line(key: str) -> str:
    """The line by which a message names this block."""
    return f"[[block:{key}]]"


def expanded(body: str, blocks: Mapping[str, str]) -> str:
    """The text with the words of the blocks in place of their lines; one that is not given stays a line."""
    if not blocks:
        return body
    texts = {key: by_locale("", words) for key, words in blocks.items()}

    def put_in(locale: str, part: str) -> str:
        return _NAMED.sub(
            lambda found: words_for(locale, texts[found[1]]).body if found[1] in texts else found[0], part
        )

    first, *others = pieces_of(body)
    return "\n".join([put_in("", first[1]), *(f"[[{locale}]]\n{put_in(locale, part)}" for locale, part in others)])


def block_faults(body: str, known: Collection[str], archived: Collection[str] = ()) -> list[str]:
    """What is wrong with the lines that name blocks; [] when nothing is."""
    named = blocks_named(body)
    found = [f"There is no block “{key}” in the library." for key in named if key not in known]
    found += [f"The block “{key}” is archived: take it out, or bring it back." for key in named if key in archived]
    whole = set(map(block_line, named))
    lines = (line.strip() for line in _NAMED_SO.findall(body))
    return found + [f"{line[:60]} does not name a block." for line in lines if line not in whole]


def template_faults(kind: str, subject: str, body: str, *, attributes: Collection[str]) -> list[str]:
    """What keeps these words, their blocks put in, from the library; a block has no subject and names no block."""
    if kind == TemplateKind.MESSAGE:
        return faults(subject, body, attributes=attributes, offering=Offering.POSSIBLE)
    found = ["A block has no subject."] if subject.strip() else []
    found += ["A block names no other block."] if _NAMED_SO.search(body) else []
    return found + faults(_NO_SUBJECT, body, attributes=attributes, offering=Offering.POSSIBLE)


def key(value: object) -> str:
    """A name for addresses and block lines."""
    if not isinstance(value, str) or not _KEY.fullmatch(value) or value == "new":
        raise Unreadable("send 1 to 50 lower-case letters, digits and hyphens, not “new”.")
    return value


TEMPLATE_READERS: Final[Mapping[str, Reader]] = {
    "key": key,
    "kind": choice(*TemplateKind.values),
    "name": text(120, needed=True),
    "description": text(300),
    "subject": text(200),
    "body": text(100_000, needed=True, lines=True),
    "note": text(200),
}
