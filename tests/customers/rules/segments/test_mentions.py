"""What rules mention: the topics that may move people, the ages that facts pass, the periods that turn."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from customers.rules.segments.mentions import Clock, crossed, of_rule, pointers, reason_of
from customers.rules.segments.tree import from_json
from customers.selectors.segments.followed import known_mentions

MONTH = {"last": {"days": 30}}


def said(**condition):
    return of_rule(from_json({"rule": condition}), known_mentions())


@pytest.mark.parametrize(
    ("condition", "topics", "ages", "periods"),
    [
        ({"on": "profile", "field": "country", "op": "is", "value": "DE"}, {"profile:country"}, set(), set()),
        ({"on": "attribute", "field": "plan", "op": "is_set"}, {"attribute:plan"}, set(), set()),
        ({"on": "segment", "op": "member_of", "value": "vip"}, {"segment:vip"}, set(), set()),
        ({"on": "tags", "op": "has_any", "value": ["vip"]}, {"tags"}, {0}, set()),
        ({"on": "consent", "field": "marketing_email", "op": "is_allowed"}, {"consent"}, {0}, set()),
        ({"on": "bucket", "field": "a", "op": "less_than", "value": 5}, set(), set(), set()),
        (
            {"on": "events", "type": "view", "field": "count", "window": MONTH, "op": "at_least", "value": 5},
            {"event:view"},
            {0, 30},
            set(),
        ),
        ({"on": "events", "field": "last", "op": "longer_ago_than", "value": {"days": 9}}, {"event"}, {0, 9}, set()),
        (
            {"on": "purchases", "field": "count", "window": {"this": "month"}, "op": "at_least", "value": 1},
            {"orders"},
            {0},
            {"month"},
        ),
        (
            {"on": "sequence", "type": "view", "op": "followed_by", "value": {"type": "share", "within": {"days": 3}}},
            {"event:view", "event:share"},
            {0, 3},
            set(),
        ),
        (
            {"on": "profile", "field": "birth_date", "op": "anniversary_within", "value": {"days": 7}},
            {"profile:birth_date"},
            set(),
            {"day"},
        ),
        (
            {"on": "profile", "field": "country", "op": "changed", "value": {"within": {"days": 30}}},
            {"profile:country"},
            {0, 30},
            set(),
        ),
    ],
)
def test_of_rule__condition__mentions_what_may_move_people(condition, topics, ages, periods):
    mention = said(**condition)

    assert mention.topics == topics and mention.periods == periods and not mention.ranked
    assert {clock.age for clock in mention.clocks} == {timedelta(days=age) for age in ages}


def test_of_rule__rank_or_unknown_criterion__is_calculated_as_a_whole_by_the_hour():
    rank = said(on="profile", field="lifetime_value", op="top_percent", value=10)
    unknown = of_rule(from_json({"rule": {"on": "weather", "op": "is", "value": "rain"}}), {})

    assert rank.ranked and rank.periods == {"hour"}
    assert unknown.ranked and unknown.periods == {"hour"}


def test_crossed__period__when_it_begins_in_between():
    before, after = datetime(2026, 2, 28, 23, 59, tzinfo=UTC), datetime(2026, 3, 1, 0, 0, tzinfo=UTC)

    assert crossed({"month"}, before, after) and crossed({"day"}, before, after) and crossed({"hour"}, before, after)
    assert not crossed({"month", "day", "hour"}, after, after + timedelta(minutes=59))


def test_pointers__changed_topics_and_clocks__name_the_conditions():
    old = {"on": "events", "type": "view", "field": "count", "window": MONTH, "op": "at_least", "value": 5}
    rule = from_json({"rule": {"all": [{"on": "tags", "op": "is_set"}, {"not": old}]}})

    by_topic = pointers(node=rule, known=known_mentions(), topics={"tags"}, clocks=())
    by_time = pointers(
        node=rule, known=known_mentions(), topics=(), clocks={Clock("events", timedelta(days=30), ("view",))}
    )

    assert by_topic == ["/rule/all/0"] and by_time == ["/rule/all/1/not"]
    assert reason_of({"tags"}, by_time=True) == "tag" and reason_of(set(), by_time=True) == "window"


def test_crossed__zone__turns_at_its_midnight():
    before, after = datetime(2026, 3, 1, 22, 59, tzinfo=UTC), datetime(2026, 3, 1, 23, 1, tzinfo=UTC)

    assert crossed({"day"}, before, after, ZoneInfo("Europe/Berlin"))
    assert not crossed({"day"}, before, after)
