"""SQL says of random rules exactly what plain Python says; what words say comes back as it was."""

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.rules.segments.schema import json_schema
from customers.rules.segments.tree import simplified
from customers.selectors.segments import statement as statements
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import compile_rule
from tests.support.segment_oracle import matching
from tests.support.segment_rules import CONDITIONS, RULES
from tests.support.segment_world import NOW, make_world

pytestmark = pytest.mark.django_db
RELAXED = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture
def world():
    return make_world()


def found(rule, *, everybody=False):
    using = grammar()
    statement = compile_rule(node=using.read(rule), grammar=using, now=NOW, everybody=everybody, in_order=True)
    rows = run(statement.select("c.id"), statement.parameters, seconds=30, in_order=statement.in_order)
    assert len({row[0] for row in rows}) == len(rows), "somebody came twice"
    return {row[0] for row in rows}


@pytest.mark.parametrize(("share", "ids"), [(0, 20_000), (2, 20_000), (0, 1)])
def test_rules__random__match_whom_plain_python_finds(world, monkeypatch, share, ids):
    monkeypatch.setattr(statements, "SELECTIVE_SHARE", share)
    monkeypatch.setattr(statements, "SPANNED_FROM", ids)

    @RELAXED
    @given(RULES)
    def check(rule):
        assert found(rule) == matching(rule, world)

    check()


@pytest.mark.parametrize("ids", [20_000, 1])
def test_conditions__each_by_itself__match_whom_plain_python_finds(world, monkeypatch, ids):
    monkeypatch.setattr(statements, "SPANNED_FROM", ids)

    @settings(RELAXED, max_examples=400)
    @given(CONDITIONS)
    def check(condition):
        rule = {"version": 1, "rule": condition}

        assert found(rule) == matching(rule, world)

    check()


def test_words__random_rules__come_back_as_they_were(world):
    using = grammar()
    validator = jsonschema_rs.Draft202012Validator(json_schema(using.forms))

    @settings(RELAXED, max_examples=300)
    @given(RULES)
    def check(rule):
        node = using.read(rule)

        assert using.read_words(using.write_words(node)) == simplified(node)
        assert validator.is_valid(rule)

    check()


def test_words__random_texts_in_them__come_back_as_they_were(world):
    using = grammar()

    @settings(RELAXED, max_examples=200)
    @given(st.text(min_size=1, max_size=40), st.floats(allow_nan=False, allow_infinity=False, width=32))
    def check(text, number):
        rule = {
            "any": [
                {"on": "attribute", "field": "city", "op": "contains", "value": text},
                {"on": "attribute", "field": "points", "op": "at_least", "value": number},
            ]
        }
        try:
            node = using.read({"version": 1, "rule": rule})
        except ValueError:
            return

        assert using.read_words(using.write_words(node)) == node
        found({"version": 1, "rule": rule})

    check()
