"""Find payment-card and US social-security numbers before anything is stored; pure, no database.

Used at every door (API, import, events). `maybe_sensitive` looks at the raw JSON bytes of a request and never misses
what `find_sensitive` would find, so that the walk, thirty times dearer, runs only when it hits. It costs less than
decoding the same bytes with the standard library, or half as much again where every event carries two long numbers.

What counts, and where the line between missing and over-refusing was drawn:
- A card number has an issuer's prefix and length (ISO/IEC 7812, the brands' published ranges) and a correct Luhn digit,
  written without a gap or in the groups that cards print, parted by space, hyphen, dot or their typographic sisters.
  Of random ids of 16 digits 3 in 100 pass all of that and are refused, of 13 digits 1, of 19 digits 1 or 2, of others
  fewer than 1 in 200: send such ids with a prefix (shop_4111...) or under a key like order_id. Epoch times (they
  begin with 1), phone numbers with "+", digits inside a longer word or after a decimal point, and IMEIs (15 digits,
  not American Express) never are.
- 13 digits that are a valid EAN-13 are an article number, not one of the long extinct 13-digit Visa numbers.
- Digits that their own text or key calls an order, invoice, tracking, IMEI or article number are believed. Someone who
  labels a card number so gets it past us; refusing every such number would stop honest shops.
- Under a key that says card (pan, card_number, cc) no exception applies.
- A social-security number is 3-2-4 digits with one and the same separator, outside the blocks never issued
  (area 000, 666, 9xx; group 00; serial 0000: SSA POMS RM 10201.035). Nine digits in a row count only under a key, or
  directly after words, that say SSN: nine-digit ids are everywhere.
Nothing here returns, raises or logs a value; a path names keys only when they are plain words.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class SensitiveKind(StrEnum):
    """What was found."""

    PAYMENT_CARD = "payment_card"
    US_SSN = "us_ssn"


class Finding(NamedTuple):
    """Where (dotted path, list positions in brackets, `*` for a key that may not be shown) and what."""

    path: str
    kind: SensitiveKind


class _Context(NamedTuple):
    """What the keys above a value say about it."""

    card: bool = False
    ssn: bool = False
    phone: bool = False
    number: bool = False


_PLAIN = _Context()

# Lowest and highest first six digits, and the lengths issued in that range.
_ISSUERS = (
    (400000, 499999, (13, 16, 19)),  # Visa
    (510000, 559999, (16,)),  # Mastercard
    (222100, 272099, (16,)),
    (340000, 349999, (15,)),  # American Express
    (370000, 379999, (15,)),
    (601100, 601199, (16, 17, 18, 19)),  # Discover
    (644000, 659999, (16, 17, 18, 19)),
    (300000, 305999, (14, 16)),  # Diners Club
    (309500, 309599, (14, 16)),
    (360000, 369999, (14, 16)),
    (380000, 399999, (14, 16)),
    (352800, 358999, (16, 17, 18, 19)),  # JCB
    (620000, 629999, (16, 17, 18, 19)),  # UnionPay
    (220000, 220499, (16, 17, 18, 19)),  # Mir
    (508500, 508999, (16,)),  # RuPay
    (606900, 608599, (16,)),
    (501800, 501899, tuple(range(12, 20))),  # Maestro
    (502000, 502099, tuple(range(12, 20))),
    (503800, 503899, tuple(range(12, 20))),
    (589300, 589399, tuple(range(12, 20))),
    (630400, 630499, tuple(range(12, 20))),
    (675900, 675999, tuple(range(12, 20))),
    (676100, 676399, tuple(range(12, 20))),
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# A number stands free: not inside a word or a longer number, not a phone number, not behind a decimal point.
_FREE = r"(?<![0-9A-Za-z_+])(?<![0-9]\.)"
_END = r"(?![0-9A-Za-z_])"
_GAP = r" ?[-. ] ?"
_CARD_SHAPES = tuple(
    re.compile(_FREE + r"(?=([2-6]" + shape + r")" + _END + ")", re.ASCII)
    for shape in (
        r"\d{11,18}",
        rf"\d{{3}}(?:{_GAP}\d{{4}}){{3}}",
        rf"\d{{3}}(?:{_GAP}\d{{4}}){{3}}{_GAP}\d{{3}}",
        rf"\d{{3}}(?:{_GAP}\d{{4}}){{2}}{_GAP}\d",
        rf"\d{{3}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}",
    )
)
# Beginning every alternative with the same digit lets the search pass over letters quickly.
_SUSPECT = re.compile(r"[0-9](?:(?<=[2-6])(?:[ .\-]{0,3}[0-9]){11}|[0-9]{2}[-. ][0-9]{2}[-. ][0-9]{4}|[0-9]{8})")
_TWELVE_DIGITS = re.compile(r"[2-6](?:[ .\-]{0,3}[0-9]){11}")
_GAPS = re.compile(r"[-. ]+")
_OTHER_NUMBER = re.compile(
    r"\b(?:order|invoice|tracking|parcel|shipment|booking|ticket|imei|ean|gtin|upc|isbn|sku)"
    r"(?:\s*(?:no|nr|num|number|id|code))?[\s.:#=-]{0,3}$",
    re.IGNORECASE,
)
_LABEL_REACH = 24
_TOO_LARGE = 10**19

_SSN = re.compile(_FREE + r"(\d{3})([-. ])(\d{2})\2(\d{4})" + _END, re.ASCII)
_SSN_PLAIN = re.compile(_FREE + r"(\d{3})()(\d{2})(\d{4})" + _END, re.ASCII)
_SSN_NAME = re.compile(
    r"(?<![A-Z])SSN(?![A-Za-z])|(?<![A-Za-z])[Ss]sn(?![a-z])|[Ss]ocial[^A-Za-z0-9]{0,3}[Ss]ecurity|"
    r"SOCIAL[^A-Z0-9]{0,3}SECURITY"
)
_NAMED_REACH = 40

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CARD_KEY = re.compile(r"(?<![a-z])(?:pan|cc|cards?|credit|debit|payment)(?:$|[^a-z])|card_?n|cc_?num|credit_?card")
_PHONE_KEY = re.compile(r"phone|mobile|msisdn|whatsapp|(?<![a-z])(?:tel|fax|cell)(?![a-z])")
_NUMBER_KEY = re.compile(
    r"(?<![a-z])(?:order|invoice|tracking|parcel|shipment|imei|ean|gtin|upc|isbn|sku|barcode|timestamp)(?![a-z])"
)
_LONGEST_KEY = 64
_SHOWABLE_KEY = re.compile(r"[^\W\d][\w $/()#:-]*")

# Digits, gaps and hyphens of other scripts and of typography, which people paste and forms let through.
_FOLD = {
    **{start + digit: str(digit) for start in (0xFF10, 0x0660, 0x06F0, 0x0966) for digit in range(10)},
    **dict.fromkeys((0xA0, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)), " "),
    **dict.fromkeys((0xAD, 0x2212, 0xFE63, 0xFF0D, *range(0x2010, 0x2016)), "-"),
    0xFF0E: ".",
}

# In JSON bytes, first everything that can stand inside a number becomes "0" (and letters small), which C does in one
# pass; then the same shapes, widened, are tried only where such a run is long enough. An escape such as \\n may stand
# directly before a number.
_FLAT = b"".join(b"0" if byte in b"0123456789 .-" else bytes([byte]).lower() for byte in range(256))
_SHORTEST_RUN = b"0" * len("123-45-6789")
_RAW_RUN = re.compile(rb"0+")
_RAW_CARD = re.compile(
    rb"[2-6](?:(?<![0-9A-Za-z_+][2-6])|(?<=\\[bfnrt][2-6])|(?<=\\u[0-9a-fA-F]{4}[2-6]))(?<![0-9]\.[2-6])"
    rb"(?:(?:[ .\-]{0,3}[0-9]){12,18}|(?<=[56])[0-9]{11})(?![0-9A-Za-z_])"
)
_SHORTEST_CARD = 12
_CARD_STARTS = (b"2", b"3", b"4", b"5", b"6")
_RAW_SSN = re.compile(
    rb"[0-8](?:(?<![0-9A-Za-z_+][0-8])|(?<=\\[bfnrt][0-8])|(?<=\\u[0-9a-fA-F]{4}[0-8]))"
    rb"[0-9]{2}([-. ])[0-9]{2}\1[0-9]{4}(?![0-9A-Za-z_])"
)
# ASCII, or one of the folded characters, written as an escape.
_RAW_ESCAPED = re.compile(
    rb"\\u(?:00[2-7]|00a[0d]|066|06f|096|20(?:0[0-9a]|1[0-5]|2f|5f)|2212|3000|fe63|ff0[de]|ff1)", re.IGNORECASE
)
# A digit of another script, or a foreign gap behind a digit, in UTF-8.
_RAW_FOREIGN = re.compile(
    rb"\xef(?:\xb9\xa3|\xbc[\x8d\x8e\x90-\x99])|\xd9[\xa0-\xa9]|\xdb[\xb0-\xb9]|\xe0\xa5[\xa6-\xaf]|"
    rb"[0-9][ .\-]{0,2}(?:\xc2[\xa0\xad]|\xe2\x80[\x80-\x8a\x90-\x95\xaf]|\xe2\x81\x9f|\xe2\x88\x92|\xe3\x80\x80)"
)


def maybe_sensitive(raw: bytes) -> bool:
    """False only when `find_sensitive` would find nothing in the JSON (UTF-8) that `raw` holds.

    One form escapes it, and no serialiser writes whole numbers of that size so: 4.242424242424242e15.
    """
    flat = raw.translate(_FLAT)
    if _has_number(raw, flat) or _names_ssn(raw, flat):
        return True
    if b"\\" in raw and _RAW_ESCAPED.search(raw):
        return True
    return not raw.isascii() and _RAW_FOREIGN.search(raw) is not None


def _has_number(raw: bytes, flat: bytes) -> bool:
    escapes = b"\\u" in raw  # the last digits of an escape look like the first of a number
    start = flat.find(_SHORTEST_RUN)
    while start >= 0:
        run = _RAW_RUN.match(flat, start)
        end = run.end() if run else start + 1
        if (escapes or _worth_a_search(raw[start:end])) and (
            _RAW_CARD.search(raw, start, end + 1) or _RAW_SSN.search(raw, start, end + 1)
        ):
            return True
        start = flat.find(_SHORTEST_RUN, end)
    return False


def _worth_a_search(run: bytes) -> bool:
    """False for the usual long numbers: epoch times, decimals, short ones; grouped ones always deserve a look."""
    whole, _, decimals = run.strip(b" .-").partition(b".")
    if whole.isdigit() and (not decimals or decimals.isdigit()):
        return len(whole) >= _SHORTEST_CARD and whole[:1] in _CARD_STARTS
    return True


def _names_ssn(raw: bytes, flat: bytes) -> bool:
    if b"ssn" in flat and (b"ssn" in raw or b"SSN" in raw or b"Ssn" in raw):
        return True
    return b"security" in flat and b"social" in flat


def worth_a_walk(text: str) -> bool:
    """False only when `find_sensitive` would find nothing in any part of `text`; for rows of a file."""
    return not text.isascii() or _SUSPECT.search(text) is not None


def find_sensitive(value: object, path: str = "") -> list[Finding]:
    """Every place in nested dicts, lists, texts and whole numbers, keys included, that holds such a number.

    Findings come in document order; `path` is put before each, as in `find_sensitive(event, "events[3]")`.
    """
    findings: list[Finding] = []
    waiting: list[tuple[object, str, _Context]] = [(value, path, _PLAIN)]
    while waiting:
        node, where, context = waiting.pop()
        if isinstance(node, str):
            findings.extend(Finding(where, kind) for kind in _kinds(node, context))
        elif isinstance(node, dict):
            waiting.extend(reversed(list(_members(node, where, context, findings))))
        elif isinstance(node, list | tuple):
            waiting.extend((node[at], f"{where}[{at}]", context) for at in range(len(node) - 1, -1, -1))
        elif isinstance(node, int | float) and not isinstance(node, bool):
            findings.extend(Finding(where, kind) for kind in _kinds(_digits_of(node, context), context))
    return findings


def _members(
    node: dict[object, object], where: str, context: _Context, findings: list[Finding]
) -> Iterator[tuple[object, str, _Context]]:
    """The children of a dict with their paths; numbers in the keys themselves go straight to `findings`."""
    for key, child in node.items():
        name = str(key)
        shown, own = _read_key(name) if len(name) <= _LONGEST_KEY else ("*", _PLAIN)
        below = f"{where}.{shown}" if where else shown
        if shown == "*":
            findings.extend(Finding(below, kind) for kind in _kinds(name, _PLAIN))
        if context.card or context.ssn:
            own = own._replace(card=own.card or context.card, ssn=own.ssn or context.ssn)
        yield child, below, own


@lru_cache(maxsize=4096)
def _read_key(key: str) -> tuple[str, _Context]:
    """How a key may be shown, and what it says about the value under it."""
    snake = _CAMEL.sub("_", key).lower()
    context = _Context(
        card=_CARD_KEY.search(snake) is not None,
        ssn=_SSN_NAME.search(key) is not None,
        phone=_PHONE_KEY.search(snake) is not None,
        number=_NUMBER_KEY.search(snake) is not None,
    )
    showable = _SHOWABLE_KEY.fullmatch(key) and not _SUSPECT.search(key.translate(_FOLD))
    return (key if showable else "*"), context


def _digits_of(number: int | float, context: _Context) -> str:
    """The digits of a whole number; under an SSN key the leading zeros that JSON numbers lose are put back."""
    if abs(number) >= _TOO_LARGE or (isinstance(number, float) and not number.is_integer()):
        return ""
    digits = str(abs(int(number)))
    return digits.zfill(9) if context.ssn and len(digits) >= 7 else digits


def _kinds(text: str, context: _Context) -> list[SensitiveKind]:
    if not text.isascii():
        text = text.translate(_FOLD)
    if not _SUSPECT.search(text):
        return []
    kinds = []
    if _TWELVE_DIGITS.search(text) and _holds_card(text, context):
        kinds.append(SensitiveKind.PAYMENT_CARD)
    if _holds_ssn(text, context):
        kinds.append(SensitiveKind.US_SSN)
    return kinds


def _holds_card(text: str, context: _Context) -> bool:
    for shape in _CARD_SHAPES:
        for match in shape.finditer(text):
            digits = _GAPS.sub("", match[1])
            if _is_card(digits) and (context.card or not _is_excused(text, match, digits, context)):
                return True
    return False


def _is_card(digits: str) -> bool:
    head, length = int(digits[:6]), len(digits)
    return any(low <= head <= high and length in lengths for low, high, lengths in _ISSUERS) and _luhn(digits)


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    values = [ord(digit) - 48 for digit in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[value] for value in values[1::2])) % 10 == 0


def _is_excused(text: str, match: re.Match[str], digits: str, context: _Context) -> bool:
    """True when the surroundings say that this is another kind of number (see the top of this file)."""
    ungrouped = match[1] == digits
    if ungrouped and len(digits) == 13 and _is_ean13(digits):
        return True
    if ungrouped and context.phone and len(digits) <= 15:
        return True
    if ungrouped and context.number and text.strip() == digits:
        return True
    return _OTHER_NUMBER.search(text, max(0, match.start() - _LABEL_REACH), match.start()) is not None


def _is_ean13(digits: str) -> bool:
    values = [ord(digit) - 48 for digit in digits]
    return (sum(values[::2]) + 3 * sum(values[1::2])) % 10 == 0


def _holds_ssn(text: str, context: _Context) -> bool:
    if any(_is_issued(match) and _stands_alone(text, match) for match in _SSN.finditer(text)):
        return True
    if context.ssn:
        return any(_is_issued(match) for match in _SSN_PLAIN.finditer(text))
    named = (_SSN_PLAIN.search(text, name.end(), name.end() + _NAMED_REACH) for name in _SSN_NAME.finditer(text))
    return any(match is not None and _is_issued(match) for match in named)


def _is_issued(match: re.Match[str]) -> bool:
    area, group, serial = match[1], match[3], match[4]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """False when the groups go on to either side with the same separator, as in a longer code or phone number."""
    gap, start, end = match[2], match.start(), match.end()
    before = text[max(0, start - 2) : start]
    after = text[end : end + 2]
    continues_before = len(before) == 2 and before[0].isdigit() and before[1] == gap
    return not (continues_before or (len(after) == 2 and after[0] == gap and after[1].isdigit()))
