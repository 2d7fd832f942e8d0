"""Experiments: what may change when, who is drawn, what is counted, and when a winner may be declared."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Experiment, Shown
from campaigns.rules.holdouts import side_of
from campaigns.rules.statistics.verdicts import Verdict
from campaigns.selectors.experiments import list_due, report_of
from campaigns.services.experiments import (
    change_experiment,
    count_experiment,
    declare_winner,
    define_experiment,
    start_experiment,
    start_holdout,
    stop_experiment,
)
from campaigns.services.exposures import Sighting, record_sightings
from campaigns.services.serving import serve_promotion
from campaigns.services.upkeep import forget_deliveries
from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer
from tests.factories.campaigns import launched, make_campaign, make_people, make_promotion
from tests.factories.experiments import EVERYTHING, VARIANTS, counted, make_experiment, make_shopper, show

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"variants": VARIANTS[:1]}, "variants"),
        ({"variants": [VARIANTS[0], VARIANTS[0]]}, "variants"),
        ({"variants": [VARIANTS[0], {"key": "B", "value": True}]}, "variants"),
        ({"key": "Not A Key"}, "key"),
        ({"measures": ["purchase", "purchase"]}, "measures"),
        ({"measures": ["event:no-such"]}, "measures"),
        ({"segment": "nobody"}, "segment"),
        ({"coverage": 0}, "coverage"),
        ({"drawn": "elsewhere", "coverage": 50}, "drawn"),
        ({"planned": 3}, "planned"),
    ],
)
def test_define_experiment__that_makes_no_sense__is_refused_beside_its_field(values, param):
    wanted = {"key": "button", "name": "Button", "variants": VARIANTS, **values}

    with pytest.raises(InvalidInput) as refusal:
        define_experiment(values=wanted, by=SYSTEM, now=timezone.now())

    assert refusal.value.param == param
    assert not Experiment.objects.exists()


def test_started_experiment__everything_that_moves_people__never_changes():
    experiment = make_experiment()

    with pytest.raises(InvalidState, match="coverage, variants"):
        change_experiment(
            experiment=experiment, values={"variants": VARIANTS, "coverage": 50}, by=SYSTEM, now=timezone.now()
        )
    changed = change_experiment(experiment=experiment, values={"name": "New name"}, by=SYSTEM, now=timezone.now())

    assert (changed.name, changed.coverage) == ("New name", 100)


def test_stopped_experiment__never_runs_again():
    experiment = stop_experiment(experiment=make_experiment(), by=SYSTEM, now=timezone.now())

    with pytest.raises(InvalidState, match="stopped cannot become running"):
        start_experiment(experiment=experiment, by=SYSTEM, now=timezone.now())


def test_count__purchases_in_the_window__count_and_those_before_are_the_covariate():
    experiment = make_experiment()
    show(experiment, "A", people=3, buyers=1, amount="10.50")
    show(experiment, "B", people=3, buyers=2, amount="20.25")

    found = report_of(count_experiment(experiment=experiment, now=timezone.now() + HOUR))

    assert [(arm.key, arm.people, arm.sums["purchase"].doers) for arm in found.arms] == [("A", 3, 1), ("B", 3, 2)]
    assert [arm.sums["revenue"].total for arm in found.arms] == [Decimal("10.5000"), Decimal("40.5000")]


def test_count__people_who_may_not_be_measured__lower_the_coverage_and_no_claim_is_made():
    experiment = make_experiment()
    show(experiment, "A", people=200, buyers=10)
    show(experiment, "B", people=200, buyers=90)
    silent = list(Shown.objects.filter(variant="B").order_by("-pk").values_list("customer", flat=True)[:110])
    Customer.objects.filter(pk__in=silent).update(consent_mask=1)

    found = report_of(count_experiment(experiment=experiment, now=timezone.now() + HOUR))

    assert [round(arm.coverage, 2) for arm in found.arms] == [1.0, 0.45]
    assert found.decisions["B"].verdict == Verdict.UNMEASURED
    assert "only 45%" in found.decisions["B"].text
    low, high = next(one.extremes for one in found.comparisons if one.measure.key == "purchase")
    assert (round(low, 2), round(high, 2)) == (0.40, 0.95)


def test_declare_winner__groups_of_wrong_size__is_refused_whatever_the_reason():
    experiment = counted(make_experiment(), {"A": (400, 10), "B": (250, 100)})

    with pytest.raises(Conflict, match="Do not read these results") as refusal:
        declare_winner(experiment=experiment, variant="B", reason="I want it", by=SYSTEM, now=timezone.now())

    assert refusal.value.code == "sample_ratio_mismatch"
    assert Experiment.objects.get().winner == ""


def test_declare_winner__clearly_better__ends_the_experiment_and_is_told():
    experiment = counted(make_experiment(), {"A": (500, 25), "B": (500, 90)})
    OutboxMessage.objects.all().delete()

    won = declare_winner(experiment=experiment, variant="B", by=SYSTEM, now=timezone.now() + HOUR)

    assert (won.winner, won.state) == ("B", "stopped")
    assert OutboxMessage.objects.get().topic == "experiment.decided"
    assert AuditEntry.objects.filter(action="experiment.decided").exists()


def test_declare_winner__not_borne_out__needs_a_reason():
    experiment = counted(make_experiment(), {"A": (500, 25), "B": (500, 26)})

    with pytest.raises(InvalidInput, match="Say why") as refusal:
        declare_winner(experiment=experiment, variant="B", by=SYSTEM, now=timezone.now() + HOUR)
    won = declare_winner(experiment=experiment, variant="B", reason="Cheaper", by=SYSTEM, now=timezone.now() + HOUR)

    assert refusal.value.code == "reason_needed"
    assert (won.winner, won.reason) == ("B", "Cheaper")


def test_record_sightings__people_known_allowed_and_not__are_stored_once_with_the_first_variant():
    now = timezone.now()
    experiment = make_experiment(drawn="elsewhere", now=now - HOUR)
    jane, silent = make_shopper(external_id="jane"), make_people(1, external_id="silent")[0]
    early, late = now - timedelta(minutes=9), now - timedelta(minutes=5)
    seen = [
        Sighting("jane", "B", late),
        Sighting(jane.public_id, "A", early),
        Sighting(silent.public_id, "A", early),
        Sighting("nobody", "A", early),
    ]

    first = record_sightings(experiment=experiment, sightings=seen, by=SYSTEM, now=now)
    again = record_sightings(experiment=experiment, sightings=seen, by=SYSTEM, now=now)

    assert (first.new, first.known, first.unknown, first.not_allowed) == (1, 1, 1, 1)
    assert (again.new, again.known) == (0, 2)
    assert Shown.objects.values_list("customer", "variant").get() == (jane.pk, "A")


@pytest.mark.parametrize(("variant", "minutes"), [("C", 1), ("A", 90), ("A", -10)])
def test_record_sightings__unknown_variant_or_time_outside__stores_nothing(variant, minutes):
    now = timezone.now()
    experiment = make_experiment(drawn="elsewhere", now=now - HOUR)
    make_shopper(external_id="jane")
    wrong = Sighting("jane", variant, now - timedelta(minutes=minutes))

    with pytest.raises(InvalidInput, match="Invalid"):
        record_sightings(experiment=experiment, sightings=[wrong], by=SYSTEM, now=now)

    assert not Shown.objects.exists()


def test_global_holdout__campaign_and_promotion__leave_the_same_people_out_and_log_both_sides():
    now = timezone.now()
    people = make_people(30)
    Customer.objects.update(consent_mask=EVERYTHING)
    holdout = start_holdout(percent=20, by=SYSTEM, now=now)
    sides = {person.pk: side_of(holdout.public_id, person.public_id, holdout.variants) for person in people}

    launched(make_campaign(people))
    make_promotion()
    shown = {
        person.pk: serve_promotion(user=person.public_id, signal=False, now=timezone.now())["promotion"]
        for person in people
    }

    out = {pk for pk, side in sides.items() if side == "held_out"}
    assert set(Delivery.objects.filter(reason="global_holdout").values_list("customer", flat=True)) == out
    assert {pk for pk, promotion in shown.items() if promotion is None} == out
    assert dict(Shown.objects.values_list("customer", "variant")) == sides
    with pytest.raises(Conflict, match="is running"):
        start_holdout(percent=5, by=SYSTEM, now=now)


def test_age_and_erasure__names_go_and_sums_stay():
    experiment = counted(make_experiment(), {"A": (5, 1), "B": (5, 2)})
    person = Shown.objects.order_by("pk")[0].customer
    privacy.erase_everywhere([person.pk])
    assert Shown.objects.filter(customer=None).count() == 1
    stopped = stop_experiment(experiment=experiment, by=SYSTEM, now=timezone.now() + HOUR)

    forget_deliveries(before=timezone.now() + 2 * HOUR, now=timezone.now())
    kept = count_experiment(experiment=stopped, now=timezone.now() + 3 * HOUR)

    assert not Shown.objects.exists()
    assert [arm.people for arm in report_of(kept).arms] == [5, 5]


def test_due__running_and_stale__are_counted_and_drafts_are_not():
    now = timezone.now()
    make_experiment(running=False)
    running = make_experiment()

    assert list_due(now) == [running]
    count_experiment(experiment=running, now=now)
    assert list_due(now + timedelta(minutes=1)) == []
    assert list_due(now + timedelta(minutes=16)) == [running]
