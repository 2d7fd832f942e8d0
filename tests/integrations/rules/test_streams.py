"""Places in the log as ids, filters, and the bytes of an event stream."""

from uuid import UUID

import pytest

from integrations.rules.streams import Mark, filters_of, last_frame

EVENT = UUID(int=7)


def test_marks__of_one_transaction__have_published_rows_before_what_people_did():
    marks = [Mark.below(8), Mark.engaged(7, EVENT), Mark.published(7, 9), Mark.published(7, 2), Mark.published(6, 90)]

    assert sorted(marks) == marks[::-1]
    assert (Mark.engaged(7, EVENT).published_row, Mark.published(7, 2).event_id) == (2**62, UUID(int=0))


@pytest.mark.parametrize("mark", [Mark.published(7, 2), Mark.engaged(7, EVENT)])
def test_mark__written_and_read__is_the_same(mark):
    assert Mark.read(str(mark)) == mark


def test_mark__behind_a_whole_transaction__has_nothing_of_it_left():
    again = Mark.read(str(Mark.below(8)))

    assert (again.xid, again.published_row, again.event_id) == (7, 2**62, UUID(int=2**128 - 1))


@pytest.mark.parametrize("text", ["", "7", "7.", ".7", "7.x", "7.e12", "-1.2", "7.2 ", "1" * 30 + ".2", "7.2\n"])
def test_mark__other_text__is_no_place(text):
    assert Mark.read(text) is None


def test_filters__repeated_and_with_several_values__are_joined():
    assert filters_of(["segment:vip,gold", "segment:new", "reason:a:b"]) == {
        "segment": ["vip", "gold", "new"],
        "reason": ["a:b"],
    }


@pytest.mark.parametrize("texts", [["vip"], [":vip"], ["a b:c"], ["segment:"], [f"m{n}:x" for n in range(21)]])
def test_filters__of_another_form__are_none(texts):
    assert filters_of(texts) is None


def test_last_frame__with_a_place__lets_the_client_go_on_there():
    assert (
        last_frame("too_slow", "Come back.") == b'event: closed\ndata: {"code":"too_slow","message":"Come back."}\n\n'
    )
    assert b"\nid: 7.2\n" in last_frame("come_back", "Come back.", Mark.published(7, 2))
