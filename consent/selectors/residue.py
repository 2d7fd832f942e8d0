"""The proof that nobody is left behind: what any table still holds of people who were erased."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from django.db import connection

from consent.rules.residue import Residue
from customers.models import IdentityKind

Identifiers = Sequence[tuple[str, str]]
FEW: Final = 4
_BLOCK: Final = 1 << 20
_ANYWHERE: Final = (IdentityKind.EMAIL, IdentityKind.PHONE)
_TEXTUAL: Final = """
SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = current_schema() AND t.table_type IN ('BASE TABLE') AND NOT EXISTS (
    SELECT FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid WHERE k.relname = c.table_name
) AND c.data_type IN ('text', 'character varying', 'jsonb', 'json', 'bytea', 'ARRAY')
ORDER BY 1, 2
"""


def residue_of(subjects: Mapping[int, Identifiers]) -> dict[int, dict[str, Any]]:
    """What text, JSON and binary columns still hold of each of these people (by any number), from their identifiers.

    `hits` counts rows by column, `columns` how many were looked at. E-mail addresses and phone numbers are looked for
    anywhere in a text, ids as whole values. Few people: one counting statement a table and person. Many: every table
    is read once for all, in bounded memory, and counted only for whom it may still hold.
    """
    found: dict[int, dict[str, int]] = {key: {} for key in subjects}
    looked = 0
    for table, columns in _columns():
        looked += len(columns)
        for key in sorted(_suspects(table, columns, subjects)):
            for column, hits in _hits(table, columns, subjects[key]):
                found[key][f"{table}.{column}"] = hits
    return {key: {"hits": hits, "columns": looked, "identifiers": len(subjects[key])} for key, hits in found.items()}


def _columns() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every table with the columns that hold text, each with its type."""
    tables = dict[str, list[tuple[str, str]]]()
    with connection.cursor() as cursor:
        cursor.execute(_TEXTUAL)
        for table, column, kind in cursor.fetchall():
            tables.setdefault(table, []).append((column, kind))
    yield from tables.items()


def _suspects(table: str, columns: list[tuple[str, str]], subjects: Mapping[int, Identifiers]) -> set[int]:
    """Of whom the table may hold something: of the others it certainly holds nothing."""
    if len(subjects) <= FEW:
        return set(subjects)
    owners = dict[str, set[int]]()
    for key, pairs in subjects.items():
        for _, value in pairs:
            owners.setdefault(value, set()).add(key)
    residue = Residue(
        anywhere={value for pairs in subjects.values() for kind, value in pairs if kind in _ANYWHERE},
        whole={value for pairs in subjects.values() for kind, value in pairs if kind not in _ANYWHERE},
    )
    return {key for block in _blocks(table, columns) for value in residue.found(block) for key in owners[value]}


def _blocks(table: str, columns: list[tuple[str, str]]) -> Iterator[bytes]:
    """The texts of a table as lines of COPY, about a megabyte at a time."""
    texts = ", ".join(_text(column, kind) for column, kind in columns)
    block = bytearray()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT {texts} FROM {connection.ops.quote_name(table)}) TO STDOUT"  # noqa: S608
        ) as rows,
    ):
        for row in rows:
            block += row
            if len(block) >= _BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)


def _hits(table: str, columns: list[tuple[str, str]], pairs: Identifiers) -> list[tuple[str, int]]:
    anywhere = [f"%{_escaped(value.lower())}%" for kind, value in pairs if kind in _ANYWHERE]
    whole = [value for kind, value in pairs if kind not in _ANYWHERE]
    quoted = [f'%"{_escaped(value)}"%' for value in whole]
    parts, parameters = [], list[Any]()
    for column, kind in columns:
        text = _text(column, kind)
        parts.append(f"count(*) FILTER (WHERE lower({text}) LIKE ANY(%s) OR {text} = ANY(%s) OR {text} LIKE ANY(%s))")
        parameters += [anywhere, whole, quoted]
    with connection.cursor() as cursor:
        quote = connection.ops.quote_name
        cursor.execute(f"SELECT {', '.join(parts)} FROM {quote(table)}", parameters)  # noqa: S608
        numbers = cursor.fetchone()
    return [(column, hits) for (column, _), hits in zip(columns, numbers, strict=True) if hits]


def _text(column: str, kind: str) -> str:
    name = connection.ops.quote_name(column)
    return f"encode({name}, 'escape')" if kind == "bytea" else f"{name}::text"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
