"""Lead scores in SQL: every rule of a definition worked out for many customers in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings

from customers.models import ScoreModel, ScoreVersionState
from customers.rules.scores import ScoreDefinition, ScoreRule
from customers.rules.segments import own
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition, Group
from customers.rules.segments.windows import length, refuse
from customers.selectors.segments.builder import Builder, Filter, Source, Test, Weight
from customers.selectors.segments.comparing import KNOWN_SQL, Value, compare
from customers.selectors.segments.registry import Offer, SegmentCriterion, SubjectFinder, weight_of
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import builder_at, compile_rule, subtests

SOURCE: Final = Source("scores", "customers_customerscore", at="since")
BARS: Final = 10


@dataclass(frozen=True, slots=True)
class Distribution:
    """How many customers have which score: everybody counted, those with points, and bars from score to score.

    `by_rule` counts for each rule, in the order of the definition, the customers who get points from it.
    """

    everybody: int
    scored: int
    bars: tuple[tuple[int, int, int], ...]
    by_rule: tuple[int, ...]


def score_rows(
    *, definition: ScoreDefinition, grammar: Grammar, now: datetime, ids: Sequence[int] | range | None = None
) -> tuple[str, dict[str, Any]]:
    """A query (id, points of each rule, score) of every customer with points, and its parameters.

    `ids` limits it to these customers: a list, or a range. RuleError when a condition cannot be evaluated (any more).
    """
    builder = builder_at(now)
    weights = [_weight(rule, builder) for rule in definition.rules]
    whens = tuple(rule.when for rule in definition.rules)
    statement = compile_rule(
        node=Group("any", whens), grammar=grammar, now=now, builder=builder, among=_among(ids, builder)
    )
    points = [
        _points(rule, test, weight)
        for rule, test, weight in zip(definition.rules, subtests(whens, statement), weights, strict=True)
    ]
    names = [f"p{number}" for number in range(len(points))]
    inner = statement.select(
        ", ".join(["c.id", *(f"{sql} AS {name}" for sql, name in zip(points, names, strict=True))])
    )
    score = f"least({definition.maximum}, greatest({definition.minimum}, {' + '.join(names)}))"
    sql = (
        f"SELECT id, ARRAY[{', '.join(names)}]::integer[] AS points, {score} AS score FROM ({inner}) raw"  # noqa: S608
        f" WHERE {' OR '.join(f'{name} <> 0' for name in names)}"
    )
    return sql, statement.parameters


def _among(ids: Sequence[int] | range | None, builder: Builder) -> str:
    if ids is None:
        return ""
    if isinstance(ids, range):
        return " AND ".join(builder.within("c.id", (ids.start, ids.stop), "bigint"))
    return f"c.id = ANY({builder.bind(list(ids), 'bigint[]')})"


def _weight(rule: ScoreRule, builder: Builder) -> str:
    if not rule.is_weighed or not isinstance(rule.when, Condition):
        return ""
    half_life = length(dict(rule.half_life)) if rule.half_life else None
    return f" * {weight_of(rule.when, builder, Weight(rule.each, half_life))}"


def _points(rule: ScoreRule, test: str, weight: str) -> str:
    """Whole points, so that they add up to the score that people see."""
    points = f"round(({rule.points}{weight})::numeric)"
    if rule.cap is not None:
        points = f"least({points}, {rule.cap})" if rule.points > 0 else f"greatest({points}, {-rule.cap})"
    # One rule never outweighs what an integer holds, however many events there are.
    return f"(CASE WHEN {test} THEN greatest(least({points}, 1000000), -1000000)::integer ELSE 0 END)"


def preview_scores(*, definition: ScoreDefinition, grammar: Grammar, now: datetime) -> Distribution:
    """What a definition would give everybody at `now`; nothing is stored. Unavailable when it takes too long."""
    rows, parameters = score_rows(definition=definition, grammar=grammar, now=now)
    low, high = definition.minimum, definition.maximum
    rules = "".join(f", count(*) FILTER (WHERE points[{n}] <> 0)" for n in range(1, len(definition.rules) + 1))
    sql = (
        f"WITH scored AS MATERIALIZED ({rows}) SELECT (SELECT count(*) FROM customers_customer c"  # noqa: S608
        f" WHERE {KNOWN_SQL}), (SELECT count(*) FROM scored),"
        " (SELECT json_agg(json_build_array(bar, people)) FROM (SELECT width_bucket(score, %(low)s, %(high)s + 1,"
        f" {BARS}) AS bar, count(*) AS people FROM scored GROUP BY 1) b),"
        f" (SELECT json_build_array(0{rules}) FROM scored)"
    )
    found = run(sql, parameters | {"low": low, "high": high}, seconds=settings.SEGMENT_PREVIEW_SECONDS)[0]
    return distribution(
        everybody=found[0], scored=found[1], counts=dict(found[2] or ()), by_rule=found[3][1:], low=low, high=high
    )


def distribution(
    *, everybody: int, scored: int, counts: dict[int, int], by_rule: Sequence[int], low: int, high: int
) -> Distribution:
    """Bars of equal width from `low` to `high`; `counts` by number of the bar, as width_bucket counts from 1."""
    edges = [low - ((low - high - 1) * number // BARS) for number in range(BARS + 1)]
    bars = [
        (edges[number], edges[number + 1] - 1, counts.get(number + 1, 0))
        for number in range(BARS)
        if edges[number] < edges[number + 1]
    ]
    return Distribution(everybody, scored, tuple(bars), tuple(by_rule))


def _finder() -> SubjectFinder:
    found: dict[str, Subject] = {}

    def subject(members: Any, pointer: str) -> Subject:
        slug = members["field"]
        if slug not in found:
            if not ScoreModel.objects.filter(slug=slug, retired_at__isnull=True).exists():
                message = "There is no score with this name in its address, or it is retired."
                raise refuse(f"{pointer}/field", message, "unknown_score")
            found[slug] = Subject(Type.NUMBER, f"score {slug}", personal=True, ranked=False)
        return found[slug]

    return subject


def _test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """Reads the scores as last calculated; a score that never was refuses the rule: nobody would have any points."""
    model = ScoreModel.objects.filter(slug=condition.members["field"], retired_at__isnull=True).first()
    if model is None or model.current_id is None:
        message = f"The score '{condition.members['field'][:60]}' has not been calculated yet."
        raise refuse(f"{condition.pointer}/field", message, "score_not_ready")
    chosen = Filter(f"f.version_id = {builder.bind(model.current_id, 'bigint')}")
    column = builder.measure(SOURCE, "max(f.score)", chosen)
    return compare(condition, Value(column, Type.NUMBER, zero=True), builder)


def _offers() -> Sequence[Offer]:
    models = ScoreModel.objects.filter(versions__state=ScoreVersionState.ACTIVE, retired_at__isnull=True)
    return [
        Offer(f"Score: {name}", "Groups", {"field": slug})
        for name, slug in models.order_by("name").values_list("name", "slug")
    ]


SCORE: Final = SegmentCriterion(own.SCORE, _finder, _test, _offers)
