"""A model writes a score: a tag comes and goes by itself, and with it the audience of a campaign."""

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.selectors.audience import audience_of
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from customers.models import SegmentVersion
from customers.services import membership, tag_rules
from customers.services.segment_builds import build_segment
from tests.factories.campaigns import launched, make_campaign
from tests.factories.consent import make_person

pytestmark = pytest.mark.django_db(transaction=True)
EVERYTHING = 10**9
LIKELY = {"on": "prediction", "model": "churn", "field": "score", "op": "at_least", "value": 0.8}
SCOPES = ("predictions:write", "segments:read", "segments:write", "tags:write", "customers:read", "campaigns:read")


@pytest.fixture
def partner(caller):
    return caller(*SCOPES)


@pytest.fixture
def people():
    return {name: make_person(external_id=name, email=f"{name}@example.com") for name in ("ana", "bo", "cy")}


def predict(partner, who, score, version="2026-11"):
    answer = partner.put(f"/api/v1/predictions/churn/{who}", {"score": score, "model_version": version})
    assert answer.status_code in (200, 201), answer.content


def settle():
    """What workers do within seconds: segments, tags of rules, segments that ask about those tags.

    Nobody else writes to this database, so all is final that was committed, whatever other databases are at.
    """
    for version in SegmentVersion.objects.filter(state="building"):
        build_segment(version_id=version.pk, clock=timezone.now)
    for step in (membership._one_step, tag_rules._one_step, membership._one_step):
        end = next_transaction()
        while step(end, EVERYTHING, timezone.now()) is not None:
            pass


def next_transaction():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint + 1")
        return cursor.fetchone()[0]


def tagged(partner, people):
    return {who for who in people if "at-risk" in partner.get(f"/api/v1/users/{who}/tags").json()["tags"]}


def test_prediction__written_changed_and_objected_to__moves_tag_segment_and_audience(partner, people):
    predict(partner, "ana", 0.93)
    predict(partner, "cy", 0.1)
    made = partner.post("/api/v1/tags/at-risk/rule", {"rule": {"version": 1, "rule": LIKELY}})
    assert made.status_code == 201, made.content
    settle()
    asks = {"version": 1, "rule": {"on": "tags", "op": "has_any", "value": ["at-risk"]}}
    segment = partner.post("/api/v1/segments", {"name": "Win back", "rule": asks})
    assert segment.status_code == 201, segment.content
    settle()
    campaign = make_campaign(include=[segment.json()["slug"]])
    assert tagged(partner, people) == {"ana"}
    assert audience_of(campaign, timezone.now()).reachable == 1

    predict(partner, "bo", 0.85)
    settle()
    assert tagged(partner, people) == {"ana", "bo"}
    assert audience_of(campaign, timezone.now()).reachable == 2

    predict(partner, "ana", 0.2, version="2026-12")
    predict(partner, "bo", 0.01, version="2026-9")
    settle()
    assert tagged(partner, people) == {"bo"}
    sent = launched(campaign)
    assert partner.get(f"/api/v1/campaigns/{sent.public_id}").json()["people"] == 1

    no = ConsentEntry(purpose="personalisation", event="objected", source="request")
    record_consent(customer=people["bo"], entries=[no], by=SYSTEM, now=timezone.now())
    settle()
    assert tagged(partner, people) == set()
    assert audience_of(campaign, timezone.now()).total == 0
    assert partner.put("/api/v1/predictions/churn/bo", {"score": 1, "model_version": "3"}).status_code == 403
