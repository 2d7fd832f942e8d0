"""The review queue over HTTP."""

import pytest

from customers.models import DuplicatePair, Merge
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.customers import make_duplicate

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner(caller):
    """A client that may decide."""
    return caller("customers:read", "customers:write")


def test_list__pairs__come_with_evidence_and_without_values(partner):
    pair = make_duplicate()

    answer = partner.get("/api/v1/duplicates?state=open").json()["data"]

    assert [(row["id"], row["score"]) for row in answer] == [(pair.public_id, 15.5)]
    assert answer[0]["evidence"][0] == {"field": "last_name", "agreement": "same", "weight": 6.6}
    assert "Jane" not in str(answer)


def test_decide__merge__answers_the_merge_that_waits(partner):
    pair = make_duplicate()

    answer = partner.post(f"/api/v1/duplicates/{pair.public_id}/decide", {"decision": "merge"}).json()

    assert (answer["state"], answer["merge"]["state"], answer["merge"]["origin"]) == ("merge", "requested", "duplicate")
    assert Merge.objects.get().survivor_id == pair.left_id


def test_decide__different__leaves_both(partner):
    pair = make_duplicate()

    answer = partner.post(f"/api/v1/duplicates/{pair.public_id}/decide", {"decision": "different"}).json()

    assert (answer["state"], answer["merge"]) == ("different", None)
    assert partner.get(f"/api/v1/duplicates/{pair.public_id}").json()["decided_by"].startswith("client:")


def test_decide__unknown_word_or_pair__is_refused(partner):
    pair = make_duplicate()

    assert partner.post(f"/api/v1/duplicates/{pair.public_id}/decide", {"decision": "perhaps"}).status_code == 400
    missing = partner.post("/api/v1/duplicates/dup_0/decide", {"decision": "later"})
    assert_is_refusal(missing, 404, "resource_missing")
    assert DuplicatePair.objects.get().state == "open"
