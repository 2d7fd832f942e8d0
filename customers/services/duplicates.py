"""Finding profiles that may be one person, and deciding about them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from core import audit, jobs, outbox
from core.actors import Actor
from core.crypto import keyed_hash
from core.errors import Conflict, InvalidInput
from core.models import Cursor, Job
from core.models.jobs import OPEN_STATES
from customers.models import Customer, CustomerQuerySet, DuplicatePair, MatchKey, Merge, MergeOrigin, PairState
from customers.rules.matching import POSSIBLE, Person, blocking_keys, compare, score
from customers.selectors.duplicates import KIND, partners_of, read_people
from customers.services.merges import request_merge

TASK: Final = "customers.tasks.scan_duplicates"
CURSOR: Final = "customers.duplicates"
CHUNK: Final = 500
Clock = Callable[[], datetime]


@transaction.atomic
def start_scan(*, by: Actor, now: datetime, run_here: bool = False) -> Job:
    """A job that compares every customer changed since the last scan; 409 while one is on its way."""
    if Job.objects.filter(kind=KIND, state__in=OPEN_STATES).exists():
        raise Conflict("The duplicate finder is already at work.")
    job = jobs.start_job(
        kind=KIND, title="Find duplicates", task=TASK, parameters={}, by=by, now=now, run_here=run_here
    )
    audit.record(by=by, action="duplicates.scan_started", target=job.public_id)
    return job


def scan(*, job_id: str, clock: Clock) -> None:
    """Work on the job from where the last scan ended, CHUNK customers a transaction; safe to run again at any time."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    horizon = outbox.horizon()
    done, found = 0, 0
    going = jobs.advance_job(job=job, done=0, total=_behind(_position(), horizon).count(), now=clock())
    while going:
        step = _step(horizon, clock())
        if step is None:
            jobs.finish_job(job=job, result={"customers": done, "pairs": found}, now=clock())
            return
        done, found = done + step[0], found + step[1]
        going = jobs.advance_job(job=job, done=done, now=clock())


@transaction.atomic
def _step(horizon: int, now: datetime) -> tuple[int, int] | None:
    """(customers, pairs) of one chunk in the order of the change feed; None at its end."""
    cursor = outbox.locked_cursor(CURSOR)
    if cursor is None:
        return None
    rows = list(_behind(cursor, horizon).order_by("xid", "pk").values_list("xid", "pk")[:CHUNK])
    if not rows:
        return None
    ids = [pk for _, pk in rows]
    people = read_people(ids)
    _store_keys(ids, people)
    found = _compare(people, now)
    outbox.move_cursor(cursor=cursor, xid=rows[-1][0], row=rows[-1][1], at=now, now=now)
    return len(rows), found


def _position() -> Cursor:
    return Cursor.objects.filter(name=CURSOR).first() or Cursor(name=CURSOR)


def _behind(cursor: Cursor, horizon: int) -> CustomerQuerySet:
    """Customers written since the last step by transactions that are final."""
    return Customer.objects.filter(xid__gte=cursor.xid, xid__lt=horizon).exclude(xid=cursor.xid, pk__lte=cursor.row)


def _store_keys(ids: Sequence[int], people: dict[int, Person]) -> None:
    MatchKey.objects.filter(customer_id__in=ids).delete()
    MatchKey.objects.bulk_create(
        [
            MatchKey(customer_id=pk, key=keyed_hash("match-key", key)[:24])
            for pk, person in people.items()
            for key in sorted(blocking_keys(person))
        ],
        batch_size=5_000,
        ignore_conflicts=True,
    )


def _compare(people: dict[int, Person], now: datetime) -> int:
    """Pairs of these people that are worth a look are stored; how many are new."""
    partners = partners_of(list(people))
    others = read_people({pk for pks in partners.values() for pk in pks})
    pairs: dict[tuple[int, int], DuplicatePair] = {}
    for pk, pks in partners.items():
        for other in pks & others.keys():
            evidence = compare(people[pk], others[other])
            total, left, right = score(evidence), min(pk, other), max(pk, other)
            if total >= POSSIBLE:
                shown = [{"field": e.field, "agreement": e.agreement.value, "weight": e.weight} for e in evidence]
                pairs[left, right] = DuplicatePair(
                    public_id=DuplicatePair.new_public_id(),
                    left_id=left,
                    right_id=right,
                    score=min(total, 999),
                    evidence=shown,
                    created_at=now,
                    updated_at=now,
                )
    before = DuplicatePair.objects.filter(left__in={left for left, _ in pairs}, right__in={r for _, r in pairs}).count()
    DuplicatePair.objects.bulk_create(
        [pairs[key] for key in sorted(pairs)],
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["left", "right"],
        update_fields=["score", "evidence", "updated_at"],
    )
    return max(0, len(pairs) - before)


@transaction.atomic
def decide_pair(*, pair: DuplicatePair, decision: str, reason: str = "", by: Actor, now: datetime) -> Merge | None:
    """What a person says about a pair: `merge` asks for the merge (the older profile stays), `different`, `later`.

    The merge still needs its second person. 409 when it is asked for already.
    """
    if decision not in (PairState.MERGE, PairState.DIFFERENT, PairState.LATER):
        raise InvalidInput("Invalid 'decision': choose from merge, different, later.", param="decision")
    pair = DuplicatePair.objects.select_for_update(of=["self"]).select_related("left", "right").get(pk=pair.pk)
    merge = None
    if decision == PairState.MERGE:
        text = reason or "Found by the duplicate finder."
        merge = request_merge(
            survivor=pair.left, absorbed=pair.right, reason=text, by=by, now=now, origin=MergeOrigin.DUPLICATE
        )
    pair.state, pair.decided_by, pair.decided_at, pair.updated_at = PairState(decision), str(by), now, now
    pair.save(update_fields=["state", "decided_by", "decided_at", "updated_at"])
    audit.record(
        by=by, action="duplicate.decided", target=pair.public_id, changes={"decision": ["", decision]}, reason=reason
    )
    return merge
