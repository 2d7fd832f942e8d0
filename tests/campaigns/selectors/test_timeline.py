"""Messages in the timeline of a person."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import Delivery
from campaigns.rules.reactions import Verdict
from campaigns.selectors.timeline import fetch_messages
from customers.selectors.timeline import Before
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def sent(person, at, **values):
    campaign = launched(make_campaign([person]))
    Delivery.objects.filter(campaign=campaign).update(state="sent", sent_at=at, tracked=True, **values)
    return campaign


def test_messages__sent_at_one_instant__come_newest_first_page_by_page_and_say_what_she_did():
    (jane,) = make_people(1)
    first = sent(jane, AT, opened=Verdict.MACHINE)
    second = sent(jane, AT, opened=Verdict.HUMAN, clicked=Verdict.HUMAN)
    older = sent(jane, AT - timedelta(days=1))

    top = fetch_messages([jane.pk], Before(at=AT, inclusive=True), 1)
    rest = fetch_messages([jane.pk], Before(at=AT, row=top[0].row), 10)

    assert [entry.source for entry in (*top, *rest)] == [second.public_id, first.public_id, older.public_id]
    assert [entry.details.get("opened") for entry in (*top, *rest)] == ["yes", "by a machine", None]
    assert top[0].title == f"Was sent “{second.subject}”"


def test_messages__not_left_or_for_others__are_not_told():
    jane, other = make_people(2)
    launched(make_campaign([jane]))
    sent(other, AT)

    assert fetch_messages([jane.pk], Before(at=AT, inclusive=True), 10) == []
