"""Where steps and the words of ways stand on the canvas."""

from campaigns.rules.automations.layout import place

END = {"type": "exit"}


def split(yes, no):
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    return {"type": "split", "rule": rule, "yes": yes, "no": no}


def test_place__two_ways_out__their_words_stand_apart():
    graph = {"start": "ask", "steps": {"ask": split("a", "b"), "a": END, "b": END}}

    yes, no = place(graph).arrows

    assert (yes.label, no.label) == ("yes", "no")
    assert abs(yes.x - no.x) > 100
    assert yes.path != no.path


def test_place__two_ways_to_the_same_step__their_words_stand_over_each_other():
    graph = {"start": "ask", "steps": {"ask": split("a", "a"), "a": END}}

    yes, no = place(graph).arrows

    assert (yes.x, yes.y) != (no.x, no.y)
    assert yes.y - no.y >= 12
