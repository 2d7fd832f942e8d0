"""The courier against receivers on this machine: what arrives, what is tried again, who is not held up by whom."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import svix
from django.conf import settings as hub
from standardwebhooks import Webhook

from consent.models import DisclosureFlow
from core import outbox
from core.actors import SYSTEM
from core.models import OutboxMessage
from customers.models import Customer
from integrations.models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint, WebhookHour
from integrations.services import webhooks
from integrations.services.courier import Courier
from tests.factories.consent import make_person
from tests.support.sinks import sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True
    settings.WEBHOOK_TIMEOUT_SECONDS = 2.0


def now():
    return datetime.now(UTC)


def endpoint_at(url, **values):
    wanted = {"url": url, "event_types": ["*"], **values}
    return webhooks.create_endpoint(values=wanted, by=SYSTEM, now=now() - timedelta(minutes=1))


def say(*subjects, topic="campaign.launched", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, payload) for subject in subjects])


def send(clock=None):
    """One round of the courier, once nothing older runs on the server: until then the log holds everybody back.

    Its clock stands still unless another is given: a second attempt, up to 5 s later, does not come into the round.
    """
    began = now()
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)
    with ThreadPoolExecutor(1) as pool:  # where a browser was open before, this thread has a loop that never ends
        pool.submit(asyncio.run, Courier(clock=clock or (lambda: began)).run_until_empty()).result()


def states():
    return sorted(WebhookDelivery.objects.values_list("state", flat=True))


def test_delivery__arrives__is_signed_for_both_libraries_and_logged():
    with sink() as receiver:
        made = endpoint_at(receiver.url)
        say("cmp_1", campaign="cmp_1", by="staff:usr_1")

        send()

        got = receiver.got[0]
        body = Webhook(made.secret).verify(got.body, got.headers)
        svix.Webhook(made.secret).verify(got.body, got.headers)
        message = OutboxMessage.objects.get(topic="campaign.launched")
        delivery = WebhookDelivery.objects.get()
        assert len(receiver.got) == 1
        assert got.headers["webhook-id"] == message.message_id
        assert body["type"] == "campaign.launched"
        assert body["data"] == {"id": "cmp_1", "sequence": f"{message.xid}.{message.pk}", "campaign": "cmp_1"}
        assert (body["id"], body["api_version"], body["livemode"]) == (f"evt_{message.message_id[4:]}", "1", True)
        assert (delivery.state, delivery.status, delivery.attempts) == (DeliveryState.DELIVERED, 200, 1)
        assert delivery.log.get().answer == '{"ok":true}'
        assert WebhookHour.objects.get().delivered == 1


def test_delivery__while_a_secret_rotates__opens_with_the_old_and_the_new_one():
    with sink() as receiver:
        made = endpoint_at(receiver.url)
        fresh = webhooks.rotate_signing_secret(endpoint=made.endpoint, by=SYSTEM, now=now())
        say("cmp_1")

        send()

        for secret in (made.secret, fresh):
            Webhook(secret).verify(receiver.got[0].body, receiver.got[0].headers)
        say("cmp_2")
        WebhookEndpoint.objects.update(old_secret_until=now())
        send()
        assert len(receiver.got[1].headers["webhook-signature"].split(" ")) == 1


def test_delivery__refused__waits_and_is_tried_again_under_the_same_id():
    with sink(status=500) as receiver:
        endpoint_at(receiver.url)
        say("cmp_1")

        send()
        waiting = WebhookDelivery.objects.get()
        receiver.status = 202
        send(lambda: waiting.due_at + timedelta(seconds=1))

        assert (waiting.state, waiting.status, waiting.attempts) == (DeliveryState.WAITING, 500, 1)
        assert waiting.due_at <= waiting.first_at + timedelta(seconds=5)
        assert receiver.ids[0] == receiver.ids[1]
        assert states() == ["delivered"]
        assert [attempt.number for attempt in WebhookDelivery.objects.get().log.order_by("id")] == [1, 2]


def test_delivery__retry_after__is_honoured_for_the_whole_endpoint():
    with sink(status=429, extra={"Retry-After": "120"}) as receiver:
        made = endpoint_at(receiver.url, parallel=1)
        say("cmp_1", "cmp_2")

        send()

        made.endpoint.refresh_from_db()
        first = WebhookDelivery.objects.order_by("id")[0]
        assert first.due_at >= first.first_at + timedelta(seconds=120)
        assert made.endpoint.closed_until >= first.first_at + timedelta(seconds=119)
        assert len(receiver.got) == 1


def test_delivery__receiver_is_gone__disables_the_endpoint_and_tells():
    with sink(status=410) as receiver:
        made = endpoint_at(receiver.url)
        say("cmp_1")

        send()

        made.endpoint.refresh_from_db()
        assert made.endpoint.state == EndpointState.DISABLED
        assert OutboxMessage.objects.filter(topic="endpoint.disabled", subject=made.endpoint.public_id).exists()


def test_endpoints__one_hangs_and_one_fails__the_healthy_one_gets_everything_at_once():
    with sink() as healthy, sink(status=503) as failing, sink(hangs=True) as hanging:
        for receiver in (healthy, failing, hanging):
            endpoint_at(receiver.url, keep_order=False)
        subjects = [f"cmp_{number}" for number in range(60)]
        began = now().timestamp()
        say(*subjects)

        send(now)

        assert len(healthy.got) == 60
        assert max(got.at for got in healthy.got) - began < hub.WEBHOOK_TIMEOUT_SECONDS + 28
        assert (
            max(got.at for got in healthy.got)
            < max(WebhookDelivery.objects.filter(error="timeout").values_list("log__at", flat=True)).timestamp()
            + hub.WEBHOOK_TIMEOUT_SECONDS
        )
        assert len(failing.got) < 60, "its breaker opened"
        assert len(hanging.got) < 60
        assert states().count("delivered") == 60


def test_order__one_of_a_key_fails__the_next_of_that_key_waits_and_others_go_on():
    with sink() as receiver:
        endpoint_at(receiver.url)
        say("cmp_1", number=1)
        receiver.status = 500
        stopped_clock = now()
        send(lambda: stopped_clock)
        receiver.status = 200
        say("cmp_1", "cmp_2", number=2)

        send(lambda: stopped_clock)

        def sent():
            told = [json.loads(got.body)["data"] for got in receiver.got]
            return [(data["id"], data["number"]) for data in told]

        assert sent() == [("cmp_1", 1), ("cmp_2", 2)]
        later = WebhookDelivery.objects.filter(order_key="cmp_1").order_by("id")[0].due_at + timedelta(seconds=1)
        send(lambda: later)
        assert sent()[2:] == [("cmp_1", 1), ("cmp_1", 2)]


def test_order__many_of_one_key__arrive_in_the_order_of_the_log():
    with sink() as receiver:
        endpoint_at(receiver.url)
        for number in range(100):
            say(f"cmp_{number % 3}", number=number)

        send()

        for key in range(3):
            told = [json.loads(got.body)["data"] for got in receiver.got]
            own = [data["number"] for data in told if data["id"] == f"cmp_{key}"]
            assert own == sorted(own)
        assert len(receiver.got) == 100


def test_person__purpose_not_allowed__is_withheld_but_a_no_reaches_everybody():
    with sink() as receiver:
        endpoint_at(receiver.url, purpose="sale_share")
        person = make_person(email="jane@example.com")
        say(person.public_id, topic="customer.updated")
        say(person.public_id, topic="consent.withdrawn")

        send()

        sent = [json.loads(got.body)["type"] for got in receiver.got]
        assert sent.count("customer.updated") == 0
        assert "consent.withdrawn" in sent
        assert WebhookDelivery.objects.get(event_type="customer.updated").state == DeliveryState.WITHHELD


def test_person__told_to_a_partner__stands_in_the_disclosure_ledger():
    with sink() as receiver:
        made = endpoint_at(receiver.url)
        person = make_person(email="jane@example.com")
        say(person.public_id, topic="customer.updated", changed=["email"])

        send()

        assert Customer.objects.count() == 1
        assert b"jane@example.com" not in b"".join(got.body for got in receiver.got)
        flows = DisclosureFlow.objects.filter(recipient=f"webhook:{made.endpoint.public_id}", way="webhook")
        assert "record" in set(flows.values_list("kinds", flat=True))


def test_full_payload__client_may_see_personal_data__holds_the_customer(caller):
    client = caller("webhooks:manage", "customers:read", "customers.pii:read").client
    with sink() as receiver:
        wanted = {"url": receiver.url, "event_types": ["customer.updated"], "payload": "full"}
        webhooks.create_endpoint(values=wanted, client=client.public_id, by=SYSTEM, now=now() - timedelta(minutes=1))
        person = make_person(email="jane@example.com")
        say(person.public_id, topic="customer.updated")

        send()

        told = json.loads(receiver.got[-1].body)["data"]["customer"]
        assert (told["id"], told["email"]) == (person.public_id, "jane@example.com")


def test_cloudevents__asked_for__are_sent_structured():
    with sink() as receiver:
        endpoint_at(receiver.url, format="cloudevents")
        say("cmp_1")

        send()

        body = json.loads(receiver.got[0].body)
        assert receiver.got[0].headers["content-type"] == "application/cloudevents+json"
        assert {"id", "source", "specversion", "type"} <= body.keys()
        assert (body["specversion"], body["subject"]) == ("1.0", "cmp_1")


def test_delivery__endpoint_moved_into_a_private_network__is_refused_without_a_connection(settings):
    with sink() as receiver:
        endpoint_at(receiver.url)
        say("cmp_1")
        settings.WEBHOOK_LOOPBACK = False

        send()

        assert receiver.got == []
        assert WebhookDelivery.objects.get().error == "address_refused"


def test_delivery__certificate_nobody_signed__is_refused(tmp_path):
    pytest.importorskip("cryptography")
    with sink() as receiver:
        endpoint_at(receiver.url.replace("http://", "https://"))
        say("cmp_1")

        send()

        assert receiver.got == []
        assert WebhookDelivery.objects.get().error in ("tls", "connection_broken")
