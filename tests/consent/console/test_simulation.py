"""What changes if this customer moves: on the screen, at the API, from a shell."""

import json

import pytest
from django.core.management import call_command

from consent.models import ConsentEvent
from tests.factories.consent import make_person
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    client.force_login(make_staff("compliance_officer"))
    return client


def test_screen__german_customer_to_california__shows_both_answers_and_stores_nothing(officer):
    person = make_person()
    before = ConsentEvent.objects.count()

    page = officer.get(f"/console/customers/{person.public_id}/consent/move").content.decode()

    person.refresh_from_db()
    assert "California" in page and "45 days" in page and "changes" in page
    assert (person.country, ConsentEvent.objects.count()) == ("DE", before)


def test_screen__no_place__says_so(officer):
    assert officer.get(f"/console/customers/{make_person().public_id}/consent/move?place=ZZ").status_code == 422


def test_api__german_customer_to_california__answers_every_purpose_here_and_there(caller):
    person = make_person()

    answer = caller("consent:read").get(f"/api/v1/consents/simulate?subject={person.public_id}&place=US-CA").json()

    uses = {use["purpose"]: (use["before"], use["after"]) for use in answer["uses"]}
    assert (answer["region"], answer["place"]) == ("DE", "US-CA")
    assert uses["marketing_email"] == ("allow", "allow")
    assert uses["marketing_sms"] == ("deny", "deny")
    assert {row["topic"] for row in answer["clocks"]} >= {"Answer within", "Extension"}


@pytest.mark.parametrize(("query", "param"), [("place=DE", "subject"), ("subject=x", "place")])
def test_api__something_missing__is_refused_by_name(caller, query, param):
    answer = caller("consent:read").get(f"/api/v1/consents/simulate?{query}")

    assert (answer.status_code, answer.json()["param"]) == (400, param)


def test_api__no_place__is_refused(caller):
    subject = make_person().public_id

    answer = caller("consent:read").get(f"/api/v1/consents/simulate?subject={subject}&place=ZZ")

    assert (answer.status_code, answer.json()["param"]) == (400, "place")


def test_command__germany_to_california__answers_json(capsys):
    call_command("consent", "simulate", "--from", "DE", "--to", "US-CA", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (answer["before"], answer["after"]) == ("Germany", "California")
    assert {"topic": "Answer within", "before": "1 month", "after": "45 days"} in answer["clocks"]
