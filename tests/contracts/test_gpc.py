"""`Sec-GPC: 1` is heard at every operation of the published schema, whoever it names and however it ends."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from consent.models import ConsentEvent
from consent.services.consent import ConsentEntry, record_consent
from consent.services.tokens import issue_token
from core.actors import SYSTEM
from core.models import IdempotencyKey
from customers.models import Customer
from customers.services.customers import create_customer
from customers.services.identities import link_identity
from engagement.models import Event
from tests.factories.requests import make_request

pytestmark = pytest.mark.django_db
SCHEMA = yaml.safe_load((Path(__file__).parents[2] / "docs/api/openapi.yaml").read_text())
OPERATIONS = [
    (verb, path) for path, item in SCHEMA["paths"].items() for verb in item if verb not in ("parameters", "summary")
]
NAMES_NOBODY = {
    "/api/v1/audit",
    "/api/v1/audit/seals",
    "/api/v1/attributes",
    "/api/v1/attributes/schema",
    "/api/v1/attributes/{key}",
    "/api/v1/automations",
    "/api/v1/automations/schema",
    "/api/v1/automations/{automation_id}",
    "/api/v1/automations/{automation_id}/archive",
    "/api/v1/automations/{automation_id}/pause",
    "/api/v1/automations/{automation_id}/resume",
    "/api/v1/automations/{automation_id}/runs",
    "/api/v1/automations/{automation_id}/runs/{run_id}",
    "/api/v1/automations/{automation_id}/runs/{run_id}/remove",
    "/api/v1/automations/{automation_id}/runs/{run_id}/restart",
    "/api/v1/automations/{automation_id}/simulation",
    "/api/v1/automations/{automation_id}/stopped/remove",
    "/api/v1/automations/{automation_id}/stopped/restart",
    "/api/v1/campaigns",
    "/api/v1/campaigns/{campaign_id}",
    "/api/v1/campaigns/{campaign_id}/archive",
    "/api/v1/campaigns/{campaign_id}/budget-guard",
    "/api/v1/campaigns/{campaign_id}/budget-raises/{raise_id}/revert",
    "/api/v1/campaigns/{campaign_id}/cancel",
    "/api/v1/campaigns/{campaign_id}/deliveries",
    "/api/v1/campaigns/{campaign_id}/duplicate",
    "/api/v1/campaigns/{campaign_id}/launch",
    "/api/v1/campaigns/{campaign_id}/links",
    "/api/v1/campaigns/{campaign_id}/pause",
    "/api/v1/campaigns/{campaign_id}/promote",
    "/api/v1/campaigns/{campaign_id}/audience",
    "/api/v1/campaigns/{campaign_id}/results",
    "/api/v1/campaigns/{campaign_id}/metrics",
    "/api/v1/campaigns/{campaign_id}/resume",
    "/api/v1/campaigns/{campaign_id}/send-unsent",
    "/api/v1/campaigns/{campaign_id}/submit",
    "/api/v1/campaigns/{campaign_id}/unschedule",
    "/api/v1/changes",
    "/api/v1/consent/confirmations/{confirmation_id}",
    "/api/v1/consents/{entry_id}/consumers",
    "/api/v1/consents/{entry_id}/receipt",
    "/api/v1/customers/changes",
    "/api/v1/disclosures",
    "/api/v1/disclosures/after-no",
    "/api/v1/engagement/rejections",
    "/api/v1/exports",
    "/api/v1/exports/{export_id}",
    "/api/v1/exports/{export_id}/file",
    "/api/v1/engagement/types",
    "/api/v1/engagement/types/{name}",
    "/api/v1/event-types/{name}/schema",
    "/api/v1/fields",
    "/api/v1/fields/{name}",
    "/api/v1/jobs",
    "/api/v1/jobs/{job_id}",
    "/api/v1/jobs/{job_id}/pause",
    "/api/v1/jobs/{job_id}/result",
    "/api/v1/jobs/{job_id}/resume",
    "/api/v1/jobs/{job_id}/stop",
    "/api/v1/jobs/{job_id}/undo",
    "/api/v1/jurisdictions",
    "/api/v1/jurisdictions/{place}",
    "/api/v1/limits",
    "/api/v1/me",
    "/api/v1/duplicates",
    "/api/v1/duplicates/{pair_id}",
    "/api/v1/duplicates/{pair_id}/decide",
    "/api/v1/merges",
    "/api/v1/merges/{merge_id}",
    "/api/v1/merges/{merge_id}/approve",
    "/api/v1/merges/{merge_id}/refuse",
    "/api/v1/merges/{merge_id}/undo",
    "/api/v1/offers",
    "/api/v1/offers/{offer_id}",
    "/api/v1/experiments",
    "/api/v1/experiments/plan",
    "/api/v1/experiments/{experiment}",
    "/api/v1/experiments/{experiment}/count",
    "/api/v1/experiments/{experiment}/results",
    "/api/v1/experiments/{experiment}/start",
    "/api/v1/experiments/{experiment}/stop",
    "/api/v1/experiments/{experiment}/winner",
    "/api/v1/predictions",
    "/api/v1/promotions",
    "/api/v1/promotions/reservations/{reservation}",
    "/api/v1/promotions/{promotion}",
    "/api/v1/promotions/{promotion}/activate",
    "/api/v1/promotions/{promotion}/codes",
    "/api/v1/promotions/{promotion}/end",
    "/api/v1/promotions/{promotion}/pause",
    "/api/v1/purposes",
    "/api/v1/purposes/{key}/notices",
    "/api/v1/quality/audits",
    "/api/v1/quality/audits/{audit_id}",
    "/api/v1/quality/audits/{audit_id}/findings",
    "/api/v1/score-models",
    "/api/v1/score-models/{score}",
    "/api/v1/score-models/{score}/activate",
    "/api/v1/score-models/{score}/recompute",
    "/api/v1/sandbox/clock",
    "/api/v1/events/{event_id}",
    "/api/v1/sandbox/reset",
    "/api/v1/sandbox/seed",
    "/api/v1/sandbox/sends",
    "/api/v1/sandbox/trigger/{event_type}",
    "/api/v1/segments",
    "/api/v1/segments/preview",
    "/api/v1/reports/attribution",
    "/api/v1/reports/channels",
    "/api/v1/reports/conversion",
    "/api/v1/reports/query",
    "/api/v1/reports/uplift",
    "/api/v1/segments/schema",
    "/api/v1/segments/{segment}",
    "/api/v1/segments/{segment}/changes",
    "/api/v1/segments/{segment}/exports",
    "/api/v1/segments/{segment}/members",
    "/api/v1/segments/{segment}/preview",
    "/api/v1/segments/{segment}/refresh",
    "/api/v1/segments/{segment}/runs",
    "/api/v1/segments/{segment}/snapshot",
    "/api/v1/sinks",
    "/api/v1/sinks/{sink_id}",
    "/api/v1/sinks/{sink_id}/pause",
    "/api/v1/sinks/{sink_id}/resume",
    "/api/v1/sinks/{sink_id}/test",
    "/api/v1/stream",
    "/api/v1/tags",
    "/api/v1/tags/{name}",
    "/api/v1/tags/{name}/rule",
    "/api/v1/templates",
    "/api/v1/templates/{template}",
    "/api/v1/templates/{template}/archive",
    "/api/v1/templates/{template}/restore",
    "/api/v1/templates/{template}/versions",
    "/api/v1/usage",
    "/api/v1/versions",
    "/api/v1/webhooks",
    "/api/v1/webhooks/event-types",
    "/api/v1/webhooks/{endpoint_id}",
    "/api/v1/webhooks/{endpoint_id}/deliveries",
    "/api/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}",
    "/api/v1/webhooks/{endpoint_id}/deliveries/{delivery_id}/retry",
    "/api/v1/webhooks/{endpoint_id}/enable",
    "/api/v1/webhooks/{endpoint_id}/pause",
    "/api/v1/webhooks/{endpoint_id}/recover",
    "/api/v1/webhooks/{endpoint_id}/secret/rotate",
    "/api/v1/webhooks/{endpoint_id}/test",
    "/v1/projects/{write_key}/settings",
}
"""Operations about no person: an address, a query and a body that cannot say whose signal it is."""
LISTS_AND_BANNER = {("get", "/api/v1/privacy-requests"), ("get", "/api/v1/banner")}
EVENT = {"userId": "12345", "campaignId": "spring", "deviceType": "mobile", "timestamp": "2026-10-01T10:00:00Z"}
QUERIES = {
    "/api/v1/promotion": "?userId=12345",
    "/api/v1/customers": "?external_id=12345",
    "/api/v1/consents/check": "?subject=12345&purpose=analytics",
    "/api/v1/consents/simulate": "?subject=12345&place=DE",
    "/api/v1/engagement/events": "?userId=12345",
    "/api/v1/events": "?customer=12345",
    "/api/v1/segments/{segment}/explain": "?customer=12345",
}
BODIES: dict[str, Any] = {
    "/v1/alias": {"userId": "12345", "previousId": "anon-2"},
    "/v1/batch": {"batch": [{"type": "page", "userId": "12345"}]},
    "/v1/group": {"userId": "12345", "groupId": "acme"},
    "/v1/identify": {"userId": "12345"},
    "/v1/page": {"userId": "12345"},
    "/v1/screen": {"anonymousId": "anon-1"},
    "/v1/track": {"userId": "12345", "event": "no such type"},
    "/api/v1/experiments/{experiment}/exposures": {"exposures": [{"userId": "12345", "variant": "A", "at": "x"}]},
    "/ofrep/v1/evaluate/flags": {"context": {"targetingKey": "12345"}},
    "/ofrep/v1/evaluate/flags/{key}": {"context": {"targetingKey": "12345"}},
    "/api/v1/content": {"customer": "12345", "offer": "spring-20"},
    "/api/v1/promotions/reserve": {"code": "X", "userId": "12345", "orderId": "1"},
    "/api/v1/automations/{automation_id}/enrol": {"customer": "12345", "ref": "r1"},
    "/api/v1/campaigns/{campaign_id}/preview": {"customer": "12345"},
    "/api/v1/campaigns/{campaign_id}/test": {"customer": "12345", "to": "jane@example.com"},
    "/api/v1/predictions/batch": {"inputs": [{"model": "churn", "user_id": "12345", "score": 1}]},
    "/api/v1/templates/{template}/preview": {"customer": "12345"},
    "/api/v1/promotions/redeem": {"code": "X", "userId": "12345"},
    "/api/v1/customers": {"external_id": "12345"},
    "/api/v1/customers/batch/read": {"ids": ["12345"]},
    "/api/v1/customers/search": {
        "filter_groups": [{"filters": [{"property": "external_id", "operator": "EQ", "value": "12345"}]}]
    },
    "/api/v1/customers:batch": {"id_property": "external_id", "inputs": [{"id": "12345"}]},
    "/api/v1/customers/batch/upsert": {"id_property": "external_id", "inputs": [{"id": "12345"}]},
    "/api/v1/banner": {"anonymousId": "anon-1"},
    "/api/v1/consent/confirmations": {"userId": "12345", "purposes": ["marketing_email"]},
    "/api/v1/consent/links": {"userId": "12345"},
    "/api/v1/consent/tokens": {"userId": "12345", "purposes": ["analytics"]},
    "/api/v1/consents": {"consents": [{"userId": "12345", "purposes": []}]},
    "/api/v1/privacy-requests": {"type": "access", "customer": "12345"},
    "/api/v1/engagement/cloudevents": {"type": "view", "subject": "12345", "data": {"elementId": "hero"}},
    "/api/v1/engagement/events": {"events": [{"type": "view", **EVENT}]},
    "/api/v1/engagement/{event_type}": EVENT,
    "/api/v1/segments/{segment}/members/batch": {"add": ["12345"]},
}


@pytest.fixture
def everything(settings, caller):
    return caller(*settings.API_SCOPES, tier="unlimited")


@pytest.fixture
def jane():
    now = datetime.now(UTC)
    person = create_customer(
        properties={"external_id": "12345", "country": "US", "region": "US-CA"}, by=SYSTEM, now=now
    )
    return link_identity(customer=person, kind="anonymous_id", value="anon-1", by=SYSTEM, now=now)


def token_id(person):
    entry = ConsentEntry(
        purpose="analytics",
        event="granted",
        source="web",
        notice_version=1,
        locale="en",
        evidence={"form_id": "banner"},
    )
    now = datetime.now(UTC)
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=now)
    return issue_token(customer=person, by=SYSTEM, now=now, purposes=["analytics"]).jti


def address(path, verb, person):
    values = {"event_type": "view", "tag": "vip", "anonymous_id": "anon-1", "reference": person.public_id}
    if "{request_id}" in path:
        values["request_id"] = make_request(customer=person.public_id).public_id
    if "{jti}" in path:
        values["jti"] = token_id(person)
    filled = path
    for name in ("event_type", "tag", "anonymous_id", "reference", "jti", "request_id", "user_id"):
        filled = filled.replace("{" + name + "}", values.get(name, "12345"))
    return filled + (QUERIES.get(path, "") if verb == "get" else "")


@pytest.mark.parametrize(("verb", "path"), OPERATIONS)
def test_any_operation__signal_of_a_person_it_names__is_recorded_or_it_names_nobody(everything, jane, verb, path):
    body = None if verb == "get" else BODIES.get(path, {})

    answer = everything(verb, address(path, verb, jane), body, sec_gpc="1", idempotency_key="k1" if body else "")

    assert answer.status_code < 500
    jane.refresh_from_db()
    if path in NAMES_NOBODY or (verb, path) in LISTS_AND_BANNER:
        assert "12345" not in address(path, verb, jane)
        assert jane.gpc_first_seen_at is None
    elif (verb, path) == ("delete", "/api/v1/customers/{reference}"):
        assert jane.status == "deleted"
    else:
        assert jane.gpc_first_seen_at is not None, answer.content[:300]
        assert ConsentEvent.objects.filter(customer=jane, source="gpc", purpose__key="sale_share").count() == 1


@pytest.mark.parametrize("value", ["0", "true", "1;x", "11", ""])
def test_any_operation__other_value__is_no_signal(everything, jane, value):
    everything.get("/api/v1/customers/12345", sec_gpc=value)

    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is None


def test_read_of_consent__first_signal__is_in_the_answer(everything, jane):
    answer = everything.get("/api/v1/consents/check?subject=12345&purpose=sale_share", sec_gpc="1")

    assert (answer.json()["answer"], answer.json()["reason"]) == ("deny", "opted_out")


@pytest.mark.parametrize("key", ["", "k1"])
def test_refused_event__with_or_without_idempotency_key__keeps_the_signal_and_stores_nothing(everything, jane, key):
    answer = everything.post(
        "/api/v1/engagement/view", EVENT | {"userId": "12345"}, sec_gpc="1", idempotency_key=key, x_consent_token="none"
    )

    assert answer.status_code == 403, answer.content
    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is not None
    assert not Event.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("path", ["/api/v1/engagement/view", "/api/v1/engagement/events"])
def test_invalid_event__person_it_names__keeps_the_signal(everything, jane, path):
    event = {"type": "view", "userId": "12345", "noSuchMember": 1}

    answer = everything.post(path, event if path.endswith("view") else [event], sec_gpc="1")

    assert answer.status_code == 400
    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is not None


def test_consent_required_event__with_idempotency_key__keeps_the_signal(everything, jane):
    Customer.objects.filter(pk=jane.pk).update(country="DE", region="")
    answer = everything.post("/api/v1/engagement/view", EVENT, sec_gpc="1", idempotency_key="k1")

    assert answer.json()["code"] == "consent_required"
    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is not None


@pytest.mark.parametrize("key", ["", "k1"])
def test_refused_change__with_or_without_idempotency_key__keeps_the_signal(everything, jane, key):
    answer = everything.patch("/api/v1/customers/12345", {"no_such_field": 1}, sec_gpc="1", idempotency_key=key)

    assert answer.status_code == 400
    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is not None


def test_change_with_first_signal__entity_tag_read_before__is_honoured_and_not_answered_stale(everything, jane):
    tag = everything.get("/api/v1/customers/12345")["ETag"]

    first = everything.patch("/api/v1/customers/12345", {"first_name": "Jane"}, sec_gpc="1", if_match=tag)
    second = everything.patch("/api/v1/customers/12345", {"first_name": "Joan"}, sec_gpc="1")

    assert (first.status_code, first.has_header("ETag")) == (200, False)
    assert second["ETag"] == everything.get("/api/v1/customers/12345")["ETag"]


def test_any_operation__without_its_scope__records_no_signal(caller, jane):
    answer = caller("audit:read").get("/api/v1/customers/12345", sec_gpc="1")

    assert answer.status_code == 403
    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is None
