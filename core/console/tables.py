"""Columns of a list, and the page of rows that a template draws."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from operator import attrgetter
from typing import Any

from django.db.models import Model
from django.utils.safestring import SafeString

from core.console.cells import NOTHING, Cell, text


def whole_row(row: Any) -> Any:
    """Give the cell the row itself instead of one attribute."""
    return row


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` is its word in the address and, unless `value` says otherwise, the attribute it shows.

    `sort` is the model field it sorts by (indexed together with the primary key); without it the heading is no link.
    `optional` columns appear when the reader chooses them. A column whose `permission` is missing does not exist.
    """

    name: str
    label: str
    cell: Cell = text
    value: Callable[[Any], Any] | None = None
    sort: str = ""
    end: bool = False
    optional: bool = False
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's head: where a click leads, and `ascending`, `descending` or nothing."""

    label: str
    url: str = ""
    direction: str = ""
    end: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A drawn row: the id its checkbox posts, and the HTML of its cells."""

    key: str
    html: SafeString


@dataclass(slots=True)
class Table:
    """Everything `_table.html` needs."""

    headings: Sequence[Heading] = ()
    rows: Sequence[Row] = ()
    total: str = "–"
    first: int = 0
    last: int = 0
    previous_url: str = ""
    next_url: str = ""
    chips: Sequence[tuple[str, str]] = field(default_factory=list)
    problem: str = ""


def drawn(rows: Sequence[Model], columns: Sequence[Column], key: Callable[[Any], str]) -> list[Row]:
    """Each row drawn once, in one string: a template loop over a thousand cells takes twice as long.

    A cell carries the label of its column, which a phone shows in front of it; cells with nothing in them stay out
    there. Nothing here may ask the database.
    """
    plan = [
        (f'data-label="{escape(column.label)}"', column.end, column.cell, column.value or attrgetter(column.name))
        for column in columns
    ]
    return [
        Row(key(row), _joined(_cell(label, end, cell(value(row))) for label, end, cell, value in plan)) for row in rows
    ]


def _cell(label: str, end: bool, html: str) -> str:
    kinds = ("end " if end else "") + ("none" if html in ("", NOTHING) else "")
    shown = html if isinstance(html, SafeString) else escape(html)
    return f'<td {label} class="{kinds.strip()}">{shown}</td>' if kinds else f"<td {label}>{shown}</td>"


def _joined(parts: Iterator[str]) -> SafeString:
    return SafeString("".join(parts))
