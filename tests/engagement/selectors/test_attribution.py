"""Orders divided among campaigns from the log itself: who counts, what adds up, what is said about silence."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import InvalidInput
from engagement.rules.attribution import Model
from engagement.selectors import attribution
from engagement.selectors.attribution import attribute

pytestmark = pytest.mark.django_db


def test_attribute__story_of_three__gives_the_order_of_who_may_be_looked_at(story):
    found = attribute(begins=story - timedelta(days=2), ends=story, currency="EUR", now=story)

    assert (found.orders, found.measured, found.touched) == (2, 1, 1)
    assert (found.total, found.revenue, found.coverage) == (Decimal("140.01"), Decimal("90.01"), 0.5)
    assert found.given["mail"][Model.FIRST] == Decimal("90.01")
    assert found.given["direct"][Model.LAST] == Decimal("90.01")
    assert found.given["advert"][Model.LAST_NON_DIRECT] == Decimal("90.01")
    assert found.given["advert"][Model.POSITION] == Decimal("18.00")
    for model in Model:
        assert sum(given[model] for given in found.given.values()) == Decimal("90.01")


def test_attribute__period_that_is_none__is_refused(story):
    with pytest.raises(InvalidInput):
        attribute(begins=story, ends=story, currency="EUR", now=story)
    with pytest.raises(InvalidInput, match="92 days"):
        attribute(begins=story - timedelta(days=93), ends=story, currency="EUR", now=story)


def test_attribute__more_orders_than_can_be_divided__is_refused_rather_than_cut(story, monkeypatch):
    monkeypatch.setattr(attribution, "MOST_ORDERS", 0)

    with pytest.raises(InvalidInput, match="1 orders; choose a period with at most 0"):
        attribute(begins=story - timedelta(days=2), ends=story, currency="EUR", now=story)
