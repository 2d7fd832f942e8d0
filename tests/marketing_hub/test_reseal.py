"""`manage.py reseal`: after it the key before can go, whatever was sealed under it."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from consent.models import Confirmation, DataRequest
from consent.selectors.confirmations import asked_address
from consent.selectors.requests import opened
from consent.services.confirmations import Question, ask_confirmation
from core.actors import SYSTEM
from integrations.models import WebhookEndpoint
from integrations.services.webhooks import create_endpoint, rotate_signing_secret, signing_secrets
from tests.factories.consent import make_person
from tests.factories.requests import make_request, make_subject

pytestmark = pytest.mark.django_db
OLD, NEW = (f"{key_id}-0123456789-0123456789-0123456789" for key_id in ("2026a", "2026b"))


@pytest.fixture
def under_the_old_key(settings):
    """A webhook with two secrets, a request and a question by e-mail, all sealed under a key that is to go."""
    settings.FIELD_KEYS = {"2026a": OLD}
    endpoint = create_endpoint(
        values={"url": "https://partner.example.com/in", "event_types": ["*"]}, by=SYSTEM, now=timezone.now()
    ).endpoint
    rotate_signing_secret(endpoint=endpoint, by=SYSTEM, now=timezone.now())
    make_subject()
    make_request("access", details="Everything of 2024, please.")
    person = make_person(email="lena.marsh@example.com")
    question = Question(purposes=["marketing_sms"], locale="de", form_id="newsletter")
    ask_confirmation(customer=person, question=question, by=SYSTEM, now=timezone.now())
    return endpoint


def secrets_of(endpoint):
    return signing_secrets(endpoint=WebhookEndpoint.objects.get(pk=endpoint.pk), now=timezone.now())


def test_reseal__key_before_taken_away__everything_still_opens(under_the_old_key, settings, capsys):
    secrets = secrets_of(under_the_old_key)
    settings.FIELD_KEYS = {"2026b": NEW, "2026a": OLD}
    call_command("reseal", "--json")
    first = json.loads(capsys.readouterr().out)
    call_command("reseal", "--json")
    again = json.loads(capsys.readouterr().out)

    settings.FIELD_KEYS = {"2026b": NEW}

    request = DataRequest.objects.get()
    assert secrets_of(under_the_old_key) == secrets
    assert len(secrets) == 2
    assert opened(request.contact_sealed) == "jane.silva@example.com"
    assert opened(request.details_sealed) == "Everything of 2024, please."
    assert asked_address(Confirmation.objects.get()) == "lena.marsh@example.com"
    assert (first["webhook_secrets"], first["request_texts"] >= 3) == (2, True)
    assert (again["webhook_secrets"], again["request_texts"]) == (0, 0)


def test_reseal__key_before_missing__says_which_and_changes_nothing(under_the_old_key, settings):
    before = WebhookEndpoint.objects.get().secret
    settings.FIELD_KEYS = {"2026b": NEW}

    with pytest.raises(CommandError, match="2026a"):
        call_command("reseal")

    assert WebhookEndpoint.objects.get().secret == before
