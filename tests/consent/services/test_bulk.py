"""Suppressing many customers from their list: asked twice, with a reason, as a job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import Suppression
from core.actors import SYSTEM
from core.models import Job, JobState, Role
from customers.models import Customer
from customers.services.customers import create_customer
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
LIST = "/console/customers?country=DE"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def people():
    countries = ("DE", "DE", "FR")
    return [
        create_customer(
            properties={"email": f"p{number}@example.com", "external_id": str(number), "country": country},
            by=SYSTEM,
            now=timezone.now(),
        )
        for number, country in enumerate(countries, start=1)
    ]


ALL = {"bulk": "suppress", "everything": "1"}
CONFIRMED = ALL | {"confirmed": "1", "expected": "2", "reason": "complaint", "sure": "on"}


def test_suppress__all_that_match__are_on_the_list_once_confirmed_twice(
    marketer, people, django_capture_on_commit_callbacks
):
    asked = marketer.post(LIST, ALL).content.decode()
    unsure = marketer.post(LIST, {name: value for name, value in CONFIRMED.items() if name != "sure"})
    nobody = Suppression.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        answer = marketer.post(LIST, CONFIRMED, follow=True)

    assert "counted just now" in asked and "compliance officer" in asked
    assert (unsure.status_code, nobody) == (200, 0)
    assert "Its progress stands under Jobs" in answer.content.decode()
    job = Job.objects.get(kind="bulk")
    assert (job.state, job.done, job.total) == (JobState.SUCCEEDED, 2, 2)
    assert {name: job.result[name] for name in ("suppressed", "identifiers_added", "without_identifier")} == {
        "suppressed": 2,
        "identifiers_added": 4,
        "without_identifier": 0,
    }
    assert set(Suppression.objects.values_list("customer__external_id", "reason")) == {
        ("1", "complaint"),
        ("2", "complaint"),
    }
    assert sorted(Customer.objects.filter(consent_mask=0).values_list("external_id", flat=True)) == ["1", "2"]


def test_suppress__number_changed_since__asks_again(marketer, people):
    answer = marketer.post(LIST, CONFIRMED | {"expected": "1"})

    assert answer.status_code == 409
    assert not Suppression.objects.exists() and not Job.objects.exists()


def test_suppress__without_the_right__is_refused(client, people):
    client.force_login(make_staff(Role.INTEGRATION))

    answer = client.post(LIST, CONFIRMED)

    assert answer.status_code == 403
    assert not Suppression.objects.exists()


def test_lapsed_view__shows_whom_nobody_has_seen_for_long(marketer, people):
    Customer.objects.filter(pk=people[0].pk).update(last_seen_at=timezone.now() - timedelta(days=91))
    Customer.objects.filter(pk=people[1].pk).update(last_seen_at=timezone.now())

    shown = marketer.get("/console/customers?activity=lapsed_90").content.decode()

    assert "Lapsed 90 days" in shown
    assert people[0].public_id in shown and people[1].public_id not in shown
