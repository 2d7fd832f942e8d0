"""From simple marks to a message: one source, an HTML part and its plain-text twin, which therefore say the same.

A block is separated from the next by an empty line. `# ` begins a heading, `- ` lines are a list, `---` is a rule, a
line that is one link in square brackets is a button, everything else is a paragraph. `[words](https://...)` is a link.
Placeholders of the template language pass through untouched; values put in later can never become marks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

LINK: Final = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^()\s]{1,1000})\)")
_CODE: Final = re.compile(r"({{.*?}}|{%.*?%})", re.DOTALL)
_LOCALE: Final = re.compile(r"^\[\[([a-z]{2}(?:-[A-Z]{2})?)\]\]\s*$", re.MULTILINE)
_SUBJECT: Final = re.compile(r"\A\s*Subject:[ \t]*(.+)\n?")


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and body in one language, as written."""

    subject: str
    body: str


def by_locale(subject: str, body: str) -> dict[str, Words]:
    """The message in each language: what stands before the first `[[de]]` line goes to everybody else, key ''.

    A part may begin with its own `Subject: ...`; otherwise it keeps the one given.
    """
    first, *others = pieces_of(body)
    found = {"": Words(subject, first[1].strip())}
    for locale, text in others:
        own = _SUBJECT.match(text)
        found[locale] = Words(own[1].strip() if own else subject, (text[own.end() :] if own else text).strip())
    return found


def pieces_of(body: str) -> list[tuple[str, str]]:
    """The parts of a text as written, each with its language; the first is for everybody else, ''."""
    pieces = ["", *_LOCALE.split(body)]
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def words_for(language: str, texts: dict[str, Words]) -> Words:
    """The words for a person with this language: `de-AT` gets `de-AT`, else `de`, else those for everybody."""
    main = language.partition("-")[0]
    return texts.get(language) or texts.get(main) or texts[""]


def links_in(body: str) -> list[str]:
    """Every address that the message leads to, in order."""
    return [found[2] for found in LINK.finditer(body)]


def numbered_links(body: str) -> dict[str, int]:
    """Every different address with its number, from 1, in the order of their first mention."""
    return {url: number for number, url in enumerate(dict.fromkeys(links_in(body)), start=1)}


def to_html(body: str, numbers: Mapping[str, int] | None = None) -> str:
    """The HTML of the blocks, with placeholders left to be filled by an escaping template engine.

    With `numbers` each link has the placeholder `links.n<number>` instead of its address.
    """
    return "\n".join(_html(block, numbers or {}) for block in _blocks(body))


def to_text(body: str) -> str:
    """The plain-text twin, with the same placeholders."""
    return "\n\n".join(_text(block) for block in _blocks(body))


def _blocks(body: str) -> Iterator[str]:
    return (block.strip() for block in re.split(r"\n[ \t]*\n", body.replace("\r\n", "\n")) if block.strip())


def _html(block: str, numbers: Mapping[str, int]) -> str:
    if block == "---":
        return "<hr>"
    if block.startswith("# "):
        return f"<h1>{_inline(block[2:], numbers)}</h1>"
    lines = block.split("\n")
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{_inline(line[2:], numbers)}</li>' for line in lines)}</ul>"
    if button := LINK.fullmatch(block):
        return f'<p><a class="button" href="{_address(button[2], numbers)}">{_escaped(button[1])}</a></p>'
    return f"<p>{'<br>'.join(_inline(line, numbers) for line in lines)}</p>"


def _inline(text: str, numbers: Mapping[str, int]) -> str:
    parts, end = [], 0
    for found in LINK.finditer(text):
        link = f'<a href="{_address(found[2], numbers)}">{_escaped(found[1])}</a>'
        parts += [_escaped(text[end : found.start()]), link]
        end = found.end()
    return "".join([*parts, _escaped(text[end:])])


def _address(url: str, numbers: Mapping[str, int]) -> str:
    return f"{{{{ links.n{numbers[url]} }}}}" if url in numbers else escape(url)


def _escaped(text: str) -> str:
    """Words escaped, placeholders as they are."""
    return "".join(part if _CODE.fullmatch(part) else escape(part) for part in _CODE.split(text))


def _text(block: str) -> str:
    if block == "---":
        return "-" * 40
    if block.startswith("# "):
        return _spelled(block[2:]).upper() if "{" not in block else _spelled(block[2:])
    return _spelled(block)


def _spelled(text: str) -> str:
    return LINK.sub(lambda found: f"{found[1]}: {found[2]}", text)
