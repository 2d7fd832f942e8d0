"""Read the cells of a file that need neither a stated format nor the rest of their row."""

import re
from collections.abc import Callable
from typing import Any

from customers.rules.conversions import BadValue, known_time_zones, refuse_shortened
from customers.rules.countries import country_code

MAX_NAME = 120
MAX_ORDER_ID = 100
MAX_TAG = 100
MAX_TAGS = 100

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_MAX_LANGUAGE = 12
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def bare(text: str) -> str:
    """A cell that holds no prose, without the apostrophe by which spreadsheets keep '0049 or '+31 a text."""
    return text.strip().removeprefix("'").strip()


def split_list(text: str) -> list[str]:
    """Items parted by comma or semicolon, each perhaps in quotation marks, without repeats."""
    items = (item.strip().strip('"').strip() for item in re.split(r"[,;]", text))
    return list(dict.fromkeys(item for item in items if item))


def _name(text: str) -> str:
    name = " ".join(_CONTROL.sub(" ", text).split())
    if len(name) > MAX_NAME:
        raise BadValue("too_long", f"A name may have at most {MAX_NAME} characters.")
    return name


def _order_id(text: str) -> str:
    order_id = refuse_shortened(bare(text))
    if len(order_id) > MAX_ORDER_ID or _CONTROL.search(order_id):
        raise BadValue("bad_order_id", f"An order id has at most {MAX_ORDER_ID} characters and no control characters.")
    return order_id


def _country(text: str) -> str:
    code = country_code(text)
    if code is None:
        raise BadValue("unknown_country", "Give the country as its English name or ISO 3166 code such as GB.")
    return code


def _language(text: str) -> str:
    code = text.strip().replace("_", "-")
    if not _LANGUAGE.fullmatch(code) or len(code) > _MAX_LANGUAGE:
        raise BadValue("unknown_language", "Give the language as a code such as en or pt-BR.")
    primary, *rest = code.split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def _time_zone(text: str) -> str:
    name = text.strip()
    if name not in known_time_zones():
        raise BadValue("unknown_time_zone", "Give the time zone by its IANA name such as Europe/Berlin.")
    return name


def _currency(text: str) -> str:
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise BadValue("bad_currency", "Give the currency as its three-letter code such as EUR.")
    return code


def _status(text: str) -> str:
    status = text.strip().lower()
    if status not in ("active", "inactive"):
        raise BadValue("unknown_status", "Give active or inactive.")
    return status


def _tags(text: str) -> tuple[str, ...]:
    tags = split_list(text)
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
        raise BadValue("too_long", f"Give at most {MAX_TAGS} tags of at most {MAX_TAG} characters.")
    return tuple(tags)


PLAIN_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "first_name": _name,
    "last_name": _name,
    "order_id": _order_id,
    "country": _country,
    "region": str.strip,
    "language": _language,
    "time_zone": _time_zone,
    "currency": _currency,
    "status": _status,
    "tags": _tags,
}
