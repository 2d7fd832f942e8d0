"""What rules see of an event beside its type and time."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.services.customers import create_customer
from tests.engagement.support import store_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(("campaigns", "found"), [((7, 8), 1), ((7, 7), 0), ((7, None), 0)])
def test_distinct__campaigns_of_events__are_told_apart(campaigns, found):
    customer = create_customer(properties={"email": "ana@example.com"}, by=SYSTEM, now=NOW)
    for campaign in campaigns:
        store_event(customer_id=customer.pk, at=NOW - timedelta(days=1), campaign_id=campaign)
    asked = {
        "on": "events",
        "type": "click",
        "field": "distinct",
        "property": "campaignId",
        "op": "at_least",
        "value": 2,
    }
    using = grammar()

    total, _ = count_rule(node=using.read({"version": 1, "rule": asked}), grammar=using, now=NOW)

    assert total == found
