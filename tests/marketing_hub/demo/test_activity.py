from collections import Counter
from datetime import timedelta

import pytest

from consent.rules.periods import add_months
from consent.rules.policy import resolve
from marketing_hub.demo.activity import DAYS_BACK, invent_activity
from marketing_hub.demo.consents import TRACKING, allowed_between, consent_steps
from tests.marketing_hub.demo.conftest import NOW

CAMPAIGN_KINDS = {"view", "click", "open"}


@pytest.fixture(scope="module")
def told(people):
    return [(person, consent_steps(person, now=NOW)) for person in people]


@pytest.fixture(scope="module")
def activity(told):
    return invent_activity(told, now=NOW)


def test_invent_activity__same_people__do_the_same(told, activity):
    assert invent_activity(told, now=NOW) == activity


def test_invent_activity__everything__is_recent_in_order_and_complete(activity):
    assert [one.at for one in activity] == sorted(one.at for one in activity)
    assert all(NOW - timedelta(days=DAYS_BACK) < one.at <= NOW for one in activity)
    assert len({one.body["eventId"] for one in activity}) == len(activity)
    for one in activity:
        assert one.body["timestamp"] == f"{one.at:%Y-%m-%dT%H:%M:%SZ}"
        assert ("campaignId" in one.body) == (one.body["type"] in CAMPAIGN_KINDS)
        assert ("elementId" in one.body) == (one.body["type"] == "click")


def test_invent_activity__amount_and_kinds__fill_a_demo_without_slowing_it(activity):
    kinds = Counter(one.body["type"] for one in activity)

    assert 8_000 < len(activity) < 20_000
    assert set(kinds) == {"page-view", "view", "click", "open"}
    assert min(kinds.values()) > 1_000
    assert sum(one.at > NOW - timedelta(hours=1) for one in activity) > 30


def test_invent_activity__without_consent__is_little_and_marked(told, activity):
    agreed = {person.external_id: ends_at for person, steps in told if (ends_at := _ends_at(person, steps))}

    assert all(one.allowed == (agreed.get(one.body["userId"], NOW) > NOW) for one in activity)
    assert 50 < sum(not one.allowed for one in activity) < 300


def test_invent_activity__consent_runs_out_within_a_week__is_quiet(told):
    later = NOW + timedelta(days=15)
    week = later + timedelta(days=7)
    ending = {p.external_id for p, steps in told if (ends_at := _ends_at(p, steps)) and later < ends_at < week}

    activity = invent_activity(told, now=later)

    assert ending
    assert not ending & {one.body["userId"] for one in activity}


def _ends_at(person, steps):
    """When a consent to tracking that was not withdrawn runs out by the law of the place."""
    window = allowed_between(steps, TRACKING)
    if window is None or window[1] is not None:
        return None
    return add_months(window[0], resolve(person.country).cookie_max_age_months)
