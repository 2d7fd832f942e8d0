"""Previews add up to the person, and explanations say why."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import Unavailable
from customers.models import Customer
from customers.selectors.segments.explaining import explain_rule
from customers.selectors.segments.preview import drop_off, preview_rule, sample_rows
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from tests.support.segment_oracle import holds, matching
from tests.support.segment_rules import RULES
from tests.support.segment_world import NOW, make_world

pytestmark = pytest.mark.django_db
RELAXED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
EVERYBODY = {"version": 1, "rule": {"on": "profile", "field": "created_at", "op": "is_set"}}


@pytest.fixture
def world():
    return make_world()


def previewed(rule):
    using = grammar()
    return preview_rule(node=using.read(rule), grammar=using, now=NOW)


def test_preview__random_rules__reach_and_reasons_add_up_to_the_total(world):
    @RELAXED
    @given(RULES)
    def check(rule):
        found = previewed(rule)

        assert found.total == len(matching(rule, world))
        for reach in found.reach:
            assert reach.reachable + sum(people for _, people in reach.reasons) == found.total
            assert all(people > 0 for _, people in reach.reasons)
        assert len(found.sample_ids) == min(found.total, 20)
        assert set(found.sample_ids) <= matching(rule, world)

    check()


def test_preview__reach_by_email__is_who_is_active_has_an_address_and_whose_consent_runs(world):
    rows = Customer.objects.known().filter(status="active").exclude(email=None)
    expected = sum(
        1 for row in rows if row.consent_mask & 9 == 9 and (row.consent_until is None or row.consent_until > NOW)
    )

    by_channel = {reach.channel: reach for reach in previewed(EVERYBODY).reach}

    assert by_channel["email"].reachable == expected > 0
    ranks = [reason.rank for reason, _ in by_channel["email"].reasons]
    assert len(ranks) >= 4 and ranks == sorted(ranks)


def test_preview__sample__has_the_highest_value_first(world):
    values = [row.orders_total for row in sample_rows(previewed(EVERYBODY).sample_ids)]

    assert len(values) == 20
    assert values == sorted(values, reverse=True)


def test_drop_off__parts_of_all__fall_from_everybody_to_the_total(world):
    parts = [
        {"on": "profile", "field": "country", "op": "is_one_of", "value": ["DE", "FR"]},
        {"any": [{"on": "purchases", "field": "count", "op": "at_least", "value": 1}, {"on": "tags", "op": "is_set"}]},
        {"not": {"on": "profile", "field": "status", "op": "is", "value": "inactive"}},
    ]
    using = grammar()
    node = using.read({"version": 1, "rule": {"all": parts}})

    steps = drop_off(node=node, grammar=using, now=NOW)

    known = [somebody for somebody in world if somebody.known]
    expected = [sum(all(holds(p, who, known) for p in parts[:n]) for who in known) for n in range(4)]
    assert [step.left for step in steps] == expected
    assert [step.pointer for step in steps] == ["", "/rule/all/0", "/rule/all/1", "/rule/all/2"]
    assert steps[3].words == 'not (status is "inactive")'


def test_explain__random_rules__agree_with_plain_python_condition_by_condition(world):
    known = [somebody for somebody in world if somebody.known]
    using = grammar()

    @settings(RELAXED, max_examples=30)
    @given(RULES)
    def check(rule):
        node = using.read(rule)
        for who in world[:12]:
            customer = Customer.objects.get(pk=who.pk)
            found = explain_rule(node=node, grammar=using, customer=customer, sees_pii=True, now=NOW)

            assert found.matches == (who.pk in matching(rule, world))
            for finding in found.findings if who.known else ():
                condition = rule
                for step in finding.pointer.split("/")[1:]:
                    condition = condition[int(step) if isinstance(condition, list) else step]
                assert finding.holds == holds(condition, who, known)

    check()


def test_explain__reader_without_the_right__sees_no_personal_value(world):
    who = next(somebody for somebody in world if somebody.known and somebody.identities.get("email"))
    rule = {
        "any": [
            {"on": "identity", "field": "email", "op": "is_set"},
            {"on": "profile", "field": "country", "op": "is_set"},
        ]
    }
    using = grammar()
    node = using.read({"version": 1, "rule": rule})
    customer = Customer.objects.get(pk=who.pk)

    hidden = explain_rule(node=node, grammar=using, customer=customer, sees_pii=False, now=NOW)
    shown = explain_rule(node=node, grammar=using, customer=customer, sees_pii=True, now=NOW)

    assert (hidden.findings[0].seen, hidden.findings[0].hidden) == (None, True)
    assert hidden.findings[1].seen == shown.findings[1].seen == who.profile["country"]
    assert who.identities["email"][0] in shown.findings[0].seen


def test_run__statement_that_takes_too_long__says_so_and_leaves_the_transaction_usable(db):
    with pytest.raises(Unavailable, match="longer than"):
        run("SELECT pg_sleep(5)", {}, seconds=0.05)

    assert run("SELECT 1", {}, seconds=1) == [(1,)]


def test_preview__at_another_moment__windows_move_along(world):
    using = grammar()
    node = using.read(
        {
            "version": 1,
            "rule": {
                "on": "purchases",
                "field": "count",
                "window": {"last": {"days": 1}},
                "op": "at_least",
                "value": 1,
            },
        }
    )

    assert preview_rule(node=node, grammar=using, now=NOW).total > 0
    assert preview_rule(node=node, grammar=using, now=NOW + timedelta(days=30)).total == 0
