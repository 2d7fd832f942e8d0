"""Connections to companies without a valid agreement: none begins, those that work stop, with the reason."""

from datetime import UTC, datetime, timedelta

import pytest

from consent.models import Processor
from consent.selectors.papers import connections_of
from consent.services.registers import save_entry
from core import outbox
from core.actors import SYSTEM
from core.errors import InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from customers.services.attributes import define_attribute
from customers.services.customers import update_customer
from integrations.models import ApiClient, EndpointState, LogSink, WebhookEndpoint
from integrations.rules.envelopes import Happening
from integrations.rules.streams import Mark
from integrations.selectors.sinks import active_sinks, read_batch
from integrations.selectors.webhook_queue import audience_of, contents
from integrations.selectors.webhooks import active_endpoints, covered
from integrations.services.clients import enable_client
from integrations.services.papers import stop_uncovered
from integrations.services.sinks import change_sink, resume_sink
from integrations.services.webhooks import change_endpoint, enable_endpoint
from tests.factories.consent import make_person
from tests.factories.integrations import make_client, make_sink, make_webhook
from tests.factories.registers import processor_values
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
PROOF = {"certificate": "ISO 27001", "certificate_ends_on": TODAY + 100 * DAY, "agreement_ends_on": TODAY + 30 * DAY}


def company(row=None, **facts):
    values = processor_values(**(PROOF | facts)) if row is None else facts
    return save_entry(row=row or Processor(), values=values, by=SYSTEM, now=NOW)


def ended(row):
    return company(row, agreement_ends_on=TODAY - DAY)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"agreement_ends_on": TODAY - DAY}, "ended on"),
        ({"certificate": "", "certificate_ends_on": None}, "no proof of security"),
        ({"certificate_ends_on": TODAY - DAY}, "proof of security of Mail House"),
    ],
)
def test_create_endpoint__company_whose_papers_do_not_hold__is_refused_and_nothing_is_stored(facts, words):
    row = company(**facts)

    with pytest.raises(InvalidState, match=words) as refusal:
        make_webhook(processor=row.public_id)

    assert (refusal.value.code, refusal.value.param) == ("processor_not_covered", "processor")
    assert not WebhookEndpoint.objects.exists()


def test_create_endpoint__company_nobody_registered__is_refused():
    with pytest.raises(InvalidInput, match="no such company"):
        make_webhook(processor="prc_nobody")

    assert not WebhookEndpoint.objects.exists()


def test_change_endpoint__to_a_company_whose_agreement_ended__is_refused():
    endpoint, row = make_webhook(), company(agreement_ends_on=TODAY - DAY)

    with pytest.raises(InvalidState, match="ended on"):
        change_endpoint(endpoint=endpoint, values={"processor": row.public_id}, by=SYSTEM, now=NOW)

    endpoint.refresh_from_db()
    assert endpoint.processor == ""


def test_agreement_ends__endpoint_that_works__is_not_sent_to_and_stopped_with_the_reason():
    row = company()
    endpoint, other = make_webhook(processor=row.public_id), make_webhook()
    ended(row)

    sent_to = covered(active_endpoints(), today=TODAY)
    stopped = stop_uncovered(now=NOW)

    endpoint.refresh_from_db()
    assert [one.pk for one in sent_to] == [other.pk]
    assert stopped == 1
    assert endpoint.state == EndpointState.DISABLED
    assert endpoint.state_reason == f"The data-processing agreement with Mail House ended on {TODAY - DAY}."
    assert AuditEntry.objects.get(action="webhook.disabled").reason == endpoint.state_reason
    assert OutboxMessage.objects.get(topic="endpoint.disabled").subject == endpoint.public_id
    assert stop_uncovered(now=NOW) == 0


def test_enable_endpoint__agreement_ended__is_refused_until_it_is_renewed():
    row = company()
    endpoint = make_webhook(processor=row.public_id)
    ended(row)
    stop_uncovered(now=NOW)

    with pytest.raises(InvalidState, match="ended on"):
        enable_endpoint(endpoint=endpoint, by=SYSTEM, now=NOW)
    company(row, agreement_ends_on=TODAY + 365 * DAY)

    assert enable_endpoint(endpoint=endpoint, by=SYSTEM, now=NOW).state == EndpointState.ACTIVE


def test_agreement_ends__sink_that_works__is_not_written_to_and_paused_with_the_reason():
    row = company()
    sink, other = make_sink(processor=row.public_id), make_sink(name="Ours")
    ended(row)

    written_to = covered(active_sinks(), today=TODAY)
    stopped = stop_uncovered(now=NOW)

    sink.refresh_from_db()
    assert [one.pk for one in written_to] == [other.pk]
    assert (stopped, stop_uncovered(now=NOW)) == (1, 0)
    assert sink.state == "paused"
    assert sink.state_reason == f"The data-processing agreement with Mail House ended on {TODAY - DAY}."
    assert AuditEntry.objects.get(action="sink.paused", target=sink.public_id).reason == sink.state_reason
    with pytest.raises(InvalidState, match="ended on"):
        resume_sink(sink=sink, by=SYSTEM, now=NOW)
    company(row, agreement_ends_on=TODAY + 365 * DAY)
    assert resume_sink(sink=sink, by=SYSTEM, now=NOW).state == "active"


def test_agreement_ends__sink_of_the_client_of_the_company__is_not_written_to():
    client = make_client()
    row = company(client=client.public_id)
    make_sink(client=client.public_id)
    ended(row)

    assert covered(active_sinks(), today=TODAY) == []


def test_sink__company_whose_papers_do_not_hold__is_refused_and_nothing_is_stored():
    row, ours = company(agreement_ends_on=TODAY - DAY), make_sink()

    with pytest.raises(InvalidState, match="ended on"):
        make_sink(name="Theirs", processor=row.public_id)
    with pytest.raises(InvalidState, match="ended on"):
        change_sink(sink=ours, values={"processor": row.public_id}, by=SYSTEM, now=NOW)

    assert list(LogSink.objects.values_list("name", "processor")) == [("Warehouse", "")]


@pytest.mark.django_db(transaction=True)
def test_sink__person_barred_or_older_than_may_be_kept__is_passed_over_but_an_erasure_reaches_the_company():
    row = company(barred_places=["DE"], keep_days=30)
    whole = [make_sink(processor=row.public_id, payload=payload, start="beginning") for payload in ("thin", "full")]
    free, held = make_person(country="FR"), make_person(country="DE")
    OutboxMessage.objects.all().delete()
    said = [outbox.Fact("customer.updated", one.public_id, {"changed": ["email"]}) for one in (free, held)]
    outbox.publish_many(said)
    OutboxMessage.objects.filter(subject=free.public_id).update(created_at=NOW - 31 * DAY)
    outbox.publish_many([outbox.Fact("customer.updated", free.public_id, {"changed": ["phone"]})])
    outbox.publish_many([outbox.Fact("customer.deleted", held.public_id, {"reason": "x"})])
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)

    batches = [read_batch(sink=sink, after=Mark(), now=NOW) for sink in whole]

    expected = [("customer.updated", free.public_id), ("customer.deleted", held.public_id)]
    assert [[(one.event_type, one.key) for one in batch.letters] for batch in batches] == [expected, expected]
    assert [(one.kind, one.screen) for one in connections_of(row)] == [("Sink", "sink")] * 2


def test_proof_of_security_ends__endpoint_that_works__goes_on():
    row = company()
    endpoint = make_webhook(processor=row.public_id)
    company(row, certificate_ends_on=TODAY - DAY)

    assert stop_uncovered(now=NOW) == 0
    assert [one.pk for one in covered(active_endpoints(), today=TODAY)] == [endpoint.pk]


def test_agreement_ends__client_of_the_company__is_disabled_and_cannot_come_back():
    client = make_client()
    row = company(client=client.public_id)
    ended(row)

    stopped = stop_uncovered(now=NOW)

    client.refresh_from_db()
    assert (stopped, client.disabled_at) == (1, NOW)
    with pytest.raises(InvalidState, match="ended on"):
        enable_client(client=client, by=SYSTEM, now=NOW)
    assert ApiClient.objects.get(pk=client.pk).disabled_at == NOW


def test_connections__of_a_company__are_its_endpoints_and_its_client():
    client = make_client("Till")
    row = company(client=client.public_id)
    make_webhook(processor=row.public_id)
    make_webhook("https://other.example.com/hooks")

    found = [(one.kind, one.name, one.state) for one in connections_of(row)]

    assert found == [("API client", "Till", "Active"), ("Webhook", "CRM", "Active")]


def told(endpoint, person, at=NOW, kind="customer.updated"):
    event = Happening("msg_1", kind, at, person.public_id, {"customer": person.public_id})
    return contents(audience=audience_of(endpoint), events=[event], now=NOW)["msg_1"]


@pytest.mark.parametrize(
    ("facts", "place", "why"),
    [
        ({"country": "US", "transfer": "none"}, {"country": "DE"}, "no_transfer_ground"),
        ({"country": "US", "transfer": "none"}, {"country": "US", "region": "US-CA"}, ""),
        ({"country": "US", "transfer": "clauses"}, {"country": "DE"}, ""),
        ({"storage_places": ["DE", "IN"], "transfer": "none"}, {"country": "DE"}, "no_transfer_ground"),
        ({"barred_places": ["US-CA"]}, {"country": "US", "region": "US-CA"}, "place_barred"),
    ],
)
def test_contents__person_whose_data_may_not_go_there__is_withheld_with_the_reason(facts, place, why):
    endpoint = make_webhook(processor=company(**facts).public_id)
    person = make_person(**place)

    content = told(endpoint, person)

    assert (content.allowed, content.why) == (not why, why)


def test_contents__older_than_the_company_may_keep__is_withheld():
    endpoint = make_webhook(processor=company(keep_days=30).public_id)
    person = make_person()

    fresh, old = told(endpoint, person, NOW - 29 * DAY), told(endpoint, person, NOW - 31 * DAY)

    assert (fresh.allowed, old.allowed, old.why) == (True, False, "kept_too_long")


def test_contents__a_no_of_somebody_withheld__reaches_the_company_with_ids_alone():
    endpoint = make_webhook(processor=company(country="US", transfer="none").public_id, payload="full")

    content = told(endpoint, make_person(), kind="consent.withdrawn")

    assert (content.allowed, content.customer) == (True, None)


def test_contents__confidential_attribute__never_leaves_with_the_customer():
    for key, pii_class in (("badge", "confidential"), ("plan", "none")):
        values = {"name": key, "purpose": "service", "pii_class": pii_class}
        define_attribute(key=key, value_type="text", values=values, by=SYSTEM, now=NOW)
    person = make_person()
    update_customer(
        customer=person, properties={"attributes": {"badge": "badge-4711", "plan": "pro"}}, by=SYSTEM, now=NOW
    )
    client = make_client(scopes=["customers:read", "customers.pii:read"])
    endpoint = make_webhook(payload="full")
    endpoint.client = client.public_id

    content = told(endpoint, person)

    assert content.customer["attributes"] == {"plan": "pro"}
