import hashlib
import io
from collections import Counter
from dataclasses import astuple, replace

import pytest

from customers.rules.csvfile import read_rows
from customers.rules.csvsniff import sniff
from customers.rules.drafts import CustomerDraft, parser_for
from customers.rules.identity import normalise
from customers.rules.mapping import CUSTOMERS, auto_map, read_mapping
from marketing_hub.demo.names import NAMES
from marketing_hub.demo.people import (
    _FICTIONAL_PHONES,
    CUSTOMER_COLUMNS,
    CUSTOMER_MAPPING,
    country_of,
    invent_people,
    write_customers,
)
from tests.marketing_hub.demo.conftest import NOW


def test_invent_people__same_buyers_in_any_order__are_the_same_on_every_machine(buyers, people):
    again = invent_people(reversed(buyers), now=NOW)

    told = "\n".join(repr(astuple(replace(person, orders=()))) for person in people)
    assert again == people
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "1ff7feb2f679c63f"


def test_invent_people__everybody__has_what_the_product_needs_and_nothing_of_a_real_person(people):
    assert len(people) == len({person.email for person in people}) == 4_372
    assert all(person.email.endswith("@example.com") for person in people)
    assert all(normalise("email", person.email) == person.email for person in people)
    phones = [person.phone for person in people if person.phone]
    assert len(phones) == len(set(phones)) > 1_000
    free = tuple(prefix for prefix, *_ in _FICTIONAL_PHONES.values())
    assert all(phone.startswith(free) and normalise("phone", phone) == phone for phone in phones)
    assert all(person.created_at < NOW and max(person.orders, default=NOW) <= NOW for person in people)


def test_invent_people__countries__are_those_of_the_shop(people):
    countries = Counter(person.country for person in people)

    assert countries.most_common(3) == [("GB", 3_950), ("DE", 95), ("FR", 87)]
    assert (countries["US"], countries["JE"], countries[""]) == (4, 9, 5)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EIRE", "IE"),
        ("RSA", "ZA"),
        ("USA", "US"),
        ("Channel Islands", "JE"),
        ("European Community", ""),
        ("Unspecified", ""),
        ("Hong Kong", "HK"),
        ("United Kingdom", "GB"),
    ],
)
def test_country_of__names_of_the_set__become_codes(name, code):
    assert country_of(name) == code


def test_write_customers__as_a_shop_exports_them__all_pass_the_products_own_import(people):
    out = io.StringIO(newline="")

    written = write_customers(out, people)

    raw = out.getvalue().encode()
    dialect = sniff(raw)
    mapping = read_mapping(CUSTOMER_MAPPING, CUSTOMERS, dialect.headers)
    parse = parser_for(mapping, CUSTOMERS)
    drafts = [parse(row) for row in read_rows(io.BytesIO(raw), dialect)]
    assert (written, dialect.headers) == (4_372, CUSTOMER_COLUMNS)
    assert auto_map(dialect.headers, CUSTOMERS).columns == mapping.columns
    assert all(isinstance(draft, CustomerDraft) and not draft.notes for draft in drafts)
    assert [draft.identities["external_id"] for draft in drafts] == [person.external_id for person in people]
    assert [draft.fields["created_at"] for draft in drafts] == [person.created_at for person in people]
    assert {draft.identities["phone"] for draft in drafts if "phone" in draft.identities} == {
        person.phone for person in people if person.phone
    }


def test_names__every_language__has_enough():
    assert all(len(names.first) >= 5 and len(names.last) >= 4 for names in NAMES.values())
