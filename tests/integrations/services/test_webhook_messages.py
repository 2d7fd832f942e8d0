"""Campaigns and automations over webhooks: the courier takes their messages and steps to whoever asks for them."""

import json

import pytest
from django.utils import timezone

from campaigns.models import Delivery, StepRecord
from campaigns.selectors.channels import somebody_listens
from campaigns.services.automations.timers import run_timers
from campaigns.services.running import cancel_campaign, pause_campaign
from campaigns.services.sending import send_campaign
from consent.models import ConsentEvent
from core.actors import SYSTEM
from core.errors import Conflict
from core.models import OutboxMessage
from customers.models import Customer
from integrations.models import WebhookDelivery
from integrations.services import webhooks
from tests.campaigns.rules.automations.examples import graph
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import launched, make_campaign, make_people
from tests.factories.integrations import make_client, make_webhook
from tests.integrations.services.test_courier import endpoint_at, now, send, states
from tests.support.sinks import sink

pytestmark = pytest.mark.django_db(transaction=True)
BODY = 'Hello {{ customer.first_name | default: "you" }}'


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True
    settings.WEBHOOK_TIMEOUT_SECONDS = 30.0


def by_webhook(people):
    return launched(make_campaign(people, channel="webhook", body=BODY))


def work(campaign):
    return send_campaign(campaign_id=campaign.pk, slot=0, seconds=30, clock=timezone.now)


def full_endpoint(url):
    client = make_client(scopes=["customers:read", "customers.pii:read"])
    wanted = {"url": url, "event_types": ["campaign.message"], "payload": "full"}
    return webhooks.create_endpoint(values=wanted, client=client.public_id, by=SYSTEM, now=now())


def test_campaign__over_webhooks__arrives_with_words_for_each_person_once():
    with sink() as receiver:
        full_endpoint(receiver.url)
        people = make_people(2)
        campaign = by_webhook(people)

        sent = [work(campaign), work(campaign)]
        send()

        data = [json.loads(one.body)["data"] for one in receiver.got]
        assert sent == [2, 0]
        assert {one["id"] for one in data} == {person.public_id for person in people}
        assert {one["message"]["text"].strip() for one in data} == {"Hello P0", "Hello P1"}
        assert all(one["message"]["unsubscribe"].startswith("http") for one in data)
        assert {one["delivery"] for one in data} == set(Delivery.objects.values_list("pk", flat=True))
        assert "Hello" not in json.dumps(list(OutboxMessage.objects.values_list("payload", flat=True)))


def test_campaign__endpoint_that_gets_ids__is_told_no_words():
    with sink() as receiver:
        endpoint_at(receiver.url, event_types=["campaign.message"])
        campaign = by_webhook(make_people(1))

        work(campaign)
        send()

        data = json.loads(receiver.got[0].body)["data"]
        assert set(data) == {"id", "sequence", "campaign", "delivery"}


def test_campaign__no_endpoint_asks_for_messages__cannot_be_launched():
    with pytest.raises(Conflict, match="No active webhook asks for"):
        by_webhook(make_people(1))

    assert not Delivery.objects.exists()


def test_campaign__endpoint_is_paused_meanwhile__messages_wait():
    endpoint = make_webhook()
    campaign = by_webhook(make_people(1))
    webhooks.pause_endpoint(endpoint=endpoint, by=SYSTEM, now=now())

    sent = work(campaign)

    row = Delivery.objects.get()
    assert not somebody_listens("campaign.message")
    assert (sent, row.state, row.reason) == (0, "queued", "no_endpoint")
    assert not OutboxMessage.objects.filter(topic="campaign.message").exists()


def test_campaign__no_said_after_the_message_was_told__is_withheld():
    with sink() as receiver:
        full_endpoint(receiver.url)
        people = make_people(2)
        campaign = by_webhook(people)
        work(campaign)
        Customer.objects.filter(pk=people[0].pk).update(consent_mask=1)

        send()

        assert [json.loads(one.body)["data"]["id"] for one in receiver.got] == [people[1].public_id]
        assert states() == ["delivered", "withheld"]
        assert ConsentEvent.objects.exists()


def test_step__tells_webhooks__the_courier_brings_it():
    with sink() as receiver:
        endpoint_at(receiver.url, event_types=["automation.step"])
        (person,), at = make_people(1), timezone.now()
        step = {"type": "webhook", "name": "crm-task", "data": {"team": "north"}}
        run = put_in(make_automation(graph({"tell": step}, entry={"on": "api"})), person, at)

        run_timers(now=at)
        send()

        data = json.loads(receiver.got[0].body)["data"]
        assert (data["id"], data["run"], data["data"]) == (person.public_id, run.public_id, {"team": "north"})
        assert WebhookDelivery.objects.get().state == "delivered"
        assert StepRecord.objects.filter(outcome="told").count() == 1


def test_step__no_endpoint_asks_for_it__says_so_and_stays_in_the_feed():
    (person,), at = make_people(1), timezone.now()
    put_in(make_automation(graph({"tell": {"type": "webhook", "name": "crm"}}, entry={"on": "api"})), person, at)

    run_timers(now=at)

    assert StepRecord.objects.filter(outcome="no_listener").count() == 1
    assert OutboxMessage.objects.filter(topic="automation.step").count() == 1


@pytest.mark.parametrize(("stop", "arrives"), [(pause_campaign, 1), (cancel_campaign, 0)])
def test_campaign__stopped_after_the_message_was_told__leaves_only_when_paused(stop, arrives):
    with sink() as receiver:
        full_endpoint(receiver.url)
        campaign = by_webhook(make_people(1))
        work(campaign)
        stop(campaign=campaign, by=SYSTEM, now=now())

        send()

        assert len(receiver.got) == arrives
