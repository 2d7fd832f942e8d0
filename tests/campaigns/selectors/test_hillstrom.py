"""The e-mail experiment of Hillstrom (2008): all 64,000 people, through the services of the product.

The answers are the published ones: groups, visits, conversions, spend, and the uplifts with their p-values.
"""

import csv
import gzip
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.rules.statistics.verdicts import Verdict
from campaigns.selectors.experiments import report_of
from campaigns.services.experiments import count_experiment, define_experiment, start_experiment
from campaigns.services.exposures import MOST_ROWS, Sighting, record_sightings
from core.actors import SYSTEM, Actor, ActorKind
from core.models import Role
from customers.models import Customer
from customers.services.purchases import MAX_BATCH, NewPurchase, record_purchases
from engagement.rules.catalogue import BY_NAME
from engagement.rules.events import EventIn, Ready
from engagement.rules.keys import new_key
from engagement.rules.schemas import compile_form
from engagement.services.ingest import ingest
from tests.factories.core import make_staff
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db
ARMS = {"No E-Mail": "none", "Mens E-Mail": "mens", "Womens E-Mail": "womens"}
_PERSON = (
    "INSERT INTO customers_customer (public_id, external_id, country, attributes, status, is_known, created_at,"
    " updated_at, first_name, last_name, region, language, time_zone, consent_mask, consent_ref, delete_reason,"
    " orders_count, orders_total, orders_currency, last_order_currency, created_via)"
    " SELECT 'cus_' || lpad(n::text, 22, '0'), 'h' || n, 'US', '{}', 'active', true, %(now)s, %(now)s, '', '', '', '',"
    " '', %(mask)s, 1, '', 0, 0, '', '', '' FROM generate_series(0, %(last)s) n"
)


def in_batches(rows, size):
    return (rows[start : start + size] for start in range(0, len(rows), size))


def visit(number, at):
    key, form = new_key(), compile_form(BY_NAME["view"])
    event = EventIn(user_id=f"h{number}", campaign_id="hillstrom", device_type="desktop", timestamp=at)
    return Ready(0, event, form, str(key), str(key), False, at)


@pytest.fixture
def rows(shared_data):
    with gzip.open(shared_data / "campaigns/hillstrom.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def hillstrom(rows):
    """The experiment with everything that happened, counted a day after it began."""
    now = timezone.now()
    start, after = now - timedelta(hours=2), now - timedelta(hours=1)
    with connection.cursor() as cursor:
        cursor.execute(_PERSON, {"now": start, "mask": EVERYTHING, "last": len(rows) - 1})
    values = {
        "key": "hillstrom",
        "name": "E-mail to former customers",
        "drawn": "elsewhere",
        "variants": [{"key": key} for key in ARMS.values()],
        "measures": ["purchase", "event:view", "revenue"],
        "currency": "USD",
        "window_days": 14,
        "looks": "once",
        "planned_people": 21_000,
    }
    draft = define_experiment(values=values, by=SYSTEM, now=start)
    experiment = start_experiment(experiment=draft, by=SYSTEM, now=start)
    seen = [Sighting(f"h{number}", ARMS[row["segment"]], start) for number, row in enumerate(rows)]
    for batch in in_batches(seen, MOST_ROWS):
        record_sightings(experiment=experiment, sightings=batch, by=SYSTEM, now=now)
    ids = dict(Customer.objects.values_list("external_id", "pk"))
    bought = [
        NewPurchase(ids[f"h{number}"], f"o{number}", Decimal(row["spend"]), "USD", after)
        for number, row in enumerate(rows)
        if row["conversion"] == "1"
    ]
    for batch in in_batches(bought, MAX_BATCH):
        assert not any(record_purchases(purchases=batch, source="shop", by=SYSTEM, now=now))
    shop = Actor(kind=ActorKind.CLIENT, id="cli_shop")
    visits = [visit(number, after) for number, row in enumerate(rows) if row["visit"] == "1"]
    for batch in in_batches(visits, 100):
        ingest(events=batch, by=shop, now=now)
    forget_statistics()
    return count_experiment(experiment=experiment, now=now)


def forget_statistics():
    """The planner expects nobody, as while autovacuum has only seen empty tables; whoever believes it is stopped."""
    with connection.cursor() as cursor:
        for table in ("customers_customer", "campaigns_shown"):
            cursor.execute(
                "SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', %s, 'reltuples', 0::real,"
                " 'relpages', (pg_relation_size(%s::regclass) / 8192)::int)",
                [table, table],
            )
        cursor.execute("SET LOCAL statement_timeout = '60s'")


def test_hillstrom__through_the_product__is_the_known_experiment(hillstrom, client):
    found = report_of(hillstrom)

    arms = {arm.key: arm for arm in found.arms}
    assert {key: arm.people for key, arm in arms.items()} == {"none": 21_306, "mens": 21_307, "womens": 21_387}
    assert all(arm.coverage == 1 for arm in found.arms)
    rates = {key: round(100 * arm.sums["purchase"].doers / arm.people, 4) for key, arm in arms.items()}
    assert rates == {"none": 0.5726, "mens": 1.2531, "womens": 0.8837}
    visits = {key: round(100 * arm.sums["event:view"].doers / arm.people, 2) for key, arm in arms.items()}
    assert visits == {"none": 10.62, "mens": 18.28, "womens": 15.14}
    spend = {key: round(arm.sums["revenue"].total / arm.people, 4) for key, arm in arms.items()}
    assert spend == {"none": Decimal("0.6528"), "mens": Decimal("1.4226"), "womens": Decimal("1.0772")}

    one = {(each.variant, each.measure.key): each for each in found.comparisons}
    mens, womens = one["mens", "purchase"], one["womens", "purchase"]
    assert round(100 * mens.difference.estimate, 4) == 0.6805
    assert mens.difference.p_value == pytest.approx(1.5e-13, rel=0.05)
    assert round(100 * womens.difference.estimate, 4) == 0.3111
    assert womens.difference.p_value == pytest.approx(1.6e-4, rel=0.05)
    assert one["mens", "revenue"].incremental.currency == "USD"
    assert one["mens", "revenue"].incremental.low > 0
    assert not found.mismatch.found
    assert {key: (said.verdict, said.may_declare) for key, said in found.decisions.items()} == {
        "mens": (Verdict.BETTER, True),
        "womens": (Verdict.BETTER, True),
    }

    client.force_login(make_staff(Role.ANALYST))
    page = client.get("/console/experiments/hillstrom").content.decode()
    assert "+0.68 percentage points" in page and "+0.31 percentage points" in page
