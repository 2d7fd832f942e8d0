"""What came of writing to a sink: its place, how it does, who was told about whom, all in one transaction.

A process that is killed before has written what nobody noted: it is written again.
"""

from collections import defaultdict
from datetime import datetime

from django.db import transaction

from consent.services.disclosures import record_disclosure
from core.actors import SYSTEM
from customers.services.telling import Telling
from integrations.connectors.brokers import Receipt
from integrations.models import LogSink, SinkState
from integrations.rules.streams import Mark
from integrations.selectors.sinks import Batch
from integrations.services.sinks import pause_sink

WAY = "sink"


@transaction.atomic
def record_taken(*, sink: LogSink, before: str, batch: Batch, receipt: Receipt, now: datetime) -> Mark | None:
    """The place of the sink lies behind the last letter that was confirmed without a gap; answers it.

    None when the sink was removed or somebody else has moved it from `before` meanwhile: then nothing is stored.
    """
    row = LogSink.objects.select_for_update().filter(pk=sink.pk, place=before).first()
    if row is None:
        return None
    done = receipt.in_order
    if done == len(batch.letters):
        place, row.place_at = batch.upto, now
    else:
        place = batch.marks[done - 1] if done else Mark.read(before) or Mark()
    row.place = str(place)
    row.sent += sum(receipt.fresh)
    _note_health(row, receipt.error, now)
    row.save(
        update_fields=[
            *("place", "place_at", "sent", "failures", "failing_since"),
            *("last_success_at", "last_failure_at", "last_error"),
        ]
    )
    _note_told(row, batch, receipt, now)
    return place


def record_passed(*, sink: LogSink, before: str, place: Mark, now: datetime) -> bool:
    """Nothing up to `place` was for the sink; whether that is stored now, unless somebody else moved it."""
    return bool(LogSink.objects.filter(pk=sink.pk, place=before).update(place=str(place), place_at=now))


def give_up(*, sink: LogSink, now: datetime) -> None:
    """A sink that stood still for longer than the log is kept is paused, and says why."""
    if LogSink.objects.filter(pk=sink.pk, state=SinkState.ACTIVE).exists():
        pause_sink(sink=sink, by=SYSTEM, now=now, reason="It stood still for longer than the log is kept.")


def _note_health(row: LogSink, error: str, now: datetime) -> None:
    if error:
        row.failures += 1
        row.failing_since = row.failing_since or now
        row.last_failure_at, row.last_error = now, error[:200]
    else:
        row.failures, row.failing_since, row.last_success_at = 0, None, now


def _note_told(row: LogSink, batch: Batch, receipt: Receipt, now: datetime) -> None:
    told: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for content, sure in zip(batch.told, receipt.fresh, strict=True):
        if sure and content.customer_id:
            told[content.kinds].add(content.customer_id)
    to = f"client:{row.client}" if row.client else f"sink:{row.public_id}"
    for kinds, people in sorted(told.items()):
        record_disclosure(telling=Telling(to, WAY, kinds), customer_ids=people, now=now)
