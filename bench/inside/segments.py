"""Segments at size: counts, previews and full builds against the ordinary query, and against reading both tables."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from bench.report import Contender, rounds_of, table
from core.actors import SYSTEM
from customers.models import Customer, Segment, SegmentMember, SegmentVersion
from customers.selectors.segments.preview import count_rule, drop_off, preview_rule
from customers.selectors.segments.registry import grammar
from customers.services.attributes import define_attribute
from customers.services.segment_builds import build_segment
from customers.services.segments import define_segment
from engagement.models import Event

NOW = timezone.now()
MONTH = NOW - timedelta(days=30)
VIEW, CLICK, PURCHASE = 2, 1, 9
Asked = dict[str, Any]
SCAN: Final = "limit: sequential scan of both tables"


def _events(kind: str, at_least: int, **more: Any) -> Asked:
    window = {"last": {"days": 30}}
    asked = {"on": "events", "type": kind, "field": "count", "window": window, "op": "at_least", "value": at_least}
    return asked | more


def _profile(field: str, op: str, value: Any) -> Asked:
    return {"on": "profile", "field": field, "op": op, "value": value}


def _attribute(key: str, value: str) -> Asked:
    return {"on": "attribute", "field": key, "op": "is", "value": value}


def _sequence(op: str) -> Asked:
    value = {"type": "purchase", "within": {"days": 3}}
    return {"on": "sequence", "type": "click", "window": {"last": {"days": 30}}, "op": op, "value": value}


NESTED: Final = {
    "all": [
        _profile("country", "is_one_of", ["DE", "FR"]),
        _attribute("stage", "lead"),
        {"any": [_events("purchase", 1), {"all": [_events("click", 3), _attribute("plan", "pro")]}]},
    ]
}
RULES: Final[dict[str, Asked]] = {
    "nested": NESTED,
    "bought twice in 30 days": _events("purchase", 2),
    "five views in 30 days": _events("view", 5),
    "active, no event in 30 days": {
        "all": [_profile("status", "is", "active"), _events("", 0, op="equals") | {"type": None}]
    },
    "attributes only": {"all": [_profile("country", "is", "DE"), _attribute("plan", "pro")]},
}
OPERATORS: Final[dict[str, Asked]] = {
    "click followed by purchase": _sequence("followed_by"),
    "click not followed by purchase": _sequence("not_followed_by"),
    "distinct pages": _events("view", 4, field="distinct", property="elementId"),
    "sum of purchases": _events("purchase", 100, field="sum", property="value"),
    "last event 60 days ago": {
        "on": "events",
        "field": "last",
        "op": "longer_ago_than",
        "value": {"days": 60},
    },
    "top percent by value": {"on": "profile", "field": "lifetime_value", "op": "top_percent", "value": 10},
    "e-mail ends with": {"on": "identity", "field": "email", "op": "ends_with", "value": "7@example.com"},
    "name contains": _profile("last_name", "contains", "77"),
    "random share": {"on": "bucket", "field": "a", "op": "less_than", "value": 10},
    "consent": {"on": "consent", "field": "marketing_email", "op": "is_allowed"},
}


def _rule(asked: Asked) -> Asked:
    cleaned = {name: value for name, value in asked.items() if value is not None}
    return {"version": 1, "rule": cleaned}


def _known() -> QuerySet[Customer]:
    return Customer.objects.filter(is_known=True, merged_into=None).exclude(status="deleted")


def _of(kind: int | None = None) -> QuerySet[Event]:
    rows = Event.objects.filter(customer_id=OuterRef("pk"), occurred_at__gte=MONTH)
    return rows.filter(type_id=kind) if kind else rows


def _counted(kind: int) -> Subquery:
    """How often, as an ordinary annotation counts related rows that no foreign key joins."""
    return Subquery(_of(kind).order_by().values("customer_id").annotate(n=Count("*")).values("n"))


def naive() -> dict[str, QuerySet[Customer]]:
    """The same questions as one writes them with the ORM."""
    people = _known()
    nested = people.filter(country__in=["DE", "FR"], attributes__stage="lead").annotate(clicks=_counted(CLICK))
    return {
        "nested": nested.filter(Q(Exists(_of(PURCHASE))) | Q(clicks__gte=3, attributes__plan="pro")),
        "bought twice in 30 days": people.annotate(n=_counted(PURCHASE)).filter(n__gte=2),
        "five views in 30 days": people.annotate(n=_counted(VIEW)).filter(n__gte=5),
        "active, no event in 30 days": people.filter(~Exists(_of()), status="active"),
        "attributes only": people.filter(country="DE", attributes__plan="pro"),
    }


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds that the work takes, twice."""
    started = time.perf_counter()
    work()
    taken = (time.perf_counter() - started) * 1000
    return taken, taken


def scan() -> int:
    """Every row of both tables is read in the order of the tables."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in ("indexscan", "indexonlyscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{name} = off")
        cursor.execute("SELECT (SELECT count(*) FROM customers_customer), (SELECT count(*) FROM engagement_event)")
        return int(sum(cursor.fetchone()))


def count(asked: Asked) -> int:
    """How many the rule matches, as the product counts them."""
    using = grammar()
    return count_rule(node=using.read(_rule(asked)), grammar=using, now=NOW)[0]


def preview(asked: Asked) -> None:
    """What the builder shows at first."""
    using = grammar()
    preview_rule(node=using.read(_rule(asked)), grammar=using, now=NOW)


def steps(asked: Asked) -> None:
    """Who is left after each condition."""
    using = grammar()
    drop_off(node=using.read(_rule(asked)), grammar=using, now=NOW)


def counting(rounds: int) -> str:
    """Each rule: ours, the ordinary query, the scan."""
    found = []
    plain = naive()
    for name, asked in RULES.items():
        ours, theirs = count(asked), plain[name].count()
        if ours != theirs:
            raise RuntimeError(f"{name}: {ours} are not {theirs}")
        lines = rounds_of(
            [
                Contender("count", partial(timed, partial(count, asked))),
                Contender("preview", partial(timed, partial(preview, asked))),
                Contender("drop-off", partial(timed, partial(steps, asked))),
                Contender("ordinary ORM query", partial(timed, plain[name].count)),
                Contender(SCAN, partial(timed, scan)),
            ],
            "ms",
            rounds,
        )
        limit = 1 / 0.3 if name == "nested" else 1.0
        goals = [("ordinary ORM query", "count", 8.0), (SCAN, "count", limit)]
        found.append(table(f"Segment: {name}, {ours:,} customers", lines, goals))
    return "\n\n".join(found)


def operators(rounds: int) -> str:
    """What must not take longer than the scan."""
    contenders = [Contender(name, partial(timed, partial(count, asked))) for name, asked in OPERATORS.items()]
    lines = rounds_of([*contenders, Contender(SCAN, partial(timed, scan))], "ms", rounds)
    return table("Segment: operators", lines, [(SCAN, name, 1.0) for name in OPERATORS])


def building(name: str, rounds: int) -> str:
    """A full build, against putting the same people in as `members.set(queryset)` does, and against inserting ids."""
    segment = define_segment(name=f"Bench {name}", rule=_rule(RULES[name]), by=SYSTEM, now=NOW)
    ids = list(naive()[name].values_list("pk", flat=True))
    lines = rounds_of(
        [
            Contender("full build", partial(timed, partial(_build, segment))),
            Contender("members.set(queryset)", partial(timed, partial(_set_members, segment, naive()[name]))),
            Contender("limit: inserting that many ids", partial(timed, partial(_insert, segment, ids))),
        ],
        "ms",
        rounds,
    )
    goals = [("members.set(queryset)", "full build", 20.0), ("limit: inserting that many ids", "full build", 1 / 3)]
    return table(f"Full build: {name}, {len(ids):,} members", lines, goals)


def _version(segment: Segment) -> SegmentVersion:
    last = segment.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return SegmentVersion.objects.create(
        segment=segment,
        number=last + 1,
        definition=segment.definition,
        rule=segment.rule,
        as_of=NOW,
        created_by="bench",
        created_at=NOW,
    )


def _build(segment: Segment) -> None:
    """Without the emptying of the version before, which nobody waits for."""
    Segment.objects.filter(pk=segment.pk).update(current=None)
    segment.refresh_from_db()
    version = _version(segment)
    build_segment(version_id=version.pk, clock=timezone.now)
    Segment.objects.filter(pk=segment.pk).update(current=None)


@transaction.atomic
def _set_members(segment: Segment, wanted: QuerySet[Customer]) -> None:
    """What Django does for `set()` of a many-to-many relation: present ids, objects, rows in batches."""
    version = _version(segment)
    present = set(SegmentMember.objects.filter(version=version).values_list("customer_id", flat=True))
    rows = [SegmentMember(version=version, customer=one) for one in wanted if one.pk not in present]
    SegmentMember.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def _insert(segment: Segment, ids: list[int]) -> None:
    version = _version(segment)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_segmentmember (version_id, customer_id) SELECT %s, id FROM unnest(%s) AS given(id)",
            [version.pk, ids],
        )


def main() -> None:
    """The tables of one run."""
    rounds = int(sys.argv[1])
    for key, options in (("plan", ["free", "pro", "team"]), ("stage", ["lead", "trial", "customer"])):
        define_attribute(
            key=key, value_type="enum", values={"options": options, "purpose": "bench"}, by=SYSTEM, now=NOW
        )
    parts = [counting(rounds), operators(rounds)]
    parts += [building(name, rounds) for name in ("nested", "bought twice in 30 days", "five views in 30 days")]
    sys.stdout.write("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
