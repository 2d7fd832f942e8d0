"""Find out how a CSV file is written from its first bytes: encoding, delimiter, quotation mark, header row."""

import codecs
import csv
import io
import re
from collections import Counter

from charset_normalizer import from_bytes

from customers.rules.csvfile import SAMPLE_BYTES, Dialect, read_records

DELIMITERS = (",", ";", "\t", "|")
_RECORDS_TRIED = 200
# Fewer foreign bytes than this are no evidence for anything but the encoding of the western spreadsheets.
_ENOUGH_EVIDENCE = 24

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What spreadsheets and older systems write beside UTF-8; every one of them extends ASCII byte for byte.
_CODE_PAGES = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "mac_roman"),
    *("cp932", "gb18030", "big5", "cp949"),
]
# Letters of cp1250 as cp1252 shows them: the pound sign of "£ukasz", the question mark inside a Polish word.
_CENTRAL_EUROPEAN = re.compile(r"£[^\W\d_]|[^\W\d_][¿¹¼¾¯]")
_NOT_TEXT = {
    b"PK\x03\x04": "This is an Excel workbook or a zip archive; save the sheet as CSV (UTF-8) and bring that file.",
    b"\xd0\xcf\x11\xe0": "This is an old Excel workbook; save the sheet as CSV (UTF-8) and bring that file.",
    b"\x1f\x8b": "This file is compressed with gzip; unpack it first.",
    b"\xfd7zXZ": "This file is compressed with xz; unpack it first.",
    b"%PDF": "This is a PDF document, not a CSV file.",
    b"\x89PNG": "This is a picture, not a CSV file.",
    b"\xff\xd8\xff": "This is a picture, not a CSV file.",
}
_CONTROL_BYTES = bytes(byte for byte in range(32) if byte not in b"\t\n\r\x0b\x0c\x1a\x1b\x1c\x1d\x1e\x1f")
_STRAY_BYTES = 16
_SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\r?\n?", re.IGNORECASE)
_QUOTED_ONCE = re.compile(r"""(?:^|[,;\t|])'[^'\r\n]*'(?=[,;\t|]|$)""", re.MULTILINE)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LETTER = re.compile(r"[^\W\d_]")


class UnreadableFileError(ValueError):
    """The file cannot be a CSV file; `code` is empty_file, not_text or bad_header."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def sniff(sample: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Dialect:
    """How to read the file that begins with `sample` (its first SAMPLE_BYTES; more is ignored).

    `encoding` and `delimiter` overrule the guess when a person knows better. Headers that repeat get " (2)", " (3)";
    an empty one becomes "Column 4"; a first row that is plainly data (an address, no letters at all) is taken as such
    and all columns are numbered. Each of these, and every guess, leaves a warning. Raises UnreadableFileError.
    """
    sample = sample[:SAMPLE_BYTES]
    _refuse_what_is_no_text(sample)
    warnings: list[str] = []
    found, start = _find_encoding(sample, warnings)
    encoding = encoding or found
    if not encoding.startswith("utf-16"):
        _refuse_control_bytes(sample)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample[start:])
    if stated := _SEPARATOR_LINE.match(text):
        start += len(stated[0].encode(encoding))
        delimiter = delimiter or (stated[1] if stated[1] in DELIMITERS else None)
        text = text[stated.end() :]
    quotechar = "'" if '"' not in text and len(_QUOTED_ONCE.findall(text)) > text.count("'") / 4 else '"'
    delimiter = delimiter or _find_delimiter(text, quotechar)
    return _read_header(sample, encoding, delimiter, quotechar, start, _line_end(text), warnings)


def _refuse_what_is_no_text(sample: bytes) -> None:
    for beginning, sentence in _NOT_TEXT.items():
        if sample.startswith(beginning):
            raise UnreadableFileError("not_text", sentence)
    if not sample.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise UnreadableFileError("empty_file", "The file is empty.")


def _refuse_control_bytes(sample: bytes) -> None:
    """A few stray control bytes are dealt with row by row; where they abound there are no rows."""
    stray = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if stray > max(_STRAY_BYTES, len(sample) // 20):
        raise UnreadableFileError("not_text", "This is a binary file, not a CSV file.")


def _find_encoding(sample: bytes, warnings: list[str]) -> tuple[str, int]:
    """The encoding, and how many bytes of byte order mark to pass over."""
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding, len(mark)
    if b"\x00" in sample:
        even, odd = sample[0:4096:2].count(0), sample[1:4096:2].count(0)
        if max(even, odd) > 3 * min(even, odd) and max(even, odd) > len(sample[:4096]) / 5:
            return ("utf-16-le", 0) if odd > even else ("utf-16-be", 0)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        encoding = _guess_code_page(sample)
        warnings.append(f"The file is not in UTF-8; it was read as {encoding}. Check names with accents.")
        return encoding, 0
    return "utf-8", 0


def _guess_code_page(sample: bytes) -> str:
    """Lines without foreign letters say nothing about the code page, and only slow the guess down."""
    telling = b"\n".join(line for line in sample.splitlines() if not line.isascii())[:32_768]
    if sum(byte > 127 for byte in telling) < _ENOUGH_EVIDENCE:
        return "cp1252"
    best = from_bytes(telling, cp_isolation=_CODE_PAGES).best()
    if best is None:
        return "cp1252"
    if "cp1252" in best.could_be_from_charset:
        return "cp1250" if len(_CENTRAL_EUROPEAN.findall(telling.decode("cp1252", "replace"))) > 1 else "cp1252"
    return best.encoding


def _find_delimiter(text: str, quotechar: str) -> str:
    """The candidate under which most records have as many fields as the first; more columns win a tie."""
    best, chosen = (0.0, 1), ","
    for candidate in DELIMITERS:
        widths = _widths(text, candidate, quotechar)
        if not widths or widths[0] < 2:
            continue
        score = (round(widths.count(widths[0]) / len(widths), 1), widths[0])
        if score > best:
            best, chosen = score, candidate
    return chosen


def _widths(text: str, delimiter: str, quotechar: str) -> list[int]:
    """Fields per record of the sample; the last record may be cut off and is left out unless it is the only one."""
    widths: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quotechar)
    try:
        for cells in reader:
            if cells:
                widths.append(len(cells))
            if len(widths) > _RECORDS_TRIED:
                break
    except csv.Error:
        pass
    return widths[:-1] or widths


def _line_end(text: str) -> str:
    crlf = text.count("\r\n")
    counts = Counter({"\r\n": crlf, "\n": text.count("\n") - crlf, "\r": text.count("\r") - crlf})
    return counts.most_common(1)[0][0] if counts.total() else "\n"


def _read_header(
    sample: bytes, encoding: str, delimiter: str, quotechar: str, start: int, line_end: str, warnings: list[str]
) -> Dialect:
    number = 0
    for record in read_records(io.BytesIO(sample), encoding, delimiter, quotechar, start):
        number += 1
        if any(cell.strip() for cell in record.cells):
            break
        start = record.end
    else:
        raise UnreadableFileError("empty_file", "The file is empty.")
    if record.problem in ("bad_quoting", "row_too_long"):
        raise UnreadableFileError("bad_header", "The first row with the column names cannot be read.")
    has_header = _is_header(record.cells)
    if has_header:
        headers = _unique(record.cells, warnings)
    else:
        headers = tuple(f"Column {at}" for at in range(1, len(record.cells) + 1))
        warnings.append("The first row holds data, not column names; the columns are numbered.")
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        quotechar=quotechar,
        line_end=line_end,
        has_header=has_header,
        headers=headers,
        start=record.end if has_header else start,
        first_row=number + 1 if has_header else number,
        warnings=tuple(warnings),
    )


def _is_header(cells: list[str]) -> bool:
    return not any(_ADDRESS.fullmatch(cell.strip()) for cell in cells) and any(_LETTER.search(cell) for cell in cells)


def _unique(cells: list[str], warnings: list[str]) -> tuple[str, ...]:
    """The header names, trimmed, each one once."""
    names: list[str] = []
    for at, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split())
        if not name:
            name = f"Column {at}"
            warnings.append(f'Column {at} has no name; it is called "{name}".')
        taken, wanted, copies = set(names), name, 1
        while name in taken:
            copies += 1
            name = f"{wanted} ({copies})"
        if copies > 1:
            warnings.append(f'The column name "{wanted}" occurs more than once; column {at} is called "{name}".')
        names.append(name)
    return tuple(names)
