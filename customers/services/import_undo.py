"""Taking an import back: what it made goes, what it changed returns, unless something newer stands on it."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import DataError, transaction
from django.db.models import QuerySet

from core import audit, jobs, outbox
from core.actors import Actor, ActorKind
from core.errors import DomainError, InvalidState
from core.models import Job
from customers.models import Customer, Identity, ImportChange, ImportFile, ImportTarget, Purchase, Status, TagOrigin
from customers.rules.governance import ANYBODY
from customers.selectors.imports import UNDO_KIND, why_not_undone
from customers.services import guards
from customers.services.customers import delete_customers
from customers.services.drafts import BLANK, Draft, Mode
from customers.services.purchases import refresh_order_figures
from customers.services.tags import change_tags
from customers.services.upserts import write_drafts

TASK: Final = "customers.tasks.undo_import"
CHUNK: Final = 500
CHANGED_SINCE, USED_SINCE, DELETED_SINCE, REASON = "changed_since", "used_since", "deleted_since", "import undone"
Clock = Callable[[], datetime]


@transaction.atomic
def start_undo(*, file: ImportFile, by: Actor, now: datetime) -> Job:
    """A job that takes the import back as far as nothing newer stands on it; its result says what stayed, and why.

    Refuses (409): an import that stored nothing, is still under way or is undone already, and one that ended more
    than IMPORT_UNDO_DAYS ago.
    """
    file = ImportFile.objects.select_for_update(of=("self",)).select_related("job", "undo").get(pk=file.pk)
    if why := why_not_undone(file=file, now=now):
        raise InvalidState(why)
    job = jobs.start_job(
        kind=UNDO_KIND,
        title=f"Undo {file.target}: {file.file_name}"[:200],
        task=TASK,
        parameters={"import": file.public_id},
        by=by,
        now=now,
    )
    file.undo, file.updated_at = job, now
    file.save(update_fields=["undo", "updated_at"])
    audit.record(by=by, action="import.undo_started", target=file.public_id)
    return job


def undo_import(*, job_id: str, clock: Clock) -> None:
    """Take the job's import back chunk by chunk; killed at any moment and run again, each row is undone once."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    file = ImportFile.objects.get(undo=job)
    step = _undo_purchases if file.target == ImportTarget.PURCHASES else _undo_customers
    left = _purchases_of(file).count() if file.target == ImportTarget.PURCHASES else _open_changes(file).count()
    total = job.done + left
    going = jobs.advance_job(job=job, done=job.done, total=total, now=clock())
    try:
        while going and (done := step(file, _actor_of(job), clock())):
            going = jobs.advance_job(job=job, done=job.done + done, now=clock())
        if going and file.target == ImportTarget.CUSTOMERS:
            _take_consent_back(job, file, clock())
    except (DataError, DomainError) as broken:
        cause = broken.message if isinstance(broken, DomainError) else type(broken).__name__
        jobs.fail_job(job=job, error=f"The undo broke off: {cause}", now=clock())
        raise
    if going:
        _finish(job, file, clock())


@transaction.atomic
def _take_consent_back(job: Job, file: ImportFile, now: datetime) -> None:
    """Last of all, for a new entry is a change of its customer: nobody who stays has a yes that rests on the file."""
    until = (file.job.finished_at if file.job else None) or now
    ended = guards.take_consent_back(
        imported=file.public_id, since=file.created_at, until=until, by=_actor_of(job), now=now
    )
    locked = ImportFile.objects.select_for_update().get(pk=file.pk)
    if ended:
        before = int(locked.undo_figures.get("consents", 0))
        locked.undo_figures |= {"consents": before + ended}
        locked.save(update_fields=["undo_figures"])


def _actor_of(job: Job) -> Actor:
    kind, _, name = job.owner.partition(":")
    return Actor(kind=ActorKind(kind), id=name)


@transaction.atomic
def _finish(job: Job, file: ImportFile, now: datetime) -> None:
    file.refresh_from_db()
    file.undone_at = file.updated_at = now
    file.save(update_fields=["undone_at", "updated_at"])
    figures = file.undo_figures
    changes = {name: [0, count] for name, count in figures.items() if isinstance(count, int)}
    audit.record(by=_actor_of(job), action="import.undone", target=file.public_id, changes=changes)
    jobs.finish_job(job=job, result=figures | {"import": file.public_id}, now=now)


def _count(file: ImportFile, counts: Counter[str], kept: Counter[str]) -> None:
    """Add to what was undone so far; the caller's transaction holds the rows it speaks of."""
    locked = ImportFile.objects.select_for_update().get(pk=file.pk)
    figures = locked.undo_figures
    names = ("removed", "restored", "kept") if file.target == ImportTarget.CUSTOMERS else ("removed",)
    new: dict[str, Any] = figures | {name: figures.get(name, 0) + counts[name] for name in names}
    if file.target == ImportTarget.CUSTOMERS:
        new["reasons"] = dict(Counter(figures.get("reasons", {})) + kept)
    locked.undo_figures = new
    locked.save(update_fields=["undo_figures"])


def _purchases_of(file: ImportFile) -> QuerySet[Purchase]:
    return Purchase.objects.filter(source=file.public_id)


@transaction.atomic
def _undo_purchases(file: ImportFile, by: Actor, now: datetime) -> int:
    """The next orders that the file brought are gone, and their customers' figures count them no more."""
    rows = list(_purchases_of(file).order_by("pk").values_list("pk", "customer_id")[:CHUNK])
    ids = sorted({customer_id for _, customer_id in rows})
    customers = Customer.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    names = list(customers.exclude(status=Status.DELETED).values_list("pk", "public_id"))
    Purchase.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
    refresh_order_figures(customer_ids=[pk for pk, _ in names], now=now)
    facts = [outbox.Fact(topic="customer.updated", subject=n, payload={"changed": ["orders"]}) for _, n in names]
    outbox.publish_many(facts)
    if rows:
        _count(file, Counter(removed=len(rows)), Counter())
    return len(rows)


def _open_changes(file: ImportFile) -> QuerySet[ImportChange]:
    return ImportChange.objects.filter(file=file, kept="")


@transaction.atomic
def _undo_customers(file: ImportFile, by: Actor, now: datetime) -> int:
    """The next customers are as they were before the file, or the change says why not."""
    changes = list(_open_changes(file).order_by("-pk")[:CHUNK])
    locked = Customer.objects.select_for_update().filter(pk__in=[c.customer_id for c in changes]).order_by("pk")
    rows = {row.pk: row for row in locked}
    kept = {change.pk: why for change in changes if (why := _why_kept(change, rows[change.customer_id]))}
    kept |= _leaned_upon([c for c in changes if c.created and c.pk not in kept], file)
    going = [change for change in changes if change.pk not in kept]
    gone = [change.customer_id for change in going if change.created]
    delete_customers(customer_ids=gone, reason=REASON, by=by, now=now)
    back = [change for change in going if not change.created]
    _take_tags_off(back, by, now)
    kept |= _restore(back, rows, by, now)
    for reason in set(kept.values()):
        ImportChange.objects.filter(pk__in=[pk for pk, why in kept.items() if why == reason]).update(kept=reason)
    done = [change.pk for change in back if change.pk not in kept]
    ImportChange.objects.filter(pk__in=done).delete()
    if changes:
        counts = Counter(removed=len(gone), restored=len(done), kept=len(kept))
        _count(file, counts, Counter(kept.values()))
    return len(changes)


def _why_kept(change: ImportChange, row: Customer) -> str:
    """Why the customer stays as it is; empty when the undo may go on."""
    if row.status == Status.DELETED or row.merged_into_id:
        return DELETED_SINCE
    if change.created and row.xid != change.xid:
        return CHANGED_SINCE
    return USED_SINCE if change.created and row.last_seen_at else ""


def _leaned_upon(changes: Sequence[ImportChange], file: ImportFile) -> dict[int, str]:
    """Created customers on whom orders, absorbed visitors or identifiers from elsewhere stand by now."""
    ids = [change.customer_id for change in changes]
    used = set(Purchase.objects.filter(customer_id__in=ids).values_list("customer_id", flat=True))
    used |= set(Customer.objects.filter(merged_into__in=ids).values_list("merged_into_id", flat=True))
    foreign = Identity.objects.filter(customer_id__in=ids).exclude(source=file.public_id)
    used |= set(foreign.values_list("customer_id", flat=True))
    return {change.pk: USED_SINCE for change in changes if change.customer_id in used}


def _take_tags_off(changes: Sequence[ImportChange], by: Actor, now: datetime) -> None:
    """The tags that the file put, except those of customers who stay as they are."""
    by_tags: dict[tuple[str, ...], list[int]] = {}
    for change in changes:
        if change.tags:
            by_tags.setdefault(tuple(change.tags), []).append(change.customer_id)
    for tags, ids in by_tags.items():
        change_tags(customer_ids=ids, remove=tags, origin=TagOrigin.IMPORT, by=by, now=now, audited=False)


def _restore(changes: Sequence[ImportChange], rows: dict[int, Customer], by: Actor, now: datetime) -> dict[int, str]:
    """Fields that still hold what the file wrote hold again what stood there before; reasons of those left."""
    kept, drafts = {}, []
    for change in changes:
        values, newer = _values_back(change, rows[change.customer_id])
        if newer:
            kept[change.pk] = CHANGED_SINCE
        if values:
            key = ("id", rows[change.customer_id].public_id)
            drafts.append((change.pk, Draft(mode=Mode.UPDATE, values=values, key=key, source=ANYBODY)))
    write_drafts(batch=[draft for _, draft in drafts], by=by, now=now)
    return kept | {pk: draft.refusal.code[:40] for pk, draft in drafts if draft.refusal}


def _values_back(change: ImportChange, row: Customer) -> tuple[dict[str, Any], bool]:
    """(columns to write, whether some field holds something newer)."""
    values: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    newer = False
    for name, old in change.before.items():
        field, _, key = name.partition(".")
        now = row.attributes.get(key) if key else _plain(getattr(row, field))
        if now != change.after.get(name):
            newer = True
        elif key:
            attributes[key] = old
        else:
            values[field] = BLANK[field] if old is None else _typed(field, old)
    return values | ({"attributes": attributes} if attributes else {}), newer


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _typed(field: str, value: Any) -> Any:
    return date.fromisoformat(value) if field == "birth_date" else value
