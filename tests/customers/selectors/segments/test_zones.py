"""Days and anniversaries in the company's time zone, in SQL: people on both sides of midnight and of a clock change."""

from datetime import UTC, datetime

import pytest

from core.actors import SYSTEM
from customers.models import Customer
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.services.customers import create_customer
from tests.engagement.support import store_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 30, 10, tzinfo=UTC)


def person(name, created_at):
    row = create_customer(properties={"external_id": name}, by=SYSTEM, now=NOW)
    Customer.objects.filter(pk=row.pk).update(created_at=created_at)
    return row


def matching(rule):
    using = grammar()
    _, statement = count_rule(node=using.read({"version": 1, "rule": rule}), grammar=using, now=NOW)
    rows = Customer.objects.raw(statement.select("c.*"), statement.parameters)
    return " ".join(sorted(row.external_id for row in rows))


def test_calendar__company_in_berlin__follows_its_midnights(settings):
    settings.COMPANY_TIME_ZONE = "Europe/Berlin"
    # 29 March 2026 in Berlin: from 28 March 23:00 until 29 March 22:00 in UTC, 23 hours.
    moments = {"early": (28, 22, 59), "first": (28, 23, 0), "last": (29, 21, 59), "late": (29, 22, 0)}
    for name, moment in moments.items():
        row = person(name, datetime(2026, 3, *moment, tzinfo=UTC))
        store_event(customer_id=row.pk, at=datetime(2026, 3, *moment, tzinfo=UTC), type_id=2)
    viewed = {"on": "events", "type": "view", "field": "count", "op": "at_least", "value": 1}

    assert matching({"on": "profile", "field": "created_at", "op": "on", "value": "2026-03-29"}) == "first last"
    assert matching(viewed | {"window": {"previous": "day"}}) == "first last"
    assert matching(viewed | {"window": {"this": "day"}}) == "late"
    assert matching(viewed | {"window": {"from": "2026-03-29", "until": "2026-03-30"}}) == "first last"


def test_anniversary__company_in_auckland__is_a_day_earlier_than_in_utc(settings):
    person("ana", datetime(2025, 3, 29, 13, tzinfo=UTC))
    tomorrow = {"on": "profile", "field": "created_at", "op": "anniversary_within", "value": {"days": 1}}

    in_utc = matching(tomorrow)
    settings.COMPANY_TIME_ZONE = "Pacific/Auckland"

    assert in_utc == ""
    assert matching(tomorrow) == "ana"
