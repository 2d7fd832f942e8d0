"""/webhooks: endpoints of one client, their secret, what was delivered, and sending again."""

from datetime import UTC, datetime, timedelta

import pytest

from core import outbox
from core.models import AuditEntry, Job, JobState, OutboxMessage
from integrations.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from integrations.services import webhook_replay
from integrations.services.webhook_planning import insert, wish_of
from tests.factories.integrations import make_delivery

pytestmark = pytest.mark.django_db
HOOK = {"url": "https://crm.example.com/hooks", "event_types": ["customer.*"]}


@pytest.fixture
def partner(caller):
    return caller("webhooks:manage", tier="unlimited")


def now():
    return datetime.now(UTC)


def made(partner, **values):
    answer = partner.post("/api/v1/webhooks", HOOK | values)
    assert answer.status_code == 201, answer.content
    return answer.json()


def row_of(answer):
    return WebhookEndpoint.objects.get(public_id=answer["id"])


def test_create__valid__answers_the_secret_once_and_stores_it_sealed(partner):
    answer = made(partner)

    row = row_of(answer)
    read = partner.get(f"/api/v1/webhooks/{answer['id']}")
    assert answer["secret"].startswith("whsec_")
    assert answer["secret"] not in row.secret
    assert "secret" not in read.json()
    assert (answer["purpose"], answer["payload"], answer["state"]) == ("service", "thin", "active")
    assert AuditEntry.objects.filter(action="webhook.created", target=answer["id"]).exists()


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"url": "http://crm.example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://crm.example.com:22/hooks"}, "url"),
        ({"url": "https://localhost/"}, "url"),
        ({"url": 5}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["nobody.knows"]}, "event_types"),
        ({"filters": {"segment": "vip"}}, "filters"),
        ({"payload": "everything"}, "payload"),
        ({"payload_version": "2"}, "payload_version"),
        ({"purpose": "unheard_of"}, "purpose"),
        ({"parallel": 0}, "parallel"),
        ({"parallel": True}, "parallel"),
        ({"keep_order": "yes"}, "keep_order"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_create__invalid__is_refused_by_name_and_stores_nothing(partner, values, param):
    answer = partner.post("/api/v1/webhooks", HOOK | values)

    assert answer.status_code == 400
    assert answer.json()["param"] == param
    assert not WebhookEndpoint.objects.exists()


def test_endpoints__of_another_client__do_not_exist(partner, caller):
    answer = made(partner)
    other = caller("webhooks:manage")

    assert other.get(f"/api/v1/webhooks/{answer['id']}").status_code == 404
    assert other.delete(f"/api/v1/webhooks/{answer['id']}").status_code == 404
    assert other.get("/api/v1/webhooks").json()["data"] == []
    assert WebhookEndpoint.objects.count() == 1


def test_rotate__secret__is_new_and_the_old_one_signs_for_a_day(partner):
    answer = made(partner)

    rotated = partner.post(f"/api/v1/webhooks/{answer['id']}/secret/rotate").json()

    row = row_of(answer)
    assert rotated["secret"] not in ("", answer["secret"])
    assert len(row.both_secrets(now() + timedelta(hours=23))) == 2
    assert len(row.both_secrets(now() + timedelta(hours=25))) == 1


def test_test__active_endpoint__queues_a_ping_for_it_alone(partner):
    one, two = made(partner), made(partner)

    answer = partner.post(f"/api/v1/webhooks/{one['id']}/test")

    assert answer.status_code == 202
    assert WebhookDelivery.objects.get().endpoint.public_id == one["id"]
    assert partner.get(f"/api/v1/webhooks/{two['id']}/deliveries").json()["data"] == []


def test_pause_and_enable__in_turn__work_and_refuse_twice(partner):
    address = f"/api/v1/webhooks/{made(partner)['id']}"

    assert partner.post(f"{address}/pause").json()["state"] == "paused"
    assert partner.post(f"{address}/pause").status_code == 409
    assert partner.post(f"{address}/test").status_code == 409
    assert partner.post(f"{address}/enable").json()["state"] == "active"
    assert partner.post(f"{address}/enable").status_code == 409


def test_delivery__read_by_any_of_its_ids__shows_each_attempt(partner):
    answer = made(partner)
    row = make_delivery(row_of(answer))

    for name in (row.public_id, row.message_id, f"evt_{row.message_id[4:]}"):
        read = partner.get(f"/api/v1/webhooks/{answer['id']}/deliveries/{name}").json()
        assert (read["state"], read["status"]) == ("waiting", 500)
        assert [one["answer"] for one in read["log"]] == ["upstream error"]


def test_retry__given_up__waits_again_in_another_round_under_the_same_message(partner):
    answer = made(partner)
    row = make_delivery(row_of(answer))
    WebhookDelivery.objects.update(state=DeliveryState.EXHAUSTED, ended_at=now())

    sent = partner.post(f"/api/v1/webhooks/{answer['id']}/deliveries/{row.public_id}/retry")

    again = WebhookDelivery.objects.get()
    assert sent.status_code == 202
    assert (again.state, again.round, again.attempts, again.message_id) == ("waiting", 2, 0, row.message_id)


def test_retry__payload_past_its_retention__is_refused_and_nothing_waits(partner):
    answer = made(partner)
    row = make_delivery(row_of(answer))
    WebhookDelivery.objects.update(state=DeliveryState.EXHAUSTED, ended_at=now())
    OutboxMessage.objects.all().delete()

    sent = partner.post(f"/api/v1/webhooks/{answer['id']}/deliveries/{row.public_id}/retry")

    assert (sent.status_code, sent.json()["code"]) == (409, "payload_gone")
    assert WebhookDelivery.objects.get().state == DeliveryState.EXHAUSTED


def recovered(partner, answer, **body):
    sent = partner.post(f"/api/v1/webhooks/{answer['id']}/recover", {"since": "2026-01-01T00:00:00Z", **body})
    assert sent.status_code == 202, sent.content
    job = Job.objects.get(public_id=sent.json()["job"])
    webhook_replay.run_replay(job_id=job.public_id, clock=now)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED
    return job.result["queued"]


def test_recover__missed__queues_what_was_given_up_and_what_was_never_queued(partner):
    answer = made(partner)
    outbox.publish_many([outbox.Fact("customer.updated", f"cus_{n}", {}) for n in range(5)])
    messages = list(OutboxMessage.objects.filter(topic="customer.updated").order_by("pk"))
    insert(wishes=[wish_of(endpoint=row_of(answer))], messages=messages[:3], now=now(), earlier=True)
    rows = list(WebhookDelivery.objects.order_by("pk").values_list("pk", flat=True))
    WebhookDelivery.objects.filter(pk=rows[0]).update(state=DeliveryState.DELIVERED, ended_at=now())
    WebhookDelivery.objects.filter(pk=rows[1]).update(state=DeliveryState.EXHAUSTED, ended_at=now())

    queued = recovered(partner, answer)

    assert queued == 3
    assert WebhookDelivery.objects.filter(state=DeliveryState.WAITING).count() == 4
    assert recovered(partner, answer) == 0
    assert recovered(partner, answer, what="all") == 1


def test_recover__delivery_waits_behind_an_open_breaker__is_due_at_once(partner):
    answer = made(partner)
    outbox.publish(topic="customer.updated", subject="cus_1", payload={})
    message = OutboxMessage.objects.get(topic="customer.updated")
    insert(wishes=[wish_of(endpoint=row_of(answer))], messages=[message], now=now(), earlier=True)
    late = now() + timedelta(hours=3)
    WebhookDelivery.objects.update(due_at=late, attempts=4)
    WebhookEndpoint.objects.update(failures=9, closed_until=late)

    queued = recovered(partner, answer)

    delivery, endpoint = WebhookDelivery.objects.get(), row_of(answer)
    assert (queued, delivery.attempts, delivery.round) == (0, 4, 1)
    assert delivery.due_at <= now()
    assert (endpoint.failures, endpoint.closed_until) == (0, None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
        ({"since": "2999-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-01-01T00:00:00Z", "what": "half"}, "what"),
        ({"since": "2026-01-01T00:00:00Z", "from": 1}, "from"),
    ],
)
def test_recover__invalid__is_refused_and_no_job_starts(partner, body, param):
    answer = made(partner)

    sent = partner.post(f"/api/v1/webhooks/{answer['id']}/recover", body)

    assert (sent.status_code, sent.json()["param"]) == (400, param)
    assert not Job.objects.exists()


def test_planning__filters__keep_out_other_values(partner):
    answer = made(partner, event_types=["segment.entered"], filters={"segment": ["vip"]})
    for slug in ("vip", "other"):
        outbox.publish(topic="segment.entered", subject="cus_1", payload={"segment": slug})

    insert(
        wishes=[wish_of(endpoint=row_of(answer))], messages=list(OutboxMessage.objects.all()), now=now(), earlier=True
    )

    assert WebhookDelivery.objects.count() == 1
