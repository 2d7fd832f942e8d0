"""What consent holds about people, as plain rows for an access package."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from consent.models import Confirmation, ConsentState, ConsentToken, DataRequest, LegalHold, Suppression
from consent.selectors.answers import history_answer
from consent.selectors.ledger import history_of

_CHUNK = 2_000


def collect_ledger(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Every entry with its evidence, in order."""
    rows = history_of(customer_ids).order_by("customer_id", "seq")
    return (history_answer(row) for row in rows.iterator(chunk_size=_CHUNK))


def collect_states(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Where they stand now."""
    rows = ConsentState.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "purpose_id")
    columns = ("customer__public_id", "purpose__key", "state", "allowed", "reason", "granted_at", "valid_until")
    return _plain(rows.values(*columns))


def collect_tokens(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Which consent tokens were issued about them."""
    rows = ConsentToken.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "id")
    columns = ("customer__public_id", "jti", "purposes", "basis", "place", "issued_by", "issued_at", "expires_at")
    return _plain(rows.values(*columns, "revoked_at"))


def collect_suppressions(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """That they stand on the suppression list, and why."""
    rows = Suppression.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "id")
    return _plain(rows.values("customer__public_id", "kind", "reason", "source", "created_at"))


def collect_requests(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """What they asked of us, when, and what became of it."""
    rows = DataRequest.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "id")
    columns = ("public_id", "kind", "state", "regime", "channel", "received_at", "law_due", "closed_at")
    return _plain(rows.values(*columns, "refusal_code", "refusal_reason"))


def collect_holds(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Which legal holds stand or stood on their data."""
    rows = LegalHold.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "id")
    return _plain(rows.values("public_id", "scope", "placed_at", "review_on", "lifted_at"))


def collect_confirmations(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Which yes they were asked to confirm or renew, and what became of it."""
    rows = Confirmation.objects.filter(customer_id__in=customer_ids).order_by("customer_id", "id")
    return _plain(rows.values("public_id", "kind", "state", "purposes", "form_id", "asked_at", "closed_at", "letters"))


def _plain(rows: QuerySet[Any, Any]) -> Iterator[dict[str, Any]]:
    return (dict(row) for row in rows.iterator(chunk_size=_CHUNK))
