"""A graph is refused with every reason, each at its place."""

from functools import partial

import jsonschema_rs
import pytest

from campaigns.rules.automations.checks import Surroundings, problems
from campaigns.rules.automations.graph import walk
from campaigns.rules.automations.layout import place
from campaigns.rules.automations.schema import published, shape_problems
from campaigns.rules.automations.words import entry_words, lines
from campaigns.rules.content.templates import faults
from tests.campaigns.rules.automations.examples import CART, EMPTY_RULE, graph, send, wait

AROUND = Surroundings(
    attributes={"plan"},
    promotions={"spring"},
    purposes={"marketing_email"},
    dates={"birth_date"},
    words=partial(faults, attributes={"plan"}),
    trigger=lambda trigger: [] if trigger.get("event") != "unheard-of" else ["There is no event “unheard-of”."],
    rule=lambda rule: [] if rule == EMPTY_RULE else ["A rule is needed."],
)


def codes(found, purpose="marketing_email"):
    assert shape_problems(found) == []
    return [(one.pointer, one.code) for one in problems(found, purpose=purpose, around=AROUND)]


def test_problems__cart_reminder__none():
    assert codes(CART) == []
    assert walk(CART) == ["hour", "paid", "remind", "mark", "end"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (graph({"a": send("b")}), ("/steps/a", "unknown_step")),
        (graph({"a": send()}, start="b"), ("/start", "unknown_step")),
        (graph({"a": send(), "b": send()}), ("/steps/b", "unreachable")),
        (graph({"a": send("b"), "b": {"type": "tag", "add": ["x"], "next": "a"}}), ("/steps/a", "ring_without_wait")),
        (graph({"a": {"type": "wait", "next": None}}), ("/steps/a", "no_time")),
        (graph({"a": send(subject="")}), ("/steps/a", "missing_content")),
        (graph({"a": send(body="{{ customer.first_name }}")}), ("/steps/a", "missing_content")),
        (graph({"a": {"type": "tag", "next": None}}), ("/steps/a", "no_tags")),
        (graph({"a": {"type": "split", "rule": {}, "yes": None, "no": None}}), ("/steps/a", "invalid_rule")),
        (
            graph({"a": {"type": "offer", "promotion": "no", "attribute": "plan"}}),
            ("/steps/a", "unknown_promotion"),
        ),
        (
            graph({"a": {"type": "ab", "branches": [{"key": "A", "weight": 0}, {"key": "B", "weight": 0}]}}),
            ("/steps/a", "no_weight"),
        ),
        (
            graph({"a": {"type": "ab", "branches": [{"key": "A", "weight": 1}, {"key": "A", "weight": 1}]}}),
            ("/steps/a", "same_branch"),
        ),
        (graph({"a": send()}, entry={"on": "event", "event": "unheard-of"}), ("/entry", "unknown_trigger")),
        (graph({"a": send()}, entry={"on": "date", "field": "x", "at": "09:00"}), ("/entry/field", "unknown_date")),
        (graph({"a": send()}, limits={"quiet_from": "21:00"}), ("/limits", "half_quiet_hours")),
        (graph({"a": send()}, limits={"time_zone": "Mars/Base"}), ("/limits/time_zone", "unknown_zone")),
        (graph({"a": send()}, reentry={"policy": "after_days"}), ("/reentry/days", "missing_days")),
    ],
)
def test_problems__one_mistake__is_named_where_it_is(found, expected):
    assert expected in codes(found)


def test_problems__ring_with_a_wait__is_allowed():
    assert codes(graph({"a": send("b"), "b": wait("a")})) == []
    assert codes(graph({"a": send("b"), "b": wait("c", hours=1), "c": send("b")})) == []


def test_problems__key_without_one_on_entry__is_refused():
    waits = {**CART["steps"]["paid"], "otherwise": None}

    assert ("/steps/a/for/key", "missing_key") in codes(graph({"a": waits}))


def test_problems__messages_without_a_purpose__are_refused():
    assert codes(graph({"a": send()}), purpose="") == [("/purpose", "missing_purpose")]
    assert codes(graph({"a": {"type": "exit"}}), purpose="") == []


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({**CART, "more": 1}, ""),
        ({**CART, "entry": {"on": "moon"}}, "/entry/on"),
        ({**CART, "steps": {"a": {"type": "dance"}}}, "/steps/a/type"),
        ({**CART, "steps": {"a": {"type": "send", "subject": "x"}}}, "/steps/a"),
        ({**CART, "steps": {"a": {"type": "wait", "days": -1}}}, "/steps/a/days"),
        ({**CART, "goals": [{"on": "date", "field": "birth_date", "at": "09:00"}]}, "/goals/0/on"),
        (
            {**CART, "steps": {"a": {"type": "wait_for", "for": {"on": "api"}, "timeout": {"days": 1}}}},
            "/steps/a/for/on",
        ),
    ],
)
def test_shape_problems__wrong_shape__is_refused_at_its_pointer(raw, pointer):
    assert pointer in [one.pointer for one in shape_problems(raw)]


@pytest.mark.parametrize(
    ("step", "pointer", "words"),
    [
        ({"type": "tag", "title": "Mark\x07", "add": ["vip"]}, "/steps/a/title", "control characters"),
        ({"type": "tag", "add": ["vip\nplus"]}, "/steps/a/add/0", "commas or control characters"),
        ({"type": "tag", "remove": ["vip", "a,b"]}, "/steps/a/remove/1", "commas or control characters"),
        ({"type": "tag", "add": ["  "]}, "/steps/a/add/0", "1 to 100 characters"),
        ({"type": "webhook", "name": "order\x00"}, "/steps/a/name", "control characters"),
        ({"type": "webhook", "name": "order\u2028paid"}, "/steps/a/name", "control characters"),
        (send(subject="Hello\r\nBcc: all@example.com"), "/steps/a/subject", "control characters"),
    ],
)
def test_shape_problems__control_characters__are_refused_in_words_at_their_place(step, pointer, words):
    (found,) = shape_problems(graph({"a": step}))

    assert found.pointer == pointer
    assert words in found.message


def test_shape_problems__several_lines_of_a_message_and_letters_of_any_language__are_fine():
    assert shape_problems(graph({"a": send(subject="Grüße, 你好 🎉", body="One\nTwo\tThree")})) == []
    assert shape_problems(graph({"a": {"type": "tag", "title": "Étiquette", "add": ["größe l", "vip"]}})) == []


def test_published__whole_schema__accepts_what_the_reader_accepts():
    assert jsonschema_rs.Draft202012Validator(published()).is_valid(CART)


def test_lines__cart_reminder__tell_the_whole_story():
    found = lines(CART)

    assert [line.key for line in found] == walk(CART)
    assert found[1].does == "Wait until purchase happens, for the same properties.cartId, at most 1 day."
    assert found[1].ways == (("if it happens", "the end"), ("if not in time", "step 3"))
    assert entry_words(CART["entry"]) == "When page-view happens, for the same properties.cartId"
    dated = {"on": "date", "field": "birth_date", "days": -7, "at": "09:00"}
    assert entry_words(dated) == "7 days before birth_date, every year, at 09:00 where they are"


def test_place__ring__has_a_box_for_each_step_and_an_arrow_for_each_way():
    found = place(graph({"a": send("b"), "b": wait("a")}))

    assert [(box.key, box.number) for box in found.boxes] == [("a", 1), ("b", 2)]
    assert found.boxes[0].y < found.boxes[1].y < found.height
    assert len(found.arrows) == 2
