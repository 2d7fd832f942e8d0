"""Predictions on screens: the list of models, the card of a customer, the builder of segments."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM, Actor, ActorKind
from customers.services.customers import create_customer
from engagement.models import Prediction
from engagement.rules.predictions import read_row
from engagement.services.predictions import Row, write_predictions
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
MODEL = Actor(kind=ActorKind.CLIENT, id="cli_model")


@pytest.fixture
def jane():
    now = timezone.now()
    customer = create_customer(properties={"external_id": "12345", "country": "DE"}, by=SYSTEM, now=now)
    said = {"score": 0.83, "model_version": "2026-11", "label": "likely"}
    write_predictions(rows=[Row(read_row(model="churn", user="12345", raw=said, now=now))], by=MODEL, now=now)
    return customer


@pytest.fixture
def console(client):
    client.force_login(make_staff("marketer"))
    return client


def card(console, customer):
    return console.get(f"/console/customers/{customer.public_id}").content.decode()


def test_customer_page__with_a_prediction__says_when_version_and_by_whom(console, jane):
    page = card(console, jane)

    assert all(part in page for part in ("<code>churn</code>", "0.83", "likely", "version 2026-11", "cli_model"))
    assert "Counts</span>" in page


def test_customer_page__expired_or_refused__says_that_it_does_not_count(console, jane):
    past = timezone.now() - timedelta(days=1)
    Prediction.objects.update(scored_at=past - timedelta(days=2), expires_at=past)
    expired = card(console, jane)
    entry = ConsentEntry(purpose="personalisation", event="objected", source="request")
    record_consent(customer=jane, entries=[entry], by=SYSTEM, now=timezone.now())
    refused = card(console, jane)

    assert "Expired: counts for nothing" in expired
    assert "Said no to profiling: counts for nothing" in refused


def test_models__listed__show_version_labels_and_people(console, jane):
    page = console.get("/console/predictions").content.decode()

    assert all(part in page for part in ("<code>churn</code>", "2026-11", "likely", "cli_model"))


def test_models__none__say_how_to_begin(console):
    assert "No model has written anything yet" in console.get("/console/predictions").content.decode()


def test_builder__of_segments__offers_what_models_say(console, jane):
    page = console.get("/console/segments/new").content.decode()

    assert all(f"churn: {word}" in page for word in ("score", "label", "date"))
    option = json.dumps({"on": "prediction", "field": "score", "model": "churn"}, sort_keys=True)
    assert option.replace('"', "&quot;") in page
