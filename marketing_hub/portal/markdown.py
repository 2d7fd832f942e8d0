"""Pages written in Markdown as HTML that may stand in any page: raw HTML is text, and what is left is sanitised."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

NOT_RUN: Final = "not run: "
_TAGS: Final = frozenset(
    ("a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong")
) | frozenset(("table", "tbody", "td", "th", "thead", "tr", "ul"))
_ATTRIBUTES: Final = {
    "a": {"href"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "pre": {"tabindex", "role", "aria-label", "class"},
    "p": {"class"},
    "ol": {"start"},
    "th": {"scope"},
    **{name: {"id"} for name in ("h2", "h3", "h4")},
}
_SCHEMES: Final = {"https", "http", "mailto"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of a page: its level (2 to 4), its anchor, its words and the words below it up to the next."""

    level: int
    anchor: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A page: its title (the first heading), sanitised HTML of the rest, and its parts; the first has no anchor."""

    title: str
    html: str
    parts: tuple[Heading, ...]


def read(text: str, *, link: Callable[[str], str]) -> Document:
    """The page written in `text` (CommonMark with tables); `link` turns addresses written there into ones to follow."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("code_block", _code_block)
    markdown.add_render_rule("table_open", _table_open)
    markdown.add_render_rule("table_close", _table_close)
    tokens = markdown.parse(text)
    title = ""
    if tokens and tokens[0].tag == "h1":
        title, tokens = plain(tokens[1]), tokens[3:]
    parts = _parts(tokens, title)
    for token in tokens:
        _prepare(token, link)
    html = markdown.renderer.render(tokens, markdown.options, {})
    clean = nh3.clean(
        html, tags=set(_TAGS), attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None, strip_comments=True
    )
    return Document(title, clean, parts)


def slug(title: str) -> str:
    """The anchor of a heading, as GitHub makes it: lower case, hyphens for spaces, punctuation left out."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def plain(token: Token) -> str:
    """The words of an inline token without their marks."""
    return "".join(" " if child.type == "softbreak" else child.content for child in token.children or ())


def _parts(tokens: list[Token], title: str) -> tuple[Heading, ...]:
    """The page cut at its headings; each heading token is given its anchor, a second one of a name a number."""
    found: list[Heading] = []
    level, anchor, name, words = 1, "", title, list[str]()
    used: dict[str, int] = {}
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            found.append(Heading(level, anchor, name, " ".join(words)))
            level, name, words = int(token.tag[1]), plain(tokens[index + 1]), []
            base = slug(name)
            used[base] = used.get(base, -1) + 1
            anchor = f"{base}-{used[base]}" if used[base] else base
            token.attrSet("id", anchor)
        elif token.type == "inline" and tokens[index - 1].type != "heading_open":
            words.append(plain(token))
        elif token.type in ("fence", "code_block"):
            words.append(token.content)
    found.append(Heading(level, anchor, name, " ".join(words)))
    return tuple(found)


def _prepare(token: Token, link: Callable[[str], str]) -> None:
    if token.type == "th_open":
        token.attrs = {"scope": "col"}
    if token.type == "td_open":
        token.attrs = {}
    for child in token.children or ():
        if child.type == "link_open":
            child.attrSet("href", link(str(child.attrGet("href"))))


def _fence(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    token = tokens[index]
    language, _, words = token.info.strip().partition(" ")
    note = words.startswith(NOT_RUN)
    below = f'<p class="docs-aside">{_escaped(words[0].upper() + words[1:])}.</p>' if note else ""
    return _box(token.content, language or "text") + below


def _code_block(_: Any, tokens: list[Token], index: int, *__: Any) -> str:
    return _box(tokens[index].content, "text")


def _box(content: str, language: str) -> str:
    words = f'tabindex="0" role="group" aria-label="Code ({_escaped(language)})"'
    return f"<pre {words}><code>{_escaped(content)}</code></pre>\n"


def _table_open(*_: Any) -> str:
    return '<div class="docs-table" tabindex="0" role="group" aria-label="Table"><table>'


def _table_close(*_: Any) -> str:
    return "</table></div>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
