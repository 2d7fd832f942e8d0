"""Messages that pages and apps show."""

import pytest
from django.core import mail
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.services.running import pause_campaign
from campaigns.services.sending import send_campaign
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from core.errors import InvalidInput
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db
BODY = 'Hello {{ customer.first_name | default: "there" }},\n\n[Look](https://shop.example.com/spring)'


def says(person, event):
    facts = {"notice_version": 1, "locale": "en", "evidence": {"form_id": "banner"}} if event == "granted" else {}
    entry = ConsentEntry(purpose="personalisation", event=event, source="web", **facts)
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=timezone.now())


@pytest.fixture
def shown():
    """A message in the app for one person without an e-mail address; one more said no."""
    people = make_people(2, country="DE")
    for number, person in enumerate(people):
        person.email, person.external_id = None, f"user-{number}"
        person.save()
    says(people[0], "granted")
    campaign = launched(make_campaign(people, channel="in_app", purpose="personalisation", body=BODY))
    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)
    return campaign, people[0]


@pytest.fixture
def ask(caller):
    client = caller("promotions:serve")

    def asked(user, query="&messages=true", **headers):
        return client.get(f"/api/v1/promotion?userId={user}{query}", **headers).json()

    return asked


def test_messages__person_who_agreed__are_in_the_answer_and_no_mail_leaves(shown, ask):
    campaign, person = shown

    found = ask("user-0")["messages"]

    assert [(one["campaignId"], one["title"]) for one in found] == [(campaign.public_id, "Spring is here")]
    assert found[0]["text"].startswith("Hello P0,") and "https://shop.example.com/spring" in found[0]["html"]
    assert "nsubscribe" not in found[0]["html"]
    assert ask(person.public_id)["messages"] == found
    assert not mail.outbox
    assert set(Delivery.objects.values_list("state", "reason")) == {("sent", ""), ("skipped", "consent_missing")}


def test_messages__not_asked_for__are_not_in_the_answer(shown, ask):
    assert "messages" not in ask("user-0", "")
    assert ask("user-0", "&messages=perhaps")["code"] == "invalid_parameter"


def test_messages__signal_or_withdrawn_or_unknown_or_paused__are_none(shown, ask):
    campaign, person = shown

    assert ask("nobody")["messages"] == ask("user-1")["messages"] == []
    assert len(ask("user-0")["messages"]) == 1
    pause_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())
    assert ask("user-0")["messages"] == []
    campaign.refresh_from_db()
    type(campaign).objects.filter(pk=campaign.pk).update(state="sending")
    says(person, "withdrawn")
    assert ask("user-0")["messages"] == []
    says(person, "granted")
    assert ask("user-0", sec_gpc="1")["messages"] == []


@pytest.mark.parametrize(("channel", "purpose"), [("in_app", "marketing_email"), ("email", "personalisation")])
def test_campaign__purpose_of_another_channel__is_refused(channel, purpose):
    with pytest.raises(InvalidInput, match="Invalid 'purpose'"):
        make_campaign(channel=channel, purpose=purpose)
