"""Words without a page around them: blocks, plain text, a short text, text to be spoken, and what can be done next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

SHORT: Final = 160
"""Characters of the short text: one message of a phone."""
_TYPES: Final = {"h1": "heading", "p": "paragraph", "ul": "list", "hr": "rule"}


@dataclass(slots=True)
class Block:
    """One block in its order. A list has items, a button an address; links have words and address."""

    type: str
    text: str = ""
    items: list[str] = field(default_factory=list)
    url: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)


def blocks_of(html: str) -> list[Block]:
    """The blocks of a message that was written and filled for one person.

    Values of the person are escaped there, so they can never become blocks or links of their own.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.blocks


def blocks_of_content(content: Mapping[str, Any], fallback: str) -> list[Block]:
    """The blocks of a variant's content: headline or title, text, body or description, and url with its label."""
    title, text = _first(content, ("headline", "title")), _first(content, ("text", "body", "description"))
    url, label = _first(content, ("url", "link")), _first(content, ("label", "button", "cta"))
    found = [Block("heading", title or fallback)] if title or not text else []
    found += [Block("paragraph", text)] if text else []
    found += [Block("button", label or title or fallback, url=url)] if url.startswith("https://") else []
    return found


def short_text(title: str, blocks: Sequence[Block]) -> str:
    """Title and beginning in at most SHORT characters, cut between words."""
    sentences = [title, *(_spoken(one) for one in blocks if one.type != "button")]
    whole = " ".join(_ended(one) for one in dict.fromkeys(filter(None, sentences)))
    if len(whole) <= SHORT:
        return whole
    return whole[: SHORT - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def speech_of(title: str, blocks: Sequence[Block]) -> str:
    """Everything as sentences without addresses, for a voice; a button is not read out."""
    sentences = [title, *(_spoken(one) for one in blocks if one.type != "button")]
    return " ".join(_ended(one) for one in dict.fromkeys(filter(None, sentences)))


def actions_of(blocks: Sequence[Block]) -> list[dict[str, str]]:
    """What can be opened, buttons first, each address once."""
    buttons = [(one.text, one.url) for one in blocks if one.type == "button"]
    links = [link for one in blocks for link in one.links]
    found = {url: label for label, url in reversed([*buttons, *links])}
    ordered = dict.fromkeys(url for _, url in [*buttons, *links])
    return [{"type": "open_url", "text": found[url], "url": url} for url in ordered]


def block_answer(one: Block) -> dict[str, Any]:
    """As partners read it: members that the type has."""
    return {
        "type": one.type,
        **({"text": one.text} if one.type in ("heading", "paragraph", "button") else {}),
        **({"items": one.items} if one.type == "list" else {}),
        **({"url": one.url} if one.type == "button" else {}),
        **({"links": [{"text": text, "url": url} for text, url in one.links]} if one.links else {}),
    }


class _Reader(HTMLParser):
    """Reads what the blocks of a message become, and nothing else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._link: list[str] | None = None
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A block begins, or a part of one."""
        if tag in _TYPES:
            self.blocks.append(Block(_TYPES[tag]))
            self._open = tag != "hr"
        elif not self.blocks:
            return
        elif tag == "li":
            self.blocks[-1].items.append("")
        elif tag == "br":
            self.handle_data("\n")
        elif tag == "a":
            named = dict(attrs)
            self._link = [named.get("href") or "", ""]
            if named.get("class") == "button":
                self.blocks[-1].type = "button"

    def handle_endtag(self, tag: str) -> None:
        """A link or a block is whole."""
        self._open = self._open and tag not in _TYPES
        if tag == "a" and self._link is not None:
            url, label = self._link
            self._link, block = None, self.blocks[-1]
            if block.type == "button":
                block.url = url
            else:
                block.links.append((label, url))

    def handle_data(self, data: str) -> None:
        """Words, in the block they stand in."""
        if not self._open:
            return
        if self._link is not None:
            self._link[1] += data
        block = self.blocks[-1]
        if block.items:
            block.items[-1] += data
        elif block.type != "list":
            block.text += data


def _first(content: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((value for name in names if isinstance(value := content.get(name), str) and value), "")


def _spoken(one: Block) -> str:
    return re.sub(r"\s+", " ", "; ".join(one.items) if one.items else one.text).strip()


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text.rstrip(' ,;')}."
