"""Ids, addresses and numbers that somebody pasted, as the file that the import kit reads."""

import csv
import io
import re
from typing import Final

from customers.rules.identity import IdentityKind

_BETWEEN: Final = re.compile(r"[\r\n,;\t]+")
_COLUMNS: Final = (IdentityKind.EXTERNAL_ID.value, IdentityKind.EMAIL.value, IdentityKind.PHONE.value)


def as_csv(text: str) -> bytes:
    """A CSV with a column a kind and a row for each entry; entries are parted by lines, commas, semicolons or tabs.

    What holds an "@" is an e-mail address, what begins with "+" a phone number, the rest are ids. Only the header when
    nothing was pasted.
    """
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(_COLUMNS)
    for entry in _BETWEEN.split(text):
        if value := entry.strip():
            kind = _kind_of(value)
            sheet.writerow([value if column == kind else "" for column in _COLUMNS])
    return out.getvalue().encode()


def _kind_of(value: str) -> str:
    if "@" in value:
        return IdentityKind.EMAIL.value
    return IdentityKind.PHONE.value if value.startswith("+") else IdentityKind.EXTERNAL_ID.value
