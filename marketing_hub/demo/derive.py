"""Derive the bundled copy of Online Retail from the published CSV: `python -m marketing_hub.demo.derive SOURCE`.

SOURCE is the full set as CSV, plain or gzip, with ISO dates and whole-number customer ids (as in the R package
onlineretail). Every row is kept; the columns StockCode and Description are dropped, and rows are sorted, which makes
the copy compress to an eighth. The result depends on nothing but SOURCE; ATTRIBUTION.md holds its checksums.
"""

import csv
import gzip
import hashlib
import io
import lzma
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from marketing_hub.demo.retail import BUNDLE, COLUMNS

_GZIP = b"\x1f\x8b"


def compact(source: Iterable[str]) -> bytes:
    """The bundle's CSV (UTF-8, LF) from the lines of the published one.

    Sorted by date, invoice, price and quantity, in which the set has no other order to lose.
    """
    rows = sorted(_rows(source), key=_order)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return out.getvalue().encode()


def _rows(source: Iterable[str]) -> Iterator[tuple[str, ...]]:
    for row in csv.DictReader(source):
        yield tuple(row[column] for column in COLUMNS)


def _order(row: tuple[str, ...]) -> tuple[str, str, Decimal, int]:
    invoice, moment, _, _, quantity, price = row
    return moment, invoice, Decimal(price), int(quantity)


def main(arguments: list[str]) -> None:
    """Write the bundle and say its checksums."""
    packed = Path(arguments[0]).read_bytes()
    published = gzip.decompress(packed) if packed.startswith(_GZIP) else packed
    content = compact(io.StringIO(published.decode(), newline=""))
    BUNDLE.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
    for name, data in (("content", content), (BUNDLE.name, BUNDLE.read_bytes())):
        sys.stdout.write(f"{hashlib.sha256(data).hexdigest()}  {name}, {len(data):,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
