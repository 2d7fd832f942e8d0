"""Sources in their order, and which values are right."""

import json

import pytest

from customers.rules.governance import (
    ANYBODY,
    DEFAULTS,
    PERSON,
    ConflictRule,
    Policy,
    breaks,
    is_source,
    may_replace,
    source_of,
)

RANKED = Policy("country", conflict=ConflictRule.SOURCE, sources=("client:cli_crm", "staff", "client"))


@pytest.mark.parametrize(
    ("source", "held_by", "stands"),
    [
        ("client:cli_crm", "staff", True),
        ("staff", "client:cli_crm", False),
        ("staff", "staff", True),
        ("client:cli_shop", "staff", False),
        ("staff", "client:cli_shop", True),
        ("import", "client:cli_shop", False),
        ("import", "system", True),
        ("import", ANYBODY, True),
        (ANYBODY, "client:cli_crm", True),
        (PERSON, "client:cli_crm", True),
        ("client:cli_crm", PERSON, False),
    ],
)
def test_may_replace__systems_in_their_order__the_first_one_stands(source, held_by, stands):
    assert may_replace(RANKED, held_by=held_by, source=source) is stands


@pytest.mark.parametrize(("source", "stands"), [("import", False), ("staff", True), ("client:cli_crm", True)])
def test_may_replace__no_import__only_files_give_way(source, stands):
    policy = Policy("country", conflict=ConflictRule.NO_IMPORT)

    assert may_replace(policy, held_by="staff", source=source) is stands


@pytest.mark.parametrize(
    ("actor", "imported", "source"),
    [
        ("staff:usr_7", False, "staff"),
        ("client:cli_7", False, "client:cli_7"),
        ("client:cli_7", True, "import"),
        ("system:system", False, "system"),
        ("person:cus_7", False, PERSON),
    ],
)
def test_source_of__actor__is_the_system_behind_it(actor, imported, source):
    assert source_of(actor, imported=imported) == source


@pytest.mark.parametrize(
    ("word", "known"), [("staff", True), ("client:cli_a1", True), ("client:x", False), ("", False)]
)
def test_is_source__word__is_one_of_the_list_or_a_client(word, known):
    assert is_source(word) is known


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("email", "jane@example.com", "Jane@example.com"),
        ("phone", "+4930901820", "030 901820"),
        ("country", "DE", "Germany"),
        ("language", "pt-BR", "Portuguese"),
        ("date", "2024-02-29", "29.02.2024"),
        ("url", "https://example.com/a", "example"),
        ("number", "12,5", "12 boxes"),
        ("name", "McDonald", "mcdonald"),
        ("name", "王", "J0hn"),
    ],
)
def test_breaks__format__right_values_pass_and_wrong_ones_do_not(kind, right, wrong):
    policy = Policy("x", format=kind)

    assert (breaks(policy, right), breaks(policy, wrong)) == ("", "format")


def test_breaks__allowed_values__each_item_of_a_list_counts():
    policy = Policy("x", allowed=("gold", "silver"))

    assert breaks(policy, ["gold", "silver"]) == ""
    assert breaks(policy, ["gold", "brass"]) == "allowed"
    assert breaks(policy, None) == breaks(policy, " ") == breaks(policy, {"sealed": "k:x", "hash": "h"}) == ""


def test_breaks__phone_numbers_of_the_catalogue__stored_spelling_is_right(shared_data):
    rows = json.loads((shared_data / "vectors/phone_examples.json").read_text())["rows"]
    valid = [row["e164"] for row in rows if row["valid"]]

    assert len(valid) > 200
    assert [number for number in valid if breaks(DEFAULTS["phone"], number)] == []
