"""How disclosures are kept: for each recipient and hour one bit a customer, 1,024 customers a row."""

from collections.abc import Collection, Iterable
from typing import Final

CHUNK: Final = 1_024
"""Customers a row: `id // CHUNK` names the row, `id % CHUNK` the bit, counted from the left."""
_NO, _YES = b"0", ord("1")


WAYS: Final[dict[str, str]] = {
    "customers.list": "List of customers",
    "customers.search": "Search for customers",
    "customers.record": "One customer",
    "customers.changes": "Changes feed",
    "customers.batch": "Batch read",
    "customers.timeline": "Timeline",
    "customers.identities": "Identifiers",
    "customers.purchases": "Purchases",
    "customers.tags": "Tags",
    "customers.segments": "Segments of a customer",
    "customers.scores": "Lead scores of a customer",
    "customers.merge": "Preview of a merge",
    "segments.members": "Members of a segment",
    "segments.changes": "Who came into a segment and who left",
    "segments.sample": "Sample of a segment preview",
    "segments.explanation": "Why somebody is in a segment",
    "consent.check": "Check whether we may",
    "consent.record": "Consent of a person",
    "consent.receipt": "Receipt of a consent",
    "consent.history": "Consent ledger of a person",
    "engagement.events": "Events",
    "predictions.record": "Prediction about a person",
    "export": "Export",
    "package": "Access package",
    "changes": "Feed of changes",
    "webhook": "Webhook",
    "sink": "Sink into a broker",
    "sync": "Synchronisation",
}
"""How somebody is told, in words."""


def place_of(customer_id: int) -> tuple[int, int]:
    """(chunk, bit) of a customer's row id."""
    return divmod(customer_id, CHUNK)


def packed(customer_ids: Iterable[int]) -> dict[int, str]:
    """By chunk the bits of these customers as text of zeros and ones, as PostgreSQL reads `bit(1024)`."""
    chunks: dict[int, bytearray] = {}
    for customer_id in customer_ids:
        chunk, bit = divmod(customer_id, CHUNK)
        if chunk not in chunks:
            chunks[chunk] = bytearray(_NO * CHUNK)
        chunks[chunk][bit] = _YES
    return {chunk: chunks[chunk].decode() for chunk in sorted(chunks)}


def places(customer_ids: Collection[int]) -> tuple[list[int], list[int]]:
    """Chunks and bits of several customers, side by side."""
    pairs = [place_of(customer_id) for customer_id in customer_ids]
    return [chunk for chunk, _ in pairs], [bit for _, bit in pairs]
