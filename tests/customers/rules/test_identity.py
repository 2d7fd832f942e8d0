import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from customers.rules.identity import _PLAIN_EMAIL, _SPECIAL_TLDS, BadIdentity, IdentityKind, mask, normalise

# The suite calls an address valid when mail software may meet it; we ask whether a person would give it as theirs.
# VALID and DNSWARN (syntax sound, DNS record missing when the suite was made) are taken; comments and folding space
# (CFWS), quoted local parts and address literals (RFC5321), obsolete syntax (DEPREC), and what only RFC 5322 allows
# are refused like ERR.
TAKEN = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
REFUSED_ALTHOUGH_VALID = {
    "test@io": "invalid_email",  # a mailbox directly at a top-level domain: RFC 7085 advises against, no person has one
    "test@test.com": "blocked_value",
}


def code_of(kind: str, raw: str, region: str | None = None) -> str:
    with pytest.raises(BadIdentity) as refusal:
        normalise(kind, raw, region)
    assert not raw.strip() or raw not in refusal.value.message
    return refusal.value.code


def isemail_cases(shared_data: Path) -> list[tuple[str, str]]:
    tree = ElementTree.parse(shared_data / "vectors/isemail_tests.xml")
    shown = {0x2400 + control: chr(control) for control in range(32)}
    return [
        ((test.findtext("address") or "").translate(shown), test.findtext("category")) for test in tree.iter("test")
    ]


def test_normalise_email__every_case_of_the_isemail_suite__is_taken_or_refused_by_category(shared_data):
    cases = isemail_cases(shared_data)
    surprises = []
    for address, category in cases:
        try:
            normalise("email", address)
            taken = True
        except BadIdentity as refusal:
            taken = False
            if REFUSED_ALTHOUGH_VALID.get(address) == refusal.code:
                continue
        only_trimmed = taken and category not in TAKEN and address.strip() == "test@iana.org"
        if taken != (category in TAKEN) and not only_trimmed:
            surprises.append((address, category, taken))

    assert len(cases) == 164
    assert surprises == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" Jane.Doe@Example.COM\n", "jane.doe@example.com"),
        ("\ufeffjane@example.com\u200b", "jane@example.com"),
        ("jane+news@example.com", "jane+news@example.com"),
        ("JOSE\u0301@example.com", "jos\u00e9@example.com"),
        ("jane@B\u00dccher.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("test@example.com", "test@example.com"),
    ],
)
def test_normalise_email__ways_to_write_one_address__give_one_spelling(raw, expected):
    assert normalise("email", raw) == expected


@given(st.from_regex(r"[a-z0-9_.+-]{1,66}@([a-z0-9-]{1,64}\.){1,3}[a-z]{2,9}", fullmatch=True))
def test_normalise_email__shape_taken_by_the_short_cut__is_what_the_full_check_answers(address):
    if _PLAIN_EMAIL.fullmatch(address) and not address.endswith(_SPECIAL_TLDS):
        checked = validate_email(address, check_deliverability=False, strict=True)

        assert (checked.local_part, checked.ascii_domain) == tuple(address.split("@"))


@given(st.sampled_from(IdentityKind.values), st.text(min_size=1, max_size=40))
def test_normalise__any_text__is_refused_with_a_code_or_settles_at_once(kind, raw):
    try:
        value = normalise(kind, raw, "GB")
    except BadIdentity as refusal:
        assert refusal.code
        return

    assert normalise(kind, value, "GB") == value


def test_normalise_phone__example_numbers_of_all_regions__become_e164_and_invalid_ones_are_refused(shared_data):
    rows = json.loads((shared_data / "vectors/phone_examples.json").read_text())["rows"]

    for row in rows:
        if row["valid"]:
            spellings = {normalise("phone", row[name], row["region"]) for name in ("e164", "national", "international")}
            assert spellings == {row["e164"]}
        else:
            assert code_of("phone", row["e164"]) == "invalid_phone"
    assert len(rows) == 918


@pytest.mark.parametrize(
    ("raw", "region", "code"),
    [
        ("020 7946 0123", None, "missing_region"),
        ("020 7946 0123 ext. 5", "GB", "invalid_phone"),
        ("000-000-0000", "US", "blocked_value"),
        ("1111111111", "US", "blocked_value"),
        ("Anonymous", "US", "blocked_value"),
        ("266696687", "US", "blocked_value"),
        ("hello", "US", "invalid_phone"),
        ("4.47701E+11", "GB", "invalid_phone"),
    ],
)
def test_normalise_phone__no_persons_number__is_refused_with_its_code(raw, region, code):
    assert code_of("phone", raw, region) == code


def test_normalise_phone__national_number_with_region__becomes_e164():
    assert normalise("phone", "020 7946 0123", "gb") == "+442079460123"


@pytest.mark.parametrize("kind", ["external_id", "anonymous_id", "email", "phone"])
@pytest.mark.parametrize(
    "raw",
    [
        "null",
        "NULL",
        "None",
        "undefined",
        "anon",
        "Anonymous",
        "guest",
        "n/a",
        "test",
        "0",
        "-1",
        "0000",
        "NaN",
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "[object Object]",
        "-",
    ],
)
def test_normalise__placeholder_for_nobody__is_a_blocked_value(kind, raw):
    assert code_of(kind, raw) == "blocked_value"


@pytest.mark.parametrize(
    "address", ["noreply@shop.example", "No-Reply@shop.example", "do.not.reply@x.example", "null@x.example", "a@a.com"]
)
def test_normalise_email__address_of_nobody__is_a_blocked_value(address):
    assert code_of("email", address) == "blocked_value"


@pytest.mark.parametrize("kind", ["external_id", "anonymous_id"])
def test_normalise_id__ordinary_values__are_trimmed_and_keep_their_case(kind):
    assert normalise(kind, "  Kunde-7 ") == "Kunde-7"
    assert normalise(kind, "1") == "1"
    assert normalise(kind, "x" * 255) == "x" * 255
    assert code_of(kind, "x" * 256) == "too_long"
    assert code_of(kind, "a\x00b") == "control_character"
    assert code_of(kind, "a\ud800") == "control_character"
    assert code_of(kind, " \t ") == "empty"


def test_normalise__kind_nobody_defined__is_refused():
    assert code_of("passport", "X1234") == "unknown_kind"


def test_normalise__naughty_strings__never_fail_otherwise(shared_data):
    for text in json.loads((shared_data / "vectors/blns.json").read_text()):
        for kind in IdentityKind.values:
            try:
                normalise(kind, text, "US")
            except BadIdentity as refusal:
                assert refusal.message.endswith(".")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "jane.doe@example.com", "j\u2022\u2022\u2022@e\u2022\u2022\u2022.com"),
        ("email", "j@mail.shop.co.uk", "j\u2022\u2022\u2022@m\u2022\u2022\u2022.uk"),
        ("email", "broken", "\u2022\u2022\u2022"),
        ("phone", "+442079460123", "+\u2022\u2022\u202223"),
        ("external_id", "7210448301122", "\u2022\u2022\u202222"),
        ("external_id", "17850", "\u2022\u2022\u2022"),
        ("anonymous_id", "", "\u2022\u2022\u2022"),
    ],
)
def test_mask__any_value__shows_a_constant_shape(kind, value, shown):
    assert mask(kind, value) == shown
