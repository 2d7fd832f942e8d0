import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customers.rules.sensitive import Finding, SensitiveKind, find_sensitive, maybe_sensitive

CARD, SSN = SensitiveKind.PAYMENT_CARD, SensitiveKind.US_SSN


@pytest.fixture
def vectors(shared_data: Path) -> dict:
    return json.loads((shared_data / "vectors/pan_luhn.json").read_text())


def kinds_in(value: object) -> list[SensitiveKind]:
    return [finding.kind for finding in find_sensitive(value)]


def grouped(number: str, gap: str) -> str:
    if len(number) in (14, 15):
        return gap.join((number[:4], number[4:10], number[10:]))
    return gap.join(number[at : at + 4] for at in range(0, len(number), 4))


def test_find_sensitive__processor_test_cards__are_found_in_every_spelling(vectors):
    cards = [number for numbers in vectors["valid_luhn"].values() for number in numbers]

    for number in cards:
        spellings = [number, int(number), f"my card {number}, thanks", f"{number}.", f"\u5361\u53f7{number}"]
        spellings += [grouped(number, gap) for gap in (" ", "-", ".", "\u00a0", "\u2013", " - ")]
        for spelling in spellings:
            assert kinds_in({"note": spelling}) == [CARD], spelling
            assert maybe_sensitive(json.dumps({"note": spelling}).encode())
            assert maybe_sensitive(json.dumps({"note": spelling}, ensure_ascii=False).encode())
    assert len(cards) == 22


def test_find_sensitive__invalid_numbers_and_traps__are_let_through(vectors):
    data = vectors
    traps = data["invalid_luhn"] + data["luhn_textbook_valid"] + data["false_positive_traps_not_cards"]

    assert [trap for trap in traps if find_sensitive({"note": trap})] == []
    assert [trap for trap in traps if find_sensitive(trap.split()[0])] == []


@pytest.mark.parametrize(
    "value",
    [
        {"page": "https://shop.example/p/ab4111111111111111"},
        {"id": "evt_4111111111111111"},
        {"score": 0.4111111111111111, "text": "0.4111111111111111"},
        {"phone": "+4000000000002"},
        {"mobile_phone": "4000000000002"},
        {"ean": 4006381333931, "article": "4006381333931"},
        {"timestamp": 1614265330123456, "sent": "20240610134500", "at": "2024-06-10 13:45:00.123456"},
        {"order_id": "4111111111111111", "invoiceNumber": 4111111111111111},
        {"note": "Invoice no. 4111 1111 1111 1111"},
    ],
)
def test_find_sensitive__numbers_that_only_look_like_cards__are_let_through(value):
    assert find_sensitive(value) == []


@pytest.mark.parametrize(
    "value",
    [
        {"card_number": "order 4111-1111-1111-1111"},
        {"creditCard": {"order_id": "4111111111111111"}},
        {"order_id": "4111 1111 1111 1111"},
        {"note": "2024 4111 1111 1111 1111 12/26 123"},
        {"note": "expires 12 4111111111111111"},
        {"note": "\uff14\uff11\uff11\uff11 1111 1111 1111"},
        {"note": "a" * 10_000 + " 4111111111111111"},
        {"amount": 4111111111111111.0},
    ],
)
def test_find_sensitive__card_in_disguise__is_found(value):
    assert kinds_in(value) == [CARD]
    assert maybe_sensitive(json.dumps(value).encode())


@pytest.mark.parametrize("text", ["123-45-6789", "123 45 6789", "123.45.6789", "SSN-123-45-6789", "(078-05-1120)"])
def test_find_sensitive__grouped_social_security_number__is_found_under_any_key(text):
    assert kinds_in({"note": text}) == [SSN]
    assert maybe_sensitive(json.dumps({"note": text}).encode())


@pytest.mark.parametrize(
    "text",
    [
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "123-45 6789",
        "123456789",
        "1-123-45-6789",
        "123-45-6789-0",
        "+123-45-6789",
        "A123-45-6789",
        "2024-06-10",
    ],
)
def test_find_sensitive__never_issued_or_other_groups_of_nine_digits__are_let_through(text):
    assert find_sensitive({"note": text}) == []


@pytest.mark.parametrize("key", ["ssn", "SSN", "customerSSN", "us_ssn", "social_security", "Social Security Number"])
def test_find_sensitive__nine_digits_under_a_key_that_says_so__are_found(key):
    value = {key: "123456789", "more": {key: [12345678]}}

    assert kinds_in(value) == [SSN, SSN]
    assert maybe_sensitive(json.dumps(value).encode())


@pytest.mark.parametrize("key", ["className", "classname", "businessName", "BUSINESSNAME", "passnumber", "social"])
def test_find_sensitive__nine_digits_under_a_key_that_only_contains_the_letters__are_let_through(key):
    assert find_sensitive({key: "123456789"}) == []


def test_find_sensitive__nine_digits_after_words_that_say_so__are_found():
    assert kinds_in("my SSN is 123456789") == [SSN]
    assert kinds_in("order 123456789") == []


def test_find_sensitive__nested_value__names_the_place_and_never_the_number():
    value = {"a": [{"b": "4242424242424242"}, 7], "4242424242424242": {"c": "123-45-6789"}, "jane@example.com": None}

    findings = find_sensitive(value, "events[3]")

    assert findings == [
        Finding("events[3].*", CARD),
        Finding("events[3].a[0].b", CARD),
        Finding("events[3].*.c", SSN),
    ]
    assert "4242" not in repr(findings)


def test_find_sensitive__hostile_depth_and_size__ends():
    deep: object = "4242424242424242"
    for _ in range(50_000):
        deep = [deep]

    assert len(find_sensitive({"deep": deep, "big": 10**5000, "long": "4 1" * 50_000})) == 1


def test_maybe_sensitive__ordinary_event_batch__asks_for_no_walk():
    event = {
        "type": "click",
        "eventId": "018f8c1e-7a3b-7cc2-9d55-1c0a4f3e2b10",
        "timestamp": "2024-06-10T13:45:00Z",
        "sentAt": 1718027100123,
        "context": {"utm_medium": "social", "score": 0.61803398874989, "className": "btn", "phone": "+442079460123"},
    }

    assert not maybe_sensitive(json.dumps({"events": [event] * 100}).encode())


CARDS = st.sampled_from(["4242424242424242", "4222222222222", "378282246310005", "6759649826438453", "36227206271667"])
PIECES = st.one_of(
    st.text(max_size=6),
    CARDS,
    CARDS.map(lambda number: grouped(number, " ")),
    CARDS.map(lambda number: grouped(number, "\u2011")),
    st.sampled_from(["ssn", "SSN", "social\nsecurity", " ", "\n", "\u0661", "123456789", "123-45-6789", "order", "."]),
    st.from_regex(r"[0-9 .\-]{1,24}", fullmatch=True),
)
TEXTS = st.lists(PIECES, max_size=5).map("".join)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(allow_nan=False, allow_infinity=False, max_value=1e16, min_value=-1e16)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@settings(max_examples=400)
@given(VALUES, st.booleans(), st.sampled_from([None, 4]))
def test_maybe_sensitive__any_json__never_hides_a_finding(value, ascii_only, indent):
    try:
        raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:
        return

    assert maybe_sensitive(raw) or not find_sensitive(json.loads(raw))
