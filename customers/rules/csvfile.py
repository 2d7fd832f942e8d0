"""Read CSV files as people send them: any usual encoding, delimiter and line end, in bounded memory, resumable.

`sniff` looks at the first bytes and answers a Dialect; `read_rows` streams the rows of a binary file. A row that is
not what the header promises is reported with a problem and never shifted into other columns; a stray quote spoils
its own row only. Memory is bounded by the longest allowed row (1 MiB of text), whatever the size of the file.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, NamedTuple, Self

SAMPLE_BYTES = 65_536
MAX_ROW_CHARACTERS = 1_048_576

PROBLEMS = {
    "too_few_fields": "The row has fewer fields than the header.",
    "too_many_fields": "The row has more fields than the header.",
    "bad_quoting": "A quotation mark is not closed, or text follows a closing one.",
    "row_too_long": "The row or one of its fields is too long.",
    "bad_encoding": "The row holds bytes that do not fit the encoding of the file.",
    "nul_character": "The row holds a NUL character, which cannot be stored.",
}

_BROKEN = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to read one file.

    `headers` are unique and never empty; `start` is the byte offset of the first data row and `first_row` its number
    as a spreadsheet counts (the header is usually row 1). `warnings` are sentences for the person who brought the file.
    """

    encoding: str
    delimiter: str
    quotechar: str
    line_end: str
    has_header: bool
    headers: tuple[str, ...]
    start: int
    first_row: int
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which `from_json` makes an equal dialect."""
        return asdict(self) | {"headers": list(self.headers), "warnings": list(self.warnings)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The dialect that `to_json` wrote."""
        return cls(**(stored | {"headers": tuple(stored["headers"]), "warnings": tuple(stored["warnings"])}))


class Row(NamedTuple):
    """One row of data.

    `number` counts like a spreadsheet (header and blank lines included, a quoted line break not). `problem` is a key
    of PROBLEMS, or None when `values` may be used. `end` is the byte offset behind the row, `cells` what stood there:
    to go on after this row later, read with `start_row=number + 1, start_offset=end`.
    """

    number: int
    values: dict[str, str]
    problem: str | None
    end: int
    cells: list[str]


class Record(NamedTuple):
    """One record before anybody knows the header; no cells at all for a blank line."""

    cells: list[str]
    problem: str | None
    end: int


class _RecordTooLongError(Exception):
    """The record goes past MAX_ROW_CHARACTERS."""


class _Lines:
    """Physical lines with their byte offsets; those of a record that went wrong can be given back.

    Offsets are counted by encoding each line again with the handler it was decoded with, which gives the same number
    of bytes; asking the text layer for its position would cost a hundred times more.
    """

    def __init__(self, text: io.TextIOWrapper, encoding: str, errors: str, offset: int) -> None:
        self._text, self._encoding, self._errors = text, encoding, errors
        self._one_byte = not encoding.startswith("utf-16")
        self._read = offset
        self._waiting: deque[tuple[str, int]] = deque()
        self.taken: list[tuple[str, int]] = []
        self.size = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self._waiting:
            line, end = self._waiting.popleft()
        else:
            line = self._text.readline(MAX_ROW_CHARACTERS + 1)
            if not line:
                raise StopIteration
            end = self._count(line)
        self.taken.append((line, end))
        self.size += len(line)
        if self.size > MAX_ROW_CHARACTERS:
            raise _RecordTooLongError
        return line

    def _count(self, line: str) -> int:
        ascii_only = self._one_byte and line.isascii()
        self._read += len(line) if ascii_only else len(line.encode(self._encoding, self._errors))
        return self._read

    def begin_record(self) -> None:
        self.taken.clear()
        self.size = 0

    def keep_only_first(self) -> str:
        """Give every line but the record's first back, skip the rest of an overlong one, and answer the first."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        line, end = self.taken[0]
        rest = line if len(line) > MAX_ROW_CHARACTERS else "\n"
        while rest and not rest.endswith(("\n", "\r")):
            rest = self._text.readline(MAX_ROW_CHARACTERS)
            end = self._count(rest)
        self.taken = [(line, end)]
        return line


def read_rows(
    fileobj: BinaryIO, dialect: Dialect, *, start_row: int | None = None, start_offset: int | None = None
) -> Iterator[Row]:
    """Rows in file order, blank ones left out; `fileobj` is binary and seekable and stays open.

    With `start_offset` reading begins at that byte, and the row there is `start_row`; with `start_row` alone the rows
    before it are read and passed over.
    """
    width, headers = len(dialect.headers), dialect.headers
    number = start_row - 1 if start_row is not None and start_offset is not None else dialect.first_row - 1
    offset = dialect.start if start_offset is None else start_offset
    for record in read_records(fileobj, dialect.encoding, dialect.delimiter, dialect.quotechar, offset):
        number += 1
        cells, problem = record.cells, record.problem
        if (start_row is not None and number < start_row) or (problem is None and _is_blank(cells)):
            continue
        if problem is None and len(cells) != width:
            cells, problem = _fit(cells, width)
        values = {} if problem in ("bad_quoting", "row_too_long") else dict(zip(headers, cells, strict=False))
        yield Row(number, values, problem, record.end, cells)


def read_records(fileobj: BinaryIO, encoding: str, delimiter: str, quotechar: str, offset: int = 0) -> Iterator[Record]:
    """Every record from byte `offset` on; one that cannot be parsed is answered as its first line, with a problem."""
    fileobj.seek(offset)
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(fileobj, encoding=encoding, errors=errors, newline="")
    lines = _Lines(text, encoding, errors, offset)
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quotechar, doublequote=True, strict=True)
    try:
        while (record := _next_record(reader, lines)) is not None:
            yield record
    finally:
        text.detach()


def _next_record(reader: "Iterator[list[str]]", lines: _Lines) -> Record | None:
    lines.begin_record()
    try:
        cells, problem = next(reader), None
    except StopIteration:
        return None
    except _RecordTooLongError:
        cells, problem = [lines.keep_only_first().rstrip("\r\n")[:1000]], "row_too_long"
    except csv.Error:
        too_long = lines.size > csv.field_size_limit()
        cells, problem = [lines.keep_only_first().rstrip("\r\n")[:1000]], "row_too_long" if too_long else "bad_quoting"
    end = lines.taken[-1][1]
    if not any(_BROKEN.search(line) for line, _ in lines.taken):
        return Record(cells, problem, end)
    broken = "nul_character" if any("\x00" in line for line, _ in lines.taken) else "bad_encoding"
    return Record([_BROKEN.sub("\ufffd", cell) for cell in cells], problem or broken, end)


def _is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _fit(cells: list[str], width: int) -> tuple[list[str], str | None]:
    """Empty fields behind the last column are a habit of spreadsheets; everything else is a problem."""
    if len(cells) < width:
        return cells + [""] * (width - len(cells)), "too_few_fields"
    if not any(cell.strip() for cell in cells[width:]):
        return cells[:width], None
    return cells, "too_many_fields"
