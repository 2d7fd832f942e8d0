"""GET /api/v1/consents/check: a plain view, since partners ask before every use."""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from consent.api.requests import instant
from consent.models import ConsentEvent
from consent.selectors.checks import check_now
from consent.selectors.decisions import Answer, may_process_customer, use_of
from core.actors import ActorKind, Credential
from core.api.doors import door
from core.api.schema import register_component, register_operation
from core.errors import InvalidInput
from customers.selectors.customers import find_customer
from customers.services.telling import tell

_PARAMETERS: Final = frozenset({"subject", "purpose", "at", "region"})
_encode = msgspec.json.Encoder().encode


@door(scope="consent:read", methods=("GET",))
def check_consent(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Whether a person's data may be used for a purpose: now, at a moment of the past, or in another place."""
    query = request.GET
    for name in query:
        if name not in _PARAMETERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
    for name in ("subject", "purpose"):
        if not query.get(name):
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    to = f"{ActorKind.CLIENT}:{credential.client_id}"
    body = _now(to, query["subject"], query["purpose"]) if len(query) == 2 else None
    return _response(body or _past(to, request, query["subject"], query["purpose"]))


def _now(to: str, subject: str, purpose: str) -> dict[str, Any] | None:
    now = timezone.now()
    found = check_now(reference=subject, use=use_of(purpose), now=now)
    if found is None:
        return None
    _tell(to, found.row_id, now)
    return {
        "subject": subject,
        "customerId": found.customer_id,
        "purpose": purpose,
        "at": now,
        "answer": "allow" if found.allowed else "deny",
        "reason": found.reason,
        "why": found.why,
        "ledgerSeq": found.ledger_seq,
        "ledgerId": found.ledger_id,
        "region": found.place,
        "ruleSet": found.rule_set,
    }


def _tell(to: str, row_id: int, now: datetime) -> None:
    """The answer says something about a person: it is counted like any other, in microseconds.

    It costs a query only for the client of a company that may not get data of people at some places.
    """
    tell(to=to, way="consent.check", kinds=("consent",), customer_ids=(row_id,), now=now)


def _past(to: str, request: HttpRequest, subject: str, purpose: str) -> dict[str, Any]:
    """Two answers: how it was, by all we know now; and what we could have known at the time."""
    customer, now = find_customer(reference=subject), timezone.now()
    _tell(to, customer.pk, now)
    at, place = instant(request, "at") or now, request.GET.get("region")
    was = may_process_customer(customer=customer, purpose=purpose, at=at, known_at=now, place=place)
    known = may_process_customer(customer=customer, purpose=purpose, at=at, known_at=at, place=place)
    who = {"subject": subject, "customerId": customer.public_id, "purpose": purpose, "at": at}
    where = {"region": customer.place if place is None else place, "ruleSet": was.decision.rule_set}
    return who | _answer(was) | where | {"knownThen": _answer(known)}


def _answer(answer: Answer) -> dict[str, Any]:
    entry = ConsentEvent.objects.filter(pk=answer.event_id).first() if answer.event_id else None
    return {
        "answer": answer.decision.answer,
        "reason": answer.decision.reason,
        "why": answer.decision.why,
        "ledgerSeq": answer.decision.ledger_seq,
        "ledgerId": entry.public_id if entry else None,
    }


def _response(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(_encode(body), content_type="application/json", headers={"Cache-Control": "no-store"})


_TEXT: Final = {"type": "string"}
_NUMBER_OR_NULL: Final = {"type": ["integer", "null"]}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_ANSWER: Final = {
    "answer": {"type": "string", "enum": ["allow", "deny"]},
    "reason": {**_TEXT, "description": "Machine code."},
    "why": {**_TEXT, "description": "A sentence with the article of law."},
    "ledgerSeq": _NUMBER_OR_NULL,
    "ledgerId": _TEXT_OR_NULL,
}
register_component(
    "ConsentCheck",
    {
        "type": "object",
        "description": "Whether we may, why, and what proves it.",
        "required": ["subject", "customerId", "purpose", "at", *_ANSWER, "region", "ruleSet"],
        "properties": {
            "subject": _TEXT,
            "customerId": _TEXT,
            "purpose": _TEXT,
            "at": {**_TEXT, "format": "date-time"},
            **_ANSWER,
            "region": _TEXT,
            "ruleSet": {**_TEXT, "description": "Version of the rules that decided."},
            "knownThen": {
                "type": "object",
                "description": "With `at`: the answer we could have given at the time.",
                "properties": _ANSWER,
            },
        },
    },
)
register_operation(
    "get",
    "/api/v1/consents/check",
    scope="consent:read",
    operation={
        "operationId": "checkConsent",
        "summary": "May we process?",
        "description": "Whether a person's data may be used for a purpose: now, at a moment of the past, elsewhere.",
        "tags": ["Consent"],
        "parameters": [
            {"name": name, "in": "query", "required": required, "schema": _TEXT, "description": description}
            for name, required, description in (
                ("subject", True, "External id or public id (cus_...)."),
                ("purpose", True, "A key of GET /purposes."),
                ("at", False, "An instant with an offset, such as 2026-03-12T10:03:00Z."),
                ("region", False, "ISO 3166-1 or -2: what would hold there."),
            )
        ],
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ConsentCheck"}}}},
            "404": {"$ref": "#/components/responses/NotFound"},
        },
    },
)
