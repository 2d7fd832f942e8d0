"""What API and console say about a person's consent, as plain JSON values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from consent.models import ConsentEvent, ConsentState, ConsentToken, NoticeVersion
from consent.rules.gpp import sections_on_record
from consent.rules.tcf import decode_tc
from consent.rules.vocabulary import State
from consent.selectors.catalogue import catalogue
from consent.selectors.decisions import Answer, explain
from customers.models import Customer

_CAMEL: dict[str, str] = {}


def camel(name: str) -> str:
    """`granted_at` as `grantedAt`."""
    if name not in _CAMEL:
        first, *rest = name.split("_")
        _CAMEL[name] = first + "".join(word.title() for word in rest)
    return _CAMEL[name]


def consent_answer(*, customer: Customer, at: datetime, known_at: datetime, place: str | None = None) -> dict[str, Any]:
    """Every purpose of one person with the answer, the reason, and what proves it."""
    answers = explain(customer=customer, at=at, known_at=known_at, place=place)
    events = events_behind(answers)
    seen = customer.gpc_first_seen_at
    return {
        "userId": customer.external_id or customer.public_id,
        "customerId": customer.public_id,
        "region": customer.place if place is None else place,
        "ruleSet": answers[0].decision.rule_set,
        "at": at,
        "gpcFirstSeenAt": seen,
        "sensitiveUseLimited": customer.sensitive_limited,
        "purposes": [purpose_answer(answer, events.get(answer.event_id or 0)) for answer in answers],
    }


def events_behind(answers: Sequence[Answer]) -> Mapping[int, ConsentEvent]:
    """The ledger entries behind some answers, with their notices; one query."""
    ids = [answer.event_id for answer in answers if answer.event_id]
    return ConsentEvent.objects.select_related("notice").defer("notice__text").in_bulk(ids)


def purpose_answer(answer: Answer, event: ConsentEvent | None) -> dict[str, Any]:
    """One purpose: where the person stands, whether we may, and why."""
    standing = answer.standing
    return {
        "purpose": answer.use.key,
        "name": answer.use.name,
        "channel": answer.use.channel.value,
        "state": (standing.state if standing else State.NONE).value,
        "allowed": answer.decision.allowed,
        "reason": answer.decision.reason.value,
        "why": answer.decision.why,
        "basis": event.legal_basis if event else None,
        "grantedAt": standing.granted_at if standing else None,
        "changedAt": event.occurred_at if event else None,
        "validUntil": event.valid_until if event else None,
        "ledgerSeq": event.seq if event else None,
        "ledgerId": event.public_id if event else None,
        "notice": notice_reference(event.notice) if event and event.notice else None,
    }


def notice_reference(notice: NoticeVersion) -> dict[str, Any]:
    """What identifies the words shown."""
    return {"id": notice.public_id, "version": notice.version, "locale": notice.locale, "sha256": notice.sha256}


def history_answer(row: ConsentEvent) -> dict[str, Any]:
    """One ledger entry in full; `row` has its purpose and notice loaded."""
    return {
        "id": row.public_id,
        "customerId": row.subject,
        "seq": row.seq,
        "purpose": row.purpose.key,
        "event": row.event,
        "basis": row.legal_basis,
        "region": row.place,
        "ruleSet": row.rule_set,
        "notice": notice_reference(row.notice) if row.notice else None,
        "source": row.source,
        "actor": row.actor,
        "evidence": {camel(name): value for name, value in row.evidence.items()} | _decoded(row.evidence),
        "occurredAt": row.occurred_at,
        "recordedAt": row.recorded_at,
        "validUntil": row.valid_until,
        "previousHash": row.previous_hash,
        "hash": row.hash,
    }


def _decoded(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """A GPP string and a TC string once more, in words."""
    by_gpp = {"gppSections": sections_on_record(evidence["gpp"])} if "gpp" in evidence else {}
    return by_gpp | ({"tcSection": decode_tc(evidence["tc_string"])} if "tc_string" in evidence else {})


def token_answer(row: ConsentToken, now: datetime) -> dict[str, Any]:
    """What is known of an issued token; never the token itself."""
    return {
        "jti": row.jti,
        "customerId": row.customer.public_id,
        "purposes": row.purposes,
        "basis": row.basis,
        "region": row.place,
        "ruleSet": row.rule_set,
        "notices": row.notices,
        "issuedBy": row.issued_by,
        "issuedAt": row.issued_at,
        "expiresAt": row.expires_at,
        "revokedAt": row.revoked_at,
        "revokedBecause": row.revoked_because or None,
        "active": row.revoked_at is None and now < row.expires_at,
    }


def expand_consent(customer_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The `consent` block of customer answers: what is allowed now, and each recorded state; two queries."""
    uses = catalogue()
    blocks: dict[int, dict[str, Any]] = {}
    people = Customer.objects.filter(pk__in=customer_ids)
    columns = people.values_list("pk", "consent_mask", "gpc_first_seen_at", "sensitive_limited")
    for pk, mask, seen, limited in columns:
        allowed = [use.key for use in uses.uses.values() if mask & use.mask]
        blocks[pk] = {"allowed": allowed, "gpc": seen is not None, "sensitive_use_limited": limited, "purposes": {}}
    rows = ConsentState.objects.filter(customer_id__in=customer_ids)
    states = rows.values_list("customer_id", "purpose_id", "state", "allowed", "reason", "valid_until")
    for pk, purpose_id, state, is_allowed, reason, until in states:
        if pk in blocks and purpose_id in uses.by_id:
            purpose = {"state": state, "allowed": is_allowed, "reason": reason, "valid_until": until}
            blocks[pk]["purposes"][uses.by_id[purpose_id].key] = purpose
    return blocks
