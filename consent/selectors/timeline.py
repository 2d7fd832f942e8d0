"""Consent in a person's timeline."""

from collections.abc import Sequence
from typing import Final

from consent.selectors.ledger import history_of
from customers.selectors.timeline import Before, Entry, Source

_TITLES: Final = {
    "requested": "Asked for consent",
    "pending_doi": "Asked to confirm by e-mail",
    "granted": "Gave consent",
    "renewed": "Renewed consent",
    "imported": "Consent imported",
    "soft_opt_in": "Existing customer, opt-out offered",
    "implied": "Implied consent",
    "expired": "Consent ran out",
    "invalidated": "Consent found invalid",
    "refused": "Refused consent",
    "withdrawn": "Withdrew consent",
    "opted_out": "Opted out",
    "unsubscribed": "Unsubscribed",
    "objected": "Objected",
}


def event_title(event: str) -> str:
    """What happened, in words."""
    return _TITLES[event]


def fetch_consent(customer_ids: Sequence[int], before: Before, limit: int) -> list[Entry]:
    """Ledger entries of these profiles, newest first."""
    rows = history_of(customer_ids).filter(before.condition("occurred_at", "public_id"))
    return [
        Entry(
            at=row.occurred_at,
            row=row.public_id,
            kind=f"consent_{row.event}",
            title=f"{event_title(row.event)}: {row.purpose.name}",
            source=row.source,
            details={
                "purpose": row.purpose.key,
                "event": row.event,
                "basis": row.legal_basis,
                "seq": row.seq,
                "notice": f"v{row.notice.version} {row.notice.locale}" if row.notice else None,
            },
        )
        for row in rows.order_by("-occurred_at", "-public_id")[:limit]
    ]


CONSENT_SOURCE: Final = Source(name="consent", label="Consent", fetch=fetch_consent)
