"""GPP strings: every vector, whole and section by section, and what is none."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from consent.rules.bits import GppError
from consent.rules.evidence import EvidenceError, clean_evidence
from consent.rules.gpp import decode_gpp, decode_section, refused_by, section_ids
from consent.rules.vocabulary import Purpose


def test_decode_gpp__all_vectors__are_exact(shared_data):
    sections = json.loads((shared_data / "vectors" / "gpp_sections.json").read_text())["sections"]

    assert len(sections) == 17
    for vector in sections:
        assert decode_section(vector["section"], vector["section_string"]) == vector["decoded"]
        assert decode_gpp(vector["gpp_string"]) == {vector["section"]: vector["decoded"]}


@pytest.mark.parametrize(
    ("header", "ids"), [("DBABBg", [8]), ("DBABLA", [7]), ("DBABTA", [6]), ("DBACLMA", [7, 9]), ("DBAA", [])]
)
def test_section_ids__header__lists_them(header, ids):
    assert section_ids(header) == ids


@pytest.mark.parametrize(
    "text",
    ["", "~", "DBABBg", "DBABBg~", "DBABBg~BAAAAABA~1---", "DBABBg~B", "DBABBg~BAA ABA", "DBABTA~1YN", "DBABTA~xYNY",
     "DBABBg~FAAAAABA", "CAABBg~BAAAAABA", "DCABBg~BAAAAABA", "DBABBg~BAAAAABA." + "A" * 3_000, "DBABAAAA", "DBAB",
     "DBABMA~CPXxRfA"],
)  # fmt: skip
def test_decode_gpp__anything_else__is_refused(text):
    with pytest.raises(GppError):
        decode_gpp(text)


def test_decode_gpp__section_not_decoded__is_named_and_kept():
    assert decode_gpp("DBABRg~CPXxRfA")["usva"] == {"Raw": "CPXxRfA"}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("DBABTA~1YYN", {Purpose.SALE_SHARE}),
        ("DBABTA~1YNN", set()),
        ("DBABBg~BVWSSSVY.YA", {Purpose.SALE_SHARE, Purpose.TARGETED_ADS}),
        ("DBABBg~BAAAAABA.QA", set()),
    ],
)
def test_refused_by__string__covers_what_it_says_no_to(text, refused):
    assert refused_by(decode_gpp(text)) == refused


def test_clean_evidence__gpp_string__is_kept_as_it_is_or_refused():
    assert clean_evidence({"gpp": "DBABTA~1YNN"}) == {"gpp": "DBABTA~1YNN"}
    with pytest.raises(EvidenceError, match="no GPP string"):
        clean_evidence({"gpp": "jane.doe@example.com"})


def test_command__lines__are_answered_one_object_each(monkeypatch):
    monkeypatch.setattr(
        "sys.stdin", io.StringIO("DBABTA~1YYN\nCOwxsONOwxsONKpAAAENAdCAAMAAAAAAAAAAAAAAAAAA\nnonsense\n")
    )
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 line"):
        call_command("gpp", "decode", stdout=out)

    good, bare, bad = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (good["refuses"], good["sections"]["uspv1"]["OptOutSale"]) == (["sale_share"], "Y")
    assert (bare["sections"]["tcfeuv2"]["PurposesConsent"], "targeted_ads" in bare["refuses"]) == ([1, 2], True)
    assert "error" in bad
