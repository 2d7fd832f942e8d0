"""Working scores out: for everybody as a job, for those about whom something changed as they change."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Max, Min

from core import jobs, outbox
from core.actors import SYSTEM
from core.errors import Conflict, DomainError
from core.models import Cursor, Job
from customers.models import (
    Customer,
    ScoreCause,
    ScoreModel,
    ScoreVersion,
    ScoreVersionState,
)
from customers.rules.scores import read_definition
from customers.rules.segments.tree import RuleError
from customers.selectors.scores import list_models, live_versions
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.scoring import score_rows
from customers.services.scores import recompute_score

CURSOR: Final = "customers.scores"
STRETCH: Final = 100_000
CHUNK: Final = 2_000
BATCH: Final = 10_000
Clock = Callable[[], datetime]
_APPLY: Final = """
WITH fresh AS MATERIALIZED ({rows}),
old AS (SELECT customer_id, score, points FROM customers_customerscore WHERE version_id = %(to_version)s AND {among}),
changed AS MATERIALIZED (
    SELECT coalesce(f.id, o.customer_id) AS id, f.points, f.score, o.score AS before
    FROM fresh f FULL JOIN old o ON o.customer_id = f.id WHERE f.points IS DISTINCT FROM o.points
), put AS (
    INSERT INTO customers_customerscore AS s (version_id, customer_id, score, points, since)
    SELECT %(to_version)s, id, score, points, %(at)s FROM changed WHERE points IS NOT NULL ORDER BY id
    ON CONFLICT (version_id, customer_id) DO UPDATE SET score = excluded.score, points = excluded.points,
        since = CASE WHEN s.score = excluded.score THEN s.since ELSE excluded.since END
), gone AS (
    DELETE FROM customers_customerscore s USING changed c
    WHERE c.points IS NULL AND s.version_id = %(to_version)s AND s.customer_id = c.id
), told AS (
    INSERT INTO customers_scorechange (version_id, customer_id, at, before, after, points, cause)
    SELECT %(to_version)s, c.id, %(at)s, coalesce(c.before, b.score, 0), coalesce(c.score, 0),
        coalesce(c.points, ARRAY[]::integer[]), %(cause)s
    FROM changed c LEFT JOIN customers_customerscore b ON b.version_id = %(in_force)s AND b.customer_id = c.id
    ORDER BY c.id
)
SELECT count(*) FROM changed
"""


def compute_scores(*, job_id: str, clock: Clock) -> None:
    """Work on the job: everybody's score by its version, STRETCH ids a transaction; then the version is in force.

    Safe to run again at any time: who already has the right score is left alone. Rules that cannot be evaluated any
    more fail the job with a sentence, and the scores in force stay.
    """
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    version = ScoreVersion.objects.select_related("model").get(pk=job.parameters["version"])
    try:
        changed = _everybody(job, version, clock)
    except (RuleError, DomainError) as refusal:
        _fail(job, version, str(refusal), clock())
    except DatabaseError as error:
        _fail(job, version, f"The database refused the calculation ({type(error).__name__}).", clock())
        raise
    else:
        if changed is not None:
            retired = _put_in_force(version, clock())
            jobs.finish_job(job=job, result={"changed": changed, "version": version.number}, now=clock())
            for pk in retired:
                clear_scores(version_id=pk)


def _everybody(job: Job, version: ScoreVersion, clock: Clock) -> int | None:
    """How many scores changed; None when the job was paused, stopped, or its version is not wanted any more."""
    ends = Customer.objects.aggregate(first=Min("pk"), last=Max("pk"))
    first, last = ends["first"] or 0, ends["last"] or -1
    changed = 0
    going = jobs.advance_job(job=job, done=0, total=last - first + 1, now=clock())
    for start in range(first, last + 1, STRETCH):
        if not going or not _is_live(version):
            break
        ids = range(start, min(start + STRETCH, last + 1))
        changed += _apply(version, ids, ScoreCause.RECOMPUTED, clock())
        going = jobs.advance_job(job=job, done=ids.stop - first, now=clock())
    if going and not _is_live(version):
        jobs.fail_job(job=job, error="Another version took the place of this one.", now=clock())
        return None
    return changed if going else None


def _is_live(version: ScoreVersion) -> bool:
    states = (ScoreVersionState.COMPUTING, ScoreVersionState.ACTIVE)
    return ScoreVersion.objects.filter(pk=version.pk, state__in=states).exists()


@transaction.atomic
def _apply(version: ScoreVersion, ids: Sequence[int] | range, cause: ScoreCause, now: datetime) -> int:
    """These customers have the points that the version gives them now, and its history says so; how many changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('customers.scores'), %s)", [version.model_id])
    using = grammar()
    definition = read_definition(version.definition, using)
    rows, parameters = score_rows(definition=definition, grammar=using, now=now, ids=ids)
    among = "customer_id = ANY(%(whose)s::bigint[])"
    whose: dict[str, Any] = {"whose": list(ids)}
    if isinstance(ids, range):
        among, whose = "customer_id >= %(first)s AND customer_id < %(stop)s", {"first": ids.start, "stop": ids.stop}
    in_force = ScoreModel.objects.values_list("current_id", flat=True).get(pk=version.model_id)
    names = {"to_version": version.pk, "in_force": in_force or 0, "at": now, "cause": cause.value}
    sql = _APPLY.format(rows=rows, among=among)
    found = run(sql, parameters | names | whose, seconds=settings.SEGMENT_BUILD_SECONDS)
    return int(found[0][0])


@transaction.atomic
def _put_in_force(version: ScoreVersion, now: datetime) -> list[int]:
    """The version is the one whose scores are read; answers the versions whose scores nobody reads any more."""
    model = ScoreModel.objects.select_for_update().get(pk=version.model_id)
    if model.retired_at is not None:
        return []
    others = ScoreVersion.objects.filter(model=model).exclude(pk=version.pk).exclude(state=ScoreVersionState.DRAFT)
    retired = list(others.exclude(state=ScoreVersionState.RETIRED).values_list("pk", flat=True))
    others.filter(pk__in=retired).update(state=ScoreVersionState.RETIRED, retired_at=now)
    if version.state == ScoreVersionState.COMPUTING:
        ScoreVersion.objects.filter(pk=version.pk).update(state=ScoreVersionState.ACTIVE, activated_at=now)
    model.current, model.computed_at, model.failure = version, now, ""
    model.save(update_fields=["current", "computed_at", "failure"])
    payload = {"score": model.slug, "version": version.number, "as_of": now.isoformat()}
    outbox.publish(topic="score.computed", subject=model.public_id, payload=payload)
    return retired


@transaction.atomic
def _fail(job: Job, version: ScoreVersion, why: str, now: datetime) -> None:
    ScoreModel.objects.filter(pk=version.model_id).update(failure=why[:300])
    jobs.fail_job(job=job, error=why, now=now)


def rescore(*, customer_ids: Collection[int], now: datetime) -> int:
    """These customers, and whoever absorbed them, have the scores that they deserve now; how many changed.

    One statement a model, however many customers. Rules that cannot be evaluated any more change nothing: the next
    calculation for everybody says so.
    """
    versions = live_versions()
    if not versions or not customer_ids:
        return 0
    pairs = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "merged_into_id")
    ids = sorted({owner or pk for pk, owner in pairs})
    return sum(_quietly(version, ids, now) for version in versions)


def _quietly(version: ScoreVersion, ids: Sequence[int], now: datetime) -> int:
    try:
        return _apply(version, ids, ScoreCause.ACTIVITY, now)
    except RuleError:
        return 0


def follow_changes(*, now: datetime, steps: int = 500) -> int:
    """Scores follow every profile, tag, order and merge written up to the horizon; how many changed.

    CHUNK customers a transaction, in commit order; answers at once when another worker is at it.
    """
    changed, horizon = 0, outbox.horizon()
    for _ in range(steps):
        moved = _follow_one(horizon, now)
        if moved is None:
            return changed
        changed += moved
    return changed


@transaction.atomic
def _follow_one(horizon: int, now: datetime) -> int | None:
    cursor = outbox.locked_cursor(CURSOR)
    if cursor is None:
        return None
    rows = _behind(cursor, horizon)
    if not rows:
        return None
    changed = rescore(customer_ids=[pk for _, pk in rows], now=now)
    outbox.move_cursor(cursor=cursor, xid=rows[-1][0], row=rows[-1][1], at=now, now=now)
    return changed


def _behind(cursor: Cursor, horizon: int) -> list[tuple[int, int]]:
    """(transaction, id) of customers written since the last step by transactions that are final."""
    rows = Customer.objects.filter(xid__gte=cursor.xid, xid__lt=horizon).exclude(xid=cursor.xid, pk__lte=cursor.row)
    return list(rows.order_by("xid", "pk").values_list("xid", "pk")[:CHUNK])


def recompute_due_scores(*, now: datetime) -> int:
    """Every score in force is worked out anew, so that points fade and windows move on; how many jobs began."""
    started = 0
    for model in list_models().filter(current__isnull=False).order_by("pk"):
        try:
            recompute_score(model=model, by=SYSTEM, now=now)
        except Conflict:
            continue
        started += 1
    return started


def clear_scores(*, version_id: int) -> int:
    """Nobody has a score in this version, which is not in force; in batches, returns how many had."""
    if ScoreModel.objects.filter(current=version_id).exists():
        return 0
    return _drain("customers_customerscore", "version_id = %s", version_id)


def forget_history(*, before: datetime) -> int:
    """Changes of scores older than `before` are gone; how many were."""
    return _drain("customers_scorechange", "at < %s", before)


def _drain(table: str, condition: str, value: Any) -> int:
    gone, some = 0, f"SELECT ctid FROM {table} WHERE {condition} LIMIT {BATCH}"  # noqa: S608
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({some}))", [value])  # noqa: S608
            gone += int(cursor.rowcount)
            if cursor.rowcount < BATCH:
                return gone
