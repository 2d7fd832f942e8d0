"""Questions about the registers: lists, one entry, what runs out, what must be told soon."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from django.db.models import Field, Model, Q, QuerySet

from consent.models import Activity, Breach, Processor, RightsAgent
from core.errors import NotFound

SOON: Final = timedelta(days=60)
Entry = TypeVar("Entry", Activity, Processor, Breach, RightsAgent)
_INNER: Final = ("id", "reminded_on", "token_digest")


@dataclass(frozen=True, slots=True)
class Ending:
    """An agreement or certificate that ends soon, or has ended."""

    processor: Processor
    what: str
    on: date


def list_entries(kind: type[Entry], /) -> QuerySet[Entry]:
    """Every entry of a register, ended and closed ones too."""
    return kind.objects.all()


def find_entry(kind: type[Entry], public_id: str, /) -> Entry:
    """By public id; NotFound otherwise."""
    row = list_entries(kind).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such entry in this register.")
    return row


def columns_of(kind: type[Model], /) -> list["Field[Any, Any]"]:
    """The columns of a register, as exports show them."""
    return [field for field in kind._meta.concrete_fields if field.name not in _INNER]


def export_rows(kind: type[Entry], /) -> Iterator[dict[str, Any]]:
    """Every entry as plain values, the oldest first."""
    names = [field.name for field in columns_of(kind)]
    yield from list_entries(kind).order_by("pk").values(*names).iterator(chunk_size=500)


def endings(*, today: date) -> list[Ending]:
    """Agreements and certificates of working processors that end within SOON or have ended, the earliest first."""
    last = today + SOON
    due = Q(agreement_ends_on__lte=last) | Q(certificate_ends_on__lte=last)
    found = []
    for row in Processor.objects.filter(due, ended_on=None).order_by("name")[:500]:
        ends = (("Agreement", row.agreement_ends_on), ("Certificate", row.certificate_ends_on))
        found += [Ending(row, what, on) for what, on in ends if on and on <= last]
    return sorted(found, key=lambda ending: (ending.on, ending.processor.name))


def open_breaches(*, now: datetime) -> QuerySet[Breach]:
    """Breaches the authority may still have to hear of, the most pressing first."""
    told = Breach.objects.filter(closed_at=None, authority_told_at=None).exclude(risk=Breach.Risk.UNLIKELY)
    return told.order_by("safe_due")


def processors_of(clients: Collection[str], /) -> dict[str, Processor]:
    """The processor behind each API client that has one, and each named by its own id."""
    wanted = {client for client in clients if client}
    rows = list(Processor.objects.filter(Q(client__in=wanted) | Q(public_id__in=wanted), ended_on=None))
    return {row.client: row for row in rows} | {row.public_id: row for row in rows}
