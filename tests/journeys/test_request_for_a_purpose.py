"""Erasing, anonymising and pseudonymising what is kept for one purpose: the person stays, the rest of her data too."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from consent.models import DataRequest, Letter, RequestStep, Suppression
from consent.rules.requests import PURPOSES, KeptFor, Kind
from consent.selectors.erased import erasures
from consent.selectors.requests import opened
from consent.services.request_decisions import approve_request, deliver_request, place_hold
from consent.services.request_erasure import preview
from consent.services.request_purposes import places_for
from core import privacy
from core.errors import Conflict, InvalidInput
from core.models import AuditEntry
from customers.models import Customer, CustomerTag, Purchase, Status, TagOrigin
from customers.services.tags import change_tags
from engagement.models import Event, Prediction
from engagement.rules.predictions import read_row
from engagement.services.predictions import Row, write_predictions
from tests.engagement.support import store_event
from tests.factories.requests import ONE, TWO, make_request, make_reviewed, make_subject, work

pytestmark = pytest.mark.django_db
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def jane():
    """Somebody with events, a prediction, a tag and an order."""
    person = make_subject()
    for hours in (1, 2):
        store_event(customer_id=person.pk, at=NOON - timedelta(hours=hours))
    said = read_row(model="churn", user=person.public_id, raw={"score": 0.8, "model_version": "1"}, now=NOON)
    write_predictions(rows=[Row(said)], by=ONE, now=NOON)
    change_tags(customer_ids=[person.pk], add=["vip"], origin=TagOrigin.API, by=ONE, now=NOON)
    order = {"order_id": "A-1", "amount": 12, "currency": "EUR", "purchased_at": NOON, "created_at": NOON}
    Purchase.objects.create(public_id="ord_1", customer=person, **order)
    return person


def done(purpose, verb):
    request = make_reviewed(Kind.ERASURE, NOON, purpose=purpose, verb=verb)
    approve_request(request=request, by=ONE, now=NOON)
    return deliver_request(request=work(approve_request(request=request, by=TWO, now=NOON), NOON), by=ONE, now=NOON)


def kept(person):
    """How many events, predictions and tags stand with the person."""
    owned = (Event, Prediction, CustomerTag)
    return tuple(model.objects.filter(customer_id=person.pk).count() for model in owned)


@pytest.mark.parametrize("verb", ["erase", "anonymise", "pseudonymise"])
@pytest.mark.parametrize(
    ("purpose", "left"), [("analytics", (0, 1, 1)), ("personalisation", (2, 0, 1)), ("marketing", (2, 1, 0))]
)
def test_purpose__by_each_verb__takes_what_is_kept_for_it_and_leaves_the_person(jane, purpose, verb, left):
    request = done(purpose, verb)

    jane.refresh_from_db()
    assert kept(jane) == left
    assert (jane.status, jane.email) == (Status.ACTIVE, "jane.silva@example.com")
    assert Purchase.objects.get().order_id == "A-1"
    assert not Suppression.objects.exists()
    assert (request.outcome["purpose"], request.outcome["verb"]) == (purpose, verb)
    assert request.outcome["scan"]["hits"] == {}
    assert request.outcome["scan"]["columns"] > 0
    listed = [(entry["verb"], entry["purpose"]) for entry in erasures() if entry.get("customer") == jane.public_id]
    assert listed == [(verb, purpose)]
    assert AuditEntry.objects.filter(action="request.fulfilled", target=request.public_id).exists()


def test_analytics__pseudonymised__events_stay_under_a_pseudonym_that_the_request_alone_knows(jane):
    request = done("analytics", "pseudonymise")

    other = Customer.objects.get(pk=Event.objects.values_list("customer_id", flat=True).distinct().get())
    assert other.pk != jane.pk
    assert (other.email, other.external_id, other.first_name, other.country) == (None, None, "", jane.country)
    assert not other.identities.exists()
    assert set(Event.objects.values_list("consent_ref", flat=True)) == {0}
    assert ["pseudonym", other.public_id] in json.loads(opened(request.subjects_sealed))
    assert other.public_id not in json.dumps(request.outcome)


def test_marketing__anonymised__tags_count_on_and_nobody_knows_whose_they_were(jane):
    request = done("marketing", "anonymise")

    tag = CustomerTag.objects.get()
    assert (tag.customer.email, tag.customer.created_via) == (None, "anonymised")
    assert tag.customer.public_id not in opened(request.subjects_sealed)


def test_analytics__erased__events_are_gone(jane):
    done("analytics", "erase")

    assert not Event.objects.exists()


def test_preview__of_a_purpose__names_its_places_alone_and_changes_nothing(jane):
    request = make_reviewed(Kind.ERASURE, NOON, purpose="marketing", verb="anonymise")

    found = {one.name: (one.rows, one.becomes) for one in preview(request=request)}

    assert found["customers.tags"] == (1, "kept for figures, without a person")
    assert found["customers.segments"][1] == "follows from the profile: stays"
    assert "engagement.events" not in found and "customers.profiles" not in found
    assert kept(jane) == (2, 1, 1)


def test_hold__while_it_stands__what_is_kept_for_a_purpose_stays_too(jane):
    request = make_reviewed(Kind.ERASURE, NOON, purpose="analytics")
    soon = NOON.date() + timedelta(days=30)
    place_hold(customer=jane, scope="case 7", reason="claim", review_on=soon, by=ONE, now=NOON)

    with pytest.raises(Conflict, match="legal hold"):
        approve_request(request=request, by=ONE, now=NOON)

    assert kept(jane) == (2, 1, 1)
    assert not RequestStep.objects.filter(request=request, action="erase").exists()


@pytest.mark.parametrize(("kind", "purpose"), [("access", "marketing"), ("erasure", "fun")])
def test_request__purpose_that_cannot_be__is_refused_by_service_and_database(jane, kind, purpose):
    with pytest.raises(InvalidInput) as refusal:
        make_request(kind, NOON, purpose=purpose)

    assert refusal.value.param == "purpose"
    assert not DataRequest.objects.exists()
    request = make_request(kind, NOON)
    with pytest.raises(IntegrityError, match="request_purpose_of_erasure"), transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(purpose=purpose)


def test_request__for_another_purpose__is_no_duplicate(jane):
    first, second, same = (make_request("erasure", NOON, purpose=name) for name in ("marketing", "", "marketing"))

    assert (second.duplicate_of, same.duplicate_of) == (None, first)


def test_registry__each_purpose__has_places_and_no_word_is_left_over():
    words = {place.purpose.partition(",")[0] for place in privacy.places()}

    assert set(PURPOSES) <= words
    assert all(places_for(purpose) for purpose in KeptFor.values)


def after_a_restore(person):
    """A backup older than the erasure: what was erased is there again, and nobody knows the request."""
    DataRequest.objects.update(public_id=DataRequest.new_public_id())
    change_tags(customer_ids=[person.pk], add=["vip"], origin=TagOrigin.API, by=ONE, now=NOON)


def run(*words):
    out = StringIO()
    call_command("erasures", *map(str, words), stdout=out)
    return out.getvalue()


def test_restore__after_an_erasure_for_a_purpose__that_alone_is_repeated_and_once(jane, tmp_path):
    first = done("marketing", "erase").public_id
    run("export", "--file", tmp_path / "list")
    after_a_restore(jane)

    dry = run("repeat", "--file", tmp_path / "list", "--dry-run")
    told = run("repeat", "--file", tmp_path / "list")

    assert f"{jane.public_id} holds again what is kept for marketing: erase, first by {first}" in dry
    assert "0 people are back." in dry and "1 erasures for one purpose" in dry
    assert f"{jane.public_id}: erased again what is kept for marketing" in told
    jane.refresh_from_db()
    assert (kept(jane), jane.status) == ((2, 1, 0), Status.ACTIVE)
    again = DataRequest.objects.latest("pk")
    assert (again.purpose, again.state, again.outcome["scan"]["hits"]) == ("marketing", "delivered", {})
    change_tags(customer_ids=[jane.pk], add=["vip"], origin=TagOrigin.API, by=ONE, now=NOON)
    assert "0 erasures for one purpose repeated." in run("repeat", "--file", tmp_path / "list")
    assert kept(jane) == (2, 1, 1)


def test_restore__of_a_backup_younger_than_the_erasure__leaves_what_came_after_it(jane, tmp_path):
    done("marketing", "erase")
    run("export", "--file", tmp_path / "list")
    change_tags(customer_ids=[jane.pk], add=["vip"], origin=TagOrigin.API, by=ONE, now=NOON)

    told = run("repeat", "--file", tmp_path / "list")

    assert "0 erasures for one purpose repeated." in told
    assert kept(jane) == (2, 1, 1)


@pytest.mark.parametrize(
    ("locale", "part", "rest"),
    [
        ("en", "erasure of what we keep about you for marketing", "Whatever else we hold about you stays"),
        ("de", "für Werbung", "bleibt unverändert"),
        ("fr", "à des fins de marketing", "restent inchangées"),
        ("es", "con fines de marketing", "no cambian"),
    ],
)
def test_letters__of_an_erasure_for_a_purpose__name_the_part_and_say_that_the_rest_stays(jane, locale, part, rest):
    request = make_reviewed(Kind.ERASURE, NOON, purpose="marketing", locale=locale)
    approve_request(request=request, by=ONE, now=NOON)
    deliver_request(request=work(approve_request(request=request, by=TWO, now=NOON), NOON), by=ONE, now=NOON)

    body = Letter.objects.get(kind="done").body

    assert part in body and rest in body
