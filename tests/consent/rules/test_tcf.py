"""TC strings: those that the IAB and its reference libraries publish, what they grant, and what is none.

Sources: IAB Tech Lab, Consent string and vendor list formats v2 (first string, with its decoded values as the
reference decoders answer them); test data of the IAB's iabtcf-java and iabgpp-java (the others).
"""

from datetime import UTC, datetime, timedelta

import pytest

from consent.rules.bits import GppError
from consent.rules.evidence import EvidenceError, clean_evidence
from consent.rules.gpp import TC, decode_gpp, refused_by, sections_on_record, tc_sections
from consent.rules.tcf import ask_again_at, counts, decode_tc, is_later, leaves_out, missing
from consent.rules.tcf_purposes import PURPOSES
from consent.rules.vocabulary import Channel, Purpose
from tests.consent.tc_strings import tc_string, text_of

CORE = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA"
DISCLOSED = (
    "IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBA"
    "AgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw"
)
DISCLOSED_VENDORS = {
    2, 6, 8, 12, 18, 23, 37, 42, 47, 48, 53, 61, 65, 66, 72, 88, 98, 127, 128, 129, 133, 153, 163, 192, 205, 215, 224,
    243, 248, 281, 294, 304, 350, 351, 358, 371, 422, 424, 440, 447, 467, 486, 498, 502, 512, 516, 553, 556, 571, 587,
    612, 613, 618, 626, 648, 653, 656, 657, 665, 676, 681, 683, 684, 686, 687, 688, 690, 691, 694, 702, 703, 707, 708,
    711, 712, 714, 716, 719, 720,
}  # fmt: skip
BITFIELDS = "COrEAV4OrXx94ACABBENAHCIAD-AAAAAAACAAxAAAAgAIAwgAgAAAAEAgQAAAAAEAYQAQAAAACAAAABAAA"
PLAIN = "COtybn4PA_zT4KjACBENAPCIAEBAAECAAIAAAAAAAAAA"
NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)


def vendors(ranges):
    return {number for first, last in ranges for number in range(first, last + 1)}


def test_decode_tc__example_of_the_specification__is_exact():
    said = decode_tc(f"{CORE}.{DISCLOSED}")

    assert vendors(said.pop("DisclosedVendors")) == DISCLOSED_VENDORS
    assert said == {
        "Version": 2,
        "Created": "2020-02-20T23:57:39.300000+00:00",
        "LastUpdated": "2020-02-20T23:57:39.300000+00:00",
        "CmpId": 27,
        "CmpVersion": 0,
        "ConsentScreen": 0,
        "ConsentLanguage": "EN",
        "VendorListVersion": 15,
        "TcfPolicyVersion": 2,
        "IsServiceSpecific": False,
        "UseNonStandardStacks": False,
        "SpecialFeatureOptIns": [],
        "PurposesConsent": [1, 2, 3],
        "PurposesLITransparency": [],
        "PurposeOneTreatment": False,
        "PublisherCC": "AA",
        "VendorConsents": [[2, 2], [6, 6], [8, 8]],
        "VendorLegitimateInterests": [[2, 2], [6, 6], [8, 8]],
        "PubRestrictions": [],
    }


def test_decode_tc__reference_string__is_exact_in_every_field_of_the_core():
    said = decode_tc(PLAIN)

    assert (said["Created"], said["LastUpdated"]) == ("2020-01-26T17:01:00+00:00", "2021-02-02T17:01:00+00:00")
    assert [said[name] for name in ("CmpId", "CmpVersion", "ConsentScreen", "VendorListVersion")] == [675, 2, 1, 15]
    assert (said["TcfPolicyVersion"], said["ConsentLanguage"], said["PublisherCC"]) == (2, "EN", "AA")
    assert (said["IsServiceSpecific"], said["PurposeOneTreatment"], said["UseNonStandardStacks"]) == (
        False,
        True,
        False,
    )
    assert said["SpecialFeatureOptIns"] == [1]
    assert (said["PurposesConsent"], said["PurposesLITransparency"]) == ([2, 10], [2, 9])


def test_decode_tc__vendors_as_bits__are_read_from_core_disclosed_and_allowed():
    said = decode_tc(f"{BITFIELDS}.IBAgAAAgAIAwgAgAAAAEAAAACA.QAagAQAgAIAwgA")

    assert said["PurposesConsent"] == [3, 4, 5, 6, 7, 8, 9]
    assert vendors(said["VendorConsents"]) == {23, 37, 47, 48, 53, 65, 98}
    assert vendors(said["VendorLegitimateInterests"]) == {37, 47, 48, 53, 65, 98, 129}
    assert vendors(said["DisclosedVendors"]) == {23, 37, 47, 48, 53, 65, 98, 129}
    assert vendors(said["AllowedVendors"]) == {12, 23, 37, 47, 48, 53}


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("COv__-wOv__-wC2AAAENAPCgAAAAAAAAAAAAA_wAQA_gEBABAEAAAA", "VendorLegitimateInterests", {128}),
        ("COwBOpCOwBOpCLqAAAENAPCAAAAAAAAAAAAAFfwAYFfAV-BVkAGBVYFWAAA", "VendorConsents", {702, 703}),
        ("COwBOpCOwBOpCLqAAAENAPCAAAAAAAAAAAAAFfwAQFfgUbABAUaAAA", "VendorConsents", {703}),
        ("COwxsONOwxsONKpAAAENAdCAAMAAAAAAAAAAAAAAAAAA", "VendorConsents", set()),
    ],
)
def test_decode_tc__vendors_as_ranges__are_exact(text, field, expected):
    assert vendors(decode_tc(text)[field]) == expected


def test_decode_tc__restrictions_of_the_publisher__are_exact():
    restricted = decode_tc("COtybn4PA_zT4KjACBENAPCIAEBAAECAAIAAAAAAAABAoAMAAQACCQAgAAgAIA")["PubRestrictions"]

    assert restricted == [
        {"PurposeId": 1, "RestrictionType": "require_consent", "Vendors": [[1, 2]]},
        {"PurposeId": 2, "RestrictionType": "require_consent", "Vendors": [[1, 1], [8, 8]]},
    ]


def test_decode_tc__choices_of_the_publisher__are_exact():
    bits = "011" + "1" + "0" * 23 + "0" * 23 + "1" + "000010" + "01" + "11"

    assert decode_tc(f"{PLAIN}.{text_of(bits)}")["PublisherTC"] == {
        "PubPurposesConsent": [1],
        "PubPurposesLITransparency": [24],
        "CustomPurposesConsent": [2],
        "CustomPurposesLITransparency": [1, 2],
    }


def test_decode_gpp__tc_string_of_the_reference_library__is_decoded_as_section_2():
    said = decode_gpp("DBABMA~CPSG_8APSG_8ANwAAAENAwCAAAAAAAAAAAAAAAAAAAAA.QAAA.IAAA")[TC]

    assert (said["Created"], said["CmpId"], said["VendorListVersion"]) == ("2022-01-01T00:00:00+00:00", 880, 48)
    assert (said["PurposesConsent"], said["DisclosedVendors"], said["AllowedVendors"]) == ([], [], [])


def range_of(first, last, top=100):
    return text_of(f"001{top:016b}1{1:012b}1{first:016b}{last:016b}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "base64url"),
        (f"{PLAIN}.", "base64url"),
        (PLAIN.replace("y", "+"), "base64url"),
        ("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", "Version 1"),
        (PLAIN[:-10], "ends too early"),
        (f"{CORE}.{DISCLOSED[:-10]}", "ends too early"),
        (f"{PLAIN}.{range_of(7, 5)}", "7 to 5 is impossible"),
        (f"{PLAIN}.{range_of(0, 5)}", "0 to 5 is impossible"),
        (f"{PLAIN}.{range_of(1, 65_535)}", "1 to 65535 is impossible"),
        (f"{PLAIN}.{text_of('000' + '0' * 30)}", "no segment of type 0"),
        (f"{CORE}.{DISCLOSED}.{DISCLOSED}", "there twice"),
        (f"{CORE}.{'A' * 3_000}", "at most 2000"),
        ("jane.doe@example.com", "Version 35"),
    ],
)
def test_decode_tc__anything_else__is_refused_with_the_place(text, why):
    with pytest.raises(GppError, match=why):
        decode_tc(text)

    with pytest.raises(EvidenceError, match="no TC string") as refused:
        clean_evidence({"tc_string": text})
    assert refused.value.name == "tc_string"


def test_decode_tc__language_that_is_no_letters__is_refused():
    bits = f"{2:06b}" + "0" * 72 + "0" * 30 + f"{26:06b}{0:06b}" + "0" * 200

    with pytest.raises(GppError, match="letters"):
        decode_tc(text_of(bits))


def test_decode_tc__overlapping_ranges__are_joined():
    bits = f"001{9:016b}1{3:012b}" + f"1{4:016b}{6:016b}" + f"1{1:016b}{3:016b}" + f"1{5:016b}{9:016b}"

    assert decode_tc(f"{PLAIN}.{text_of(bits)}")["DisclosedVendors"] == [[1, 9]]


@pytest.mark.parametrize(
    ("consents", "kind", "channel", "lacking"),
    [
        ([3, 4], Purpose.TARGETED_ADS, Channel.ADS_AUDIENCE, []),
        ([3], Purpose.TARGETED_ADS, Channel.ADS_AUDIENCE, [4]),
        ([], Purpose.MARKETING, Channel.ADS_AUDIENCE, [3, 4]),
        ([5, 6], Purpose.PERSONALISATION, Channel.ANY, []),
        ([7, 8], Purpose.ANALYTICS, Channel.ANY, []),
        ([7, 8], Purpose.ANALYTICS, Channel.COOKIE, [1]),
        ([1, 7, 8], Purpose.ANALYTICS, Channel.COOKIE, []),
        ([], Purpose.STATISTICS, Channel.ANY, [9]),
        ([], Purpose.MARKETING, Channel.EMAIL, []),
    ],
)
def test_missing__consent__is_asked_for_every_purpose_of_the_table(consents, kind, channel, lacking):
    assert missing(decode_tc(tc_string(NOW, consents=consents)), kind, channel) == lacking


def test_missing__legitimate_interest__is_refused_for_purposes_1_and_3_to_6():
    said = decode_tc(tc_string(NOW, interests=range(1, 12)))

    lacking = {kind: missing(said, kind, Channel.COOKIE, by_interest=True) for kind in Purpose}

    assert {kind: numbers for kind, numbers in lacking.items() if numbers} == {
        Purpose.TARGETED_ADS: [1, 3, 4],
        Purpose.PERSONALISATION: [1, 5, 6],
        Purpose.ANALYTICS: [1],
        Purpose.STATISTICS: [1],
    }
    assert missing(said, Purpose.STATISTICS, Channel.ANY, by_interest=True) == []
    assert missing(said, Purpose.STATISTICS, Channel.ANY) == [9]
    assert [number for number, row in PURPOSES.items() if not row.by_interest] == [1, 3, 4, 5, 6]


def test_refused_by__tc_string__names_what_it_grants_on_no_ground():
    sections = {TC: decode_tc(tc_string(NOW, consents=[3, 4], interests=[5, 6, 9]))}

    assert refused_by(sections) == {Purpose.PERSONALISATION, Purpose.ANALYTICS}


def test_counts__string__needs_the_segment_of_disclosed_vendors():
    assert counts(decode_tc(f"{CORE}.{DISCLOSED}"))
    assert not counts(decode_tc(CORE))


def test_ask_again_at__thirteen_calendar_months_after_the_last_update():
    assert ask_again_at(decode_tc(PLAIN)) == datetime(2022, 3, 2, 17, 1, tzinfo=UTC)


def test_sections_on_record__section_refused_today__answers_its_words():
    assert sections_on_record("DBABMA~CPXxRfA") == {TC: {"Raw": "CPXxRfA"}}
    assert [counts(said) for said in tc_sections({"gpp": "DBABMA~CPXxRfA", "tc_string": f"{CORE}.{DISCLOSED}"})] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("vendor", "given", "purpose", "left_out"),
    [
        (2, [2], Purpose.ANALYTICS, False),
        (3, [2], Purpose.ANALYTICS, True),
        (9, [2], Purpose.ANALYTICS, True),
        (3, [2], Purpose.MARKETING, False),
    ],
)
def test_leaves_out__vendor__needs_disclosure_and_a_bit_where_the_tcf_has_a_word(vendor, given, purpose, left_out):
    said = decode_tc(tc_string(NOW, vendors=given))

    found = [leaves_out(said, vendor, purpose, Channel.EMAIL, by_interest=interest) for interest in (False, True)]

    assert found == [left_out, left_out]


@pytest.mark.parametrize(("kind", "by_consent", "by_interest"), [(0, [7], [7]), (1, [], [7]), (2, [7], [])])
def test_missing__purpose_that_the_publisher_restricts__is_none_for_that_vendor(kind, by_consent, by_interest):
    bits = f"{1:012b}{7:06b}{kind:02b}{1:012b}0{2:016b}"
    said = decode_tc(tc_string(NOW, consents=[7, 8], interests=[7, 8], forbidden=bits))

    found = {
        vendor: [missing(said, Purpose.ANALYTICS, Channel.ANY, by_interest=way, vendor=vendor) for way in (False, True)]
        for vendor in (0, 2, 3)
    }

    assert found == {0: [[], []], 2: [by_consent, by_interest], 3: [[], []]}


def test_is_later__string_of_another_day__tells():
    said = decode_tc(tc_string(NOW))

    assert [is_later(said, at) for at in (NOW - timedelta(seconds=1), NOW)] == [True, False]
