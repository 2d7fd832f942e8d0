"""Evidence is a closed list."""

import json
from datetime import UTC, datetime

import pytest

from consent.rules.evidence import EvidenceError, clean_evidence


def test_clean__everything_known__comes_out_as_plain_json():
    raw = {
        "form_id": "signup/7#top",
        "ip_hash": "a" * 64,
        "merged_seq": 3,
        "doi_done": True,
        "collected_at": datetime(2026, 3, 12, 10, 3, tzinfo=UTC),
        "reference": None,
    }

    cleaned = clean_evidence(raw)

    assert cleaned == json.loads(json.dumps(cleaned))
    assert cleaned["collected_at"] == "2026-03-12T10:03:00+00:00"
    assert "reference" not in cleaned
    assert clean_evidence(cleaned) == cleaned


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("comment", "x"),
        ("form_id", ""),
        ("form_id", "two words"),
        ("form_id", "jane@example.com"),
        ("form_id", "x" * 121),
        ("form_id", 7),
        ("ip_hash", "203.0.113.9"),
        ("merged_seq", -1),
        ("merged_seq", True),
        ("doi_done", "true"),
        ("doi_done", 1),
        ("collected_at", "yesterday"),
        ("collected_at", "2026-03-12T10:03:00"),
        ("collected_at", 5),
    ],
)
def test_clean__anything_else__is_refused_by_name(name, value):
    with pytest.raises(EvidenceError) as refusal:
        clean_evidence({name: value})

    assert refusal.value.name == name
