"""The disclosure ledger on the screen and at the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.services.consent import ConsentEntry, record_consent
from consent.services.disclosures import record_disclosure
from core.actors import SYSTEM
from customers.services.telling import Telling
from tests.factories.consent import make_person
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
LIST = Telling("client:cli_crm", "customers.list", ("identifiers", "name"))


@pytest.fixture
def officer(client):
    client.force_login(make_staff("compliance_officer"))
    return client


@pytest.fixture
def told():
    person = make_person()
    record_disclosure(telling=LIST, customer_ids=[person.pk], now=timezone.now())
    return person


def withdraw(person, at):
    entry = ConsentEntry(purpose="marketing_email", event="withdrawn", source="web", occurred_at=at)
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=timezone.now())


def test_ledger__search_by_customer__shows_who_received_her_data_only(officer, told):
    other = make_person()
    telling = Telling("client:cli_other", "customers.list", ("name",))
    record_disclosure(telling=telling, customer_ids=[other.pk], now=timezone.now())

    page = officer.get(f"/console/disclosures?customer={told.public_id}").content.decode()

    assert "client:cli_crm" in page
    assert "client:cli_other" not in page


def test_customer_page__somebody_received_the_data__names_who_and_what(officer, told):
    page = officer.get(f"/console/customers/{told.public_id}?panel=recipients", headers={"HX-Request": "true"})

    assert "client:cli_crm" in page.content.decode()
    assert "identifiers, name" in page.content.decode()


def test_after_no__withdrawn_before_the_read__is_listed(officer, told):
    withdraw(told, timezone.now() - timedelta(hours=3))

    page = officer.get("/console/disclosures/after-no?purpose=marketing_email&days=7").content.decode()

    assert "client:cli_crm" in page


def test_after_no__unknown_purpose__says_so(officer):
    assert officer.get("/console/disclosures/after-no?purpose=nothing").status_code == 422


def test_ledger__marketer__may_not_look(client, told):
    client.force_login(make_staff("marketer"))

    assert client.get("/console/disclosures").status_code == 403


def test_api__ledger_of_a_person_and_after_a_no__name_the_recipient(caller, told):
    withdraw(told, timezone.now() - timedelta(hours=3))
    auditor = caller("privacy:read")

    flows = auditor.get("/api/v1/disclosures?way=customers.list").json()["data"]
    hers = auditor.get(f"/api/v1/disclosures/customers/{told.public_id}").json()["data"]
    after = auditor.get("/api/v1/disclosures/after-no?purpose=marketing_email").json()["data"]

    assert [row["recipient"] for row in flows] == ["client:cli_crm"]
    assert hers[0]["kinds"] == ["identifiers", "name"] and hers[0]["hours"] == 1
    assert (after[0]["people"], after[0]["after"]) == (1, 1)


def test_api__without_purpose__is_refused_by_name(caller):
    answer = caller("privacy:read").get("/api/v1/disclosures/after-no")

    assert (answer.status_code, answer.json()["param"]) == (400, "purpose")
