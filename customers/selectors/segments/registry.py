"""The criteria of segment rules, each registered by the floor that owns the data; the grammar they make up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from customers.rules.segments.forms import Form
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.operands import Subject
from customers.rules.segments.tree import Condition
from customers.selectors.segments.builder import Builder, Test, Weight

SubjectFinder = Callable[[Mapping[str, Any], str], Subject]


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that a builder offers: a name for people, under which heading, and the members that mean it."""

    label: str
    group: str
    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SegmentCriterion:
    """One criterion: its form; `open()` answers a finder of subjects that asks the database at most once a question;
    `test` is the SQL of one condition; `offers` what a builder may show; `weigh` the SQL of what the facts that a
    condition counts weigh together, for criteria whose form `counts`; `properties(members)` names what `where` may
    look at, as far as it is described; `further(members)` what a builder may show beside a condition with these."""

    form: Form
    open: Callable[[], SubjectFinder]
    test: Callable[[Condition, Subject, Builder], Test]
    offers: Callable[[], Sequence[Offer]]
    weigh: Callable[[Condition, Builder, Weight], str] | None = None
    properties: Callable[[Mapping[str, Any]], Sequence[tuple[str, Subject]]] | None = None
    further: Callable[[Mapping[str, Any]], Sequence[Offer]] | None = None


_criteria: dict[str, SegmentCriterion] = {}


def register_segment_criterion(criterion: SegmentCriterion) -> None:
    """Let rules ask about this; a name may be taken once."""
    if criterion.form.on in _criteria:
        raise ValueError(f"{criterion.form.on} is registered twice")
    _criteria[criterion.form.on] = criterion


def segment_criteria() -> Mapping[str, SegmentCriterion]:
    """Every criterion by name, in the order of registration."""
    return dict(_criteria)


def grammar() -> Grammar:
    """The grammar of this moment; what it once asked the database it remembers, so keep it for one request only."""
    opened = cache(lambda on: _criteria[on].open())

    def subject_of(on: str, members: Mapping[str, Any], pointer: str) -> Subject:
        found: Subject = opened(on)(members, pointer)
        return found

    return Grammar({on: criterion.form for on, criterion in _criteria.items()}, subject_of)


def test_of(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """The SQL of one condition."""
    return _criteria[condition.on].test(condition, subject, builder)


def weight_of(condition: Condition, builder: Builder, weight: Weight) -> str:
    """The SQL of what the facts that a condition counts weigh together; null for nobody's."""
    weigh = _criteria[condition.on].weigh
    if weigh is None:
        raise ValueError(f"{condition.on} counts nothing")
    return weigh(condition, builder, weight)
