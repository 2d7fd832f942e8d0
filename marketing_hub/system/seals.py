"""Sealing the audit trail: a digest of every stretch, chained to the one before, and a walk that proves them."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core import audit, jobs, outbox
from core.actors import Actor
from core.models import AuditEntry, AuditSeal, Job, JobState

VERIFY: Final = "audit.verify"
GENESIS: Final = "0" * 64
NAMED: Final = 20
SETTLED: Final = timedelta(minutes=1)
_OPEN_SINCE: Final = "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database()"


def seal_audit(*, now: datetime) -> AuditSeal | None:
    """Everything recorded since the last seal is sealed; None when there was nothing.

    An entry bears the instant at which its transaction began, so the seal ends where the oldest transaction that is
    still open began: nothing can be added behind it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_SINCE)
        (open_since,) = cursor.fetchone()
    until = min(now - SETTLED, open_since or now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit.seal'))")
        last = AuditSeal.objects.order_by("-until").first()
        since, previous = (last.until, last.digest) if last else (None, GENESIS)
        entries, digest = fingerprint(since=since, until=until, previous=previous)
        if not entries:
            return None
        return AuditSeal.objects.create(
            since=since, until=until, entries=entries, previous_digest=previous, digest=digest
        )


def fingerprint(*, since: datetime | None, until: datetime, previous: str) -> tuple[int, str]:
    """How many entries were recorded in [since, until), and the digest over the previous one and each of them."""
    rows = AuditEntry.objects.filter(at__lt=until)
    rows = rows.filter(at__gte=since) if since else rows
    digest, count = hashlib.sha256(previous.encode()), 0
    for entry in rows.order_by("at", "id").iterator(chunk_size=2_000):
        digest.update(b"\n" + _canonical(entry))
        count += 1
    return count, digest.hexdigest()


def _canonical(entry: AuditEntry) -> bytes:
    """The entry as UTF-8 JSON with sorted names, its instant in UTC to the microsecond."""
    names = ("id", "actor_kind", "actor_id", "action", "target", "changes", "reason", "ip", "request_id")
    content: dict[str, Any] = {name: getattr(entry, name) for name in names}
    content["at"] = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@transaction.atomic
def start_verification(*, by: Actor, now: datetime) -> Job:
    """A job that proves every seal; progress and findings stand on its page."""
    audit.record(by=by, action="audit.verification_started", target="audit")
    task = "marketing_hub.tasks.verify_audit"
    return jobs.start_job(kind=VERIFY, title="Verify the audit log", task=task, parameters={}, by=by, now=now)


def verify_audit(*, job_id: str) -> None:
    """The job has proved every seal within the time that entries are kept, and says which do not match.

    A fault is published as `audit.mismatch`.
    """
    job = jobs.claim_job(job_id=job_id, now=timezone.now())
    if job is None:
        return
    total, done, wrong = AuditSeal.objects.count(), 0, []
    for seal, matches in proofs(now=timezone.now()):
        done += 1
        wrong += [] if matches else [seal.until.isoformat()]
        if not jobs.advance_job(job=job, done=done, total=total, now=timezone.now()):
            return
    if wrong:
        outbox.publish(topic="audit.mismatch", subject="audit", payload={"broken": len(wrong)})
    jobs.finish_job(job=job, result=_result(done, wrong), now=timezone.now())


def _result(seals: int, wrong: list[str]) -> dict[str, Any]:
    last = AuditSeal.objects.order_by("-until").first()
    sealed = {"sealed_until": last.until.isoformat(), "digest": last.digest} if last else {}
    return {"seals": seals, "broken": len(wrong), "first": wrong[:NAMED], **sealed}


def proofs(*, now: datetime) -> Iterator[tuple[AuditSeal, bool]]:
    """Each seal in order, and whether the entries still match it and it continues the one before.

    Seals over entries that retention has dropped are only checked for their place in the chain.
    """
    kept_since = now - timedelta(days=settings.AUDIT_RETENTION_DAYS)
    previous, since = GENESIS, None
    for seal in AuditSeal.objects.order_by("until").iterator(chunk_size=500):
        chained = (seal.previous_digest, seal.since) == (previous, since)
        whole = since is None or since >= kept_since
        if whole and seal.until >= kept_since:
            found = fingerprint(since=since, until=seal.until, previous=previous)
            yield seal, chained and found == (seal.entries, seal.digest)
        else:
            yield seal, chained
        previous, since = seal.digest, seal.until


def last_verification() -> Job | None:
    """The newest proof that came to its end, or None."""
    return Job.objects.filter(kind=VERIFY, state=JobState.SUCCEEDED).order_by("-created_at", "-id").first()
