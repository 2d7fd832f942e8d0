"""Proving the ledger: a daily fingerprint of everything recorded, and a walk over every chain."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from consent.models import ConsentEvent, LedgerAnchor
from consent.rules.chain import GENESIS
from consent.selectors.ledger import broken_chains, lost_heads
from core import audit, jobs, outbox
from core.actors import SYSTEM, Actor
from core.models import Job

VERIFY: Final = "consent.verify"
PEOPLE_A_STEP: Final = 5_000
NAMED: Final = 20
SETTLED: Final = timedelta(minutes=30)
_CHUNK: Final = 5_000


@dataclass(slots=True)
class Findings:
    """What a walk found so far: `broken` counts people and days, `first` names a few of them."""

    broken: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def add(self, subject: str, what: str, seq: int | None = None) -> None:
        """One more fault."""
        self.broken += 1
        if len(self.first) < NAMED:
            self.first.append({"subject": subject, "seq": seq, "what": what})


@transaction.atomic
def start_verification(*, by: Actor, now: datetime, run_here: bool = False) -> Job:
    """A job that walks the whole ledger; progress and findings stand on its page. `run_here`: the caller runs it."""
    audit.record(by=by, action="ledger.verification_started", target="ledger")
    title, task = "Verify the consent ledger", "consent.tasks.verify_ledger"
    return jobs.start_job(kind=VERIFY, title=title, task=task, parameters={}, by=by, now=now, run_here=run_here)


def verify_ledger(*, job_id: str) -> None:
    """The job has walked every chain and every anchor and says what it found; begins anew when resumed.

    A fault is published as `ledger.mismatch`. Reads in steps of 5,000 people; memory does not grow.
    """
    job = jobs.claim_job(job_id=job_id, now=timezone.now())
    if job is None:
        return
    findings, done, last = Findings(), 0, 0
    going = jobs.advance_job(job=job, done=0, total=ConsentEvent.objects.count(), now=timezone.now())
    while going and (until := _step_end(last)):
        for broken in broken_chains(after=last, until=until):
            findings.add(broken.subject, broken.broken_at.what, broken.broken_at.seq)
        done += ConsentEvent.objects.filter(customer_id__gt=last, customer_id__lte=until).count()
        last = until
        going = jobs.advance_job(job=job, done=done, now=timezone.now())
    if going:
        _finish(job, findings, done)


def _step_end(last: int) -> int:
    """The id of the person who ends the next step; 0 when there is nobody left."""
    people = ConsentEvent.objects.filter(customer_id__gt=last).order_by("customer_id")
    ids = people.values_list("customer_id", flat=True).distinct()[:PEOPLE_A_STEP]
    return max(ids, default=0)


def _finish(job: Job, findings: Findings, entries: int) -> None:
    for subject in lost_heads(limit=NAMED):
        findings.add(subject, "its last entry is missing")
    for day in _wrong_anchors():
        findings.add(day.isoformat(), "the entries of this day do not match its anchor")
    now = timezone.now()
    if findings.broken:
        outbox.publish(topic="ledger.mismatch", subject="ledger", payload={"broken": findings.broken})
    result = {"entries": entries, "broken": findings.broken, "first": findings.first}
    jobs.finish_job(job=job, result=result, now=now)


def _wrong_anchors() -> Iterator[date]:
    previous = GENESIS
    for anchor in LedgerAnchor.objects.order_by("day"):
        count, digest = fingerprint(day=anchor.day, previous=previous)
        if (anchor.previous_digest, anchor.entries, anchor.digest) != (previous, count, digest):
            yield anchor.day
        previous = anchor.digest


def fingerprint(*, day: date, previous: str) -> tuple[int, str]:
    """How many entries were recorded on a UTC day, and the digest over the previous one and each entry's hash."""
    start = datetime.combine(day, time.min, UTC)
    rows = ConsentEvent.objects.filter(recorded_at__gte=start, recorded_at__lt=start + timedelta(days=1))
    digest, count = hashlib.sha256(previous.encode()), 0
    for hash_ in rows.order_by("id").values_list("hash", flat=True).iterator(chunk_size=_CHUNK):
        digest.update(b"\n" + hash_.encode())
        count += 1
    return count, digest.hexdigest()


def anchor_ledger(*, now: datetime) -> int:
    """Every full UTC day up to yesterday has its anchor; how many are new.

    A day is closed half an hour after its end, so that no transaction of that day is still open.
    """
    last = LedgerAnchor.objects.order_by("-day").first()
    day = last.day + timedelta(days=1) if last else _first_day()
    closed = (now - SETTLED).astimezone(UTC).date()
    new = 0
    while day is not None and day < closed:
        last = _anchor(day, last.digest if last else GENESIS, now)
        day, new = day + timedelta(days=1), new + 1
    return new


def _first_day() -> date | None:
    first = ConsentEvent.objects.order_by("recorded_at", "id").values_list("recorded_at", flat=True).first()
    return first.astimezone(UTC).date() if first else None


@transaction.atomic
def _anchor(day: date, previous: str, now: datetime) -> LedgerAnchor:
    count, digest = fingerprint(day=day, previous=previous)
    anchor = LedgerAnchor.objects.create(
        day=day, entries=count, previous_digest=previous, digest=digest, created_at=now
    )
    audit.record(by=SYSTEM, action="ledger.anchored", target=f"ledger:{day}", changes={"digest": ["", digest]})
    return anchor
