"""The screens of the registers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import Activity, Breach, Processor, RightsAgent
from core.models import AuditEntry
from tests.factories.core import make_staff
from tests.factories.integrations import make_webhook
from tests.factories.registers import (
    activity_example,
    activity_values,
    agent_example,
    agent_values,
    breach_example,
    processor_example,
    processor_values,
)

pytestmark = pytest.mark.django_db
WORDS = ("activities", "processors", "breaches", "agents")


@pytest.fixture
def officer(client):
    client.force_login(make_staff("compliance_officer"))
    return client


def test_new_activity__filled_in__is_stored_and_shown(officer):
    answer = officer.post("/console/activities/new", {**activity_values(), "transfer": "none"}, follow=True)

    row = Activity.objects.get()
    assert answer.redirect_chain[-1][0].endswith(row.public_id)
    assert "Telling customers about offers" in answer.content.decode()


def test_new_activity__purpose_missing__nothing_is_stored(officer):
    answer = officer.post("/console/activities/new", {**activity_values(purpose=""), "transfer": "none"})

    assert answer.status_code == 422
    assert not Activity.objects.exists()


def test_new_agent__with_its_public_key__is_registered_and_shown_without_a_token(officer):
    answer = officer.post("/console/agents/new", agent_values(relies_on_email="on"), follow=True)

    row = RightsAgent.objects.get()
    shown = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith(row.public_id)
    assert row.relies_on_email
    assert row.verify_key.replace("+", "&#x2B;") in shown.replace("+", "&#x2B;")
    assert "oken digest" not in shown
    assert AuditEntry.objects.filter(action="agent.added", target=row.public_id).exists()


def test_new_agent__key_that_is_none__is_refused_beside_the_field_and_nothing_is_stored(officer):
    answer = officer.post("/console/agents/new", agent_values(verify_key="c2hvcnQ="))

    assert answer.status_code == 400
    assert "no public key of Ed25519" in answer.content.decode()
    assert not RightsAgent.objects.exists()


def test_edit_breach__closed_without_a_judgement__is_refused_beside_the_field(officer):
    public_id = breach_example()["public_id"]
    row = Breach.objects.get()
    values = {
        "name": row.name,
        "aware_at": f"{row.aware_at:%Y-%m-%dT%H:%M}",
        "happened": row.happened,
        "data_kinds": row.data_kinds,
        "risk": "unknown",
        "closed_at": f"{row.aware_at:%Y-%m-%dT%H:%M}",
    }

    answer = officer.post(f"/console/breaches/{public_id}/edit", values)

    assert "Judge the risk before closing." in answer.content.decode()
    assert Breach.objects.get().closed_at is None


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("word", WORDS)
def test_export__register__is_a_file_and_on_record(officer, word, form):
    for make in (activity_example, processor_example, breach_example, agent_example):
        make()

    answer = officer.post(f"/console/{word}/export", {"format": form})

    assert answer["Content-Disposition"].endswith(f'.{form}"')
    assert b"public_id" in answer.content
    assert AuditEntry.objects.get(action="register.exported").changes == {"rows": [0, 1], "format": ["", form]}


@pytest.mark.parametrize("word", WORDS)
def test_registers__other_roles__may_not_look(client, word):
    client.force_login(make_staff("marketer"))

    assert client.get(f"/console/{word}").status_code == 403
    assert client.post(f"/console/{word}/export", {"format": "csv"}).status_code == 403


def test_alerts__breach_open_and_agreement_ending__stand_on_every_page(officer):
    breach_example()
    processor_example()

    page = officer.get("/console/activities").content.decode()

    assert "Breach: tell the authority by" in page


def test_processor__page__says_whether_data_may_go_there_and_what_leads_there(officer):
    public_id = processor_example()["public_id"]
    day = timezone.now().date() + timedelta(days=90)
    values = processor_values(name="Mail House", transfer="none", storage_places="de, US", certificate="SOC 2")
    values |= {"certificate_ends_on": day, "signed_on": "2025-01-10"}

    officer.post(f"/console/processors/{public_id}/edit", values)
    make_webhook(processor=public_id)

    row = Processor.objects.get()
    shown = officer.get(f"/console/processors/{public_id}").content.decode()
    assert row.storage_places == ["DE", "US"]
    assert "May get data" in shown
    assert "CRM" in shown


def test_processor__place_that_is_none__is_refused_beside_the_field(officer):
    public_id = processor_example()["public_id"]

    answer = officer.post(
        f"/console/processors/{public_id}/edit", processor_values(transfer="none", barred_places="Atlantis")
    )

    assert "is no code of a country" in answer.content.decode()
    assert Processor.objects.get().barred_places == []
