"""An invented person for every buyer of the bundled shop: pure and deterministic, the same on every machine.

Nobody here exists. Addresses are at example.com (RFC 2606); phone numbers lie in ranges that regulators keep free for
fiction: Ofcom 020 7946 0000 to 0999, Arcep 01 99 00, Bundesnetzagentur 030 23125, NANP 555-0100 to 0199.
"""

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TextIO

from customers.rules.countries import country_code
from marketing_hub.demo.names import NAMES
from marketing_hub.demo.retail import Buyer, shift_to

CUSTOMER_COLUMNS = ("Customer ID", "First Name", "Last Name", "Email", "Phone", "Country", "Language", "Created At")
CUSTOMER_MAPPING: dict[str, Any] = {
    "columns": {
        "Customer ID": "external_id",
        "First Name": "first_name",
        "Last Name": "last_name",
        "Email": "email",
        "Phone": "phone",
        "Country": "country",
        "Language": "language",
        "Created At": "created_at",
    },
}
"""How the product's own import reads what `write_customers` writes."""

# Names in the set that are no country. Jersey is the larger of the Channel Islands; whoever is "Unspecified" or in the
# "European Community" has no known place, and the strictest rule applies.
_NO_COUNTRY = {"Channel Islands": "JE", "European Community": "", "Unspecified": ""}
_LANGUAGES = {
    "AT": "de",
    "BE": "nl fr",
    "BR": "pt",
    "BH": "ar",
    "AE": "ar en",
    "CA": "en fr",
    "CH": "de fr it",
    "CY": "el",
    "CZ": "cs",
    "DE": "de",
    "DK": "da",
    "ES": "es",
    "FI": "fi",
    "FR": "fr",
    "GR": "el",
    "HK": "zh",
    "IL": "he",
    "IS": "is",
    "IT": "it",
    "JP": "ja",
    "LB": "ar fr",
    "LT": "lt",
    "MT": "mt en",
    "NL": "nl",
    "NO": "nb",
    "PL": "pl",
    "PT": "pt",
    "SA": "ar",
    "SE": "sv",
    "SG": "en zh",
}
# Prefix, how many digits follow, how many numbers the regulator left free, and one of how many people has one.
_FICTIONAL_PHONES = {
    "GB": ("+442079460", 3, 1_000, 4),
    "DE": ("+493023125", 3, 1_000, 2),
    "FR": ("+3319900", 4, 10_000, 2),
    "US": ("+120255501", 2, 100, 1),
}
_ASCII = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ð": "d", "þ": "th", "Þ": "Th", "ı": "i"})


@dataclass(frozen=True, slots=True)
class Person:
    """One invented customer; `country` is ISO 3166-1 or "" where the shop did not know, `phone` E.164 or "".

    `orders` are the instants of purchase and `created_at` the first of them, moved to the present.
    """

    external_id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    country: str
    language: str
    created_at: datetime
    orders: tuple[datetime, ...]


def dice(*about: str) -> Random:
    """Chance that depends on nothing but the words given, so that no person's luck depends on another's."""
    return Random("/".join(("demo", *about)))


def invent_people(buyers: Iterable[Buyer], *, now: datetime) -> list[Person]:
    """One person per buyer, in the order of their ids; addresses and phone numbers are unique."""
    shift = shift_to(now)
    free = {country: iter(range(count)) for country, (_, _, count, _) in _FICTIONAL_PHONES.items()}
    people = []
    for buyer in sorted(buyers, key=lambda buyer: buyer.customer_id):
        country = country_of(buyer.country)
        number = next(free[country], None) if _has_phone(buyer.customer_id, country) else None
        people.append(_invent(buyer, country, number, shift))
    return people


def country_of(name: str) -> str:
    """ISO 3166-1 code of a country as the shop wrote it; "" for what is none."""
    return _NO_COUNTRY[name] if name in _NO_COUNTRY else country_code(name) or ""


def write_customers(out: TextIO, people: Sequence[Person]) -> int:
    """The people as the CSV a shop system would export, phone numbers kept texts by an apostrophe; answers how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CUSTOMER_COLUMNS)
    for person in people:
        phone = f"'{person.phone}" if person.phone else ""
        created = person.created_at.strftime("%Y-%m-%d %H:%M:%S")
        names = (person.external_id, person.first_name, person.last_name, person.email)
        writer.writerow((*names, phone, person.country, person.language, created))
    return len(people)


def _has_phone(customer_id: str, country: str) -> bool:
    return country in _FICTIONAL_PHONES and dice("phone", customer_id).randrange(_FICTIONAL_PHONES[country][3]) == 0


def _invent(buyer: Buyer, country: str, number: int | None, shift: timedelta) -> Person:
    luck = dice("person", buyer.customer_id)
    language = luck.choice(_LANGUAGES.get(country, "en").split())
    names = NAMES[language]
    first, last = luck.choice(names.first), luck.choice(names.last)
    return Person(
        external_id=buyer.customer_id,
        first_name=first,
        last_name=last,
        email=f"{_plain(first)}.{_plain(last)}.{buyer.customer_id}@example.com",
        phone=_phone(country, number) if number is not None else "",
        country=country,
        language=language,
        created_at=buyer.first_at + shift,
        orders=tuple(at + shift for at in buyer.orders),
    )


def _phone(country: str, number: int) -> str:
    prefix, digits, _, _ = _FICTIONAL_PHONES[country]
    return f"{prefix}{number:0{digits}d}"


def _plain(name: str) -> str:
    """A name as the local part of an address spells it."""
    letters = unicodedata.normalize("NFKD", name.translate(_ASCII)).encode("ascii", "ignore").decode()
    return letters.lower().replace("-", "")
