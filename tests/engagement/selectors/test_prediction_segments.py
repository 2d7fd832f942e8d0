"""Predictions in segment rules: what they find, whom they never count, how members follow, how they are read."""

import json
import random
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from consent.services.consent import ConsentEntry, record_consent
from consent.services.restrictions import place_restriction
from core.actors import SYSTEM
from core.models import Cursor
from customers.models import Customer, Segment, SegmentMember, SegmentVersion, Touch
from customers.rules.segments.tree import RuleError
from customers.selectors.segments.explaining import explain_rule
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import explain_plan, plan_nodes
from customers.selectors.segments.statement import compile_rule
from customers.services import membership
from customers.services.customers import create_customer
from customers.services.segment_builds import build_segment
from customers.services.segment_members import FOLLOWER
from customers.services.segments import define_segment
from engagement.models import Prediction, PredictionModel
from engagement.rules.prediction_segments import PREDICTION
from engagement.rules.predictions import read_row
from engagement.services.predictions import Row, forget_predictions, write_predictions
from tests.support.crowd import insert_people

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SCORE = {"on": "prediction", "model": "churn", "field": "score"}
LABEL = {"on": "prediction", "model": "churn", "field": "label"}
DATE = {"on": "prediction", "model": "churn", "field": "scored_at"}
GERMAN = {"on": "profile", "field": "country", "op": "is", "value": "DE"}


def somebody(name, country="DE"):
    return create_customer(properties={"external_id": name, "country": country}, by=SYSTEM, now=NOW)


def predict(name, score, *, model="churn", now=NOW, **more):
    raw = {"score": score, "model_version": "1"} | more
    row = Row(read_row(model=model, user=name, raw=raw, now=now))
    write_predictions(rows=[row], by=SYSTEM, now=now)
    assert row.refusal is None


def say_no(customer):
    entry = ConsentEntry(purpose="personalisation", event="objected", source="request")
    record_consent(customer=customer, entries=[entry], by=SYSTEM, now=NOW)


@pytest.fixture
def cast():
    """ana 0.9 likely, two days old; bo 0.2 unlikely for ten days more; cy nothing; no 0.95, but she said no."""
    people = {name: somebody(name) for name in ("ana", "bo", "cy", "no")}
    predict("ana", 0.9, label="likely", scored_at=(NOW - timedelta(days=2)).isoformat())
    predict("bo", 0.2, label="unlikely", expires_at=(NOW + timedelta(days=10)).isoformat())
    predict("no", 0.95, label="likely")
    predict("cy", 1_234.5, model="clv")
    say_no(people["no"])
    return people


def found(node, now=NOW):
    using = grammar()
    statement = compile_rule(node=using.read({"version": 1, "rule": node}), grammar=using, now=now)
    rows = Customer.objects.raw(statement.select("c.*"), statement.parameters)
    return " ".join(sorted(row.external_id for row in rows))


@pytest.mark.parametrize(
    ("node", "who"),
    [
        (PREDICTION.example, "ana"),
        (SCORE | {"op": "at_most", "value": 0.2}, "bo"),
        (SCORE | {"op": "more_than", "value": 0.2}, "ana"),
        (SCORE | {"op": "less_than", "value": 1}, "ana bo"),
        (SCORE | {"op": "between", "value": [0.1, 0.9]}, "ana bo"),
        (LABEL | {"op": "is", "value": "likely"}, "ana"),
        (LABEL | {"op": "is_one_of", "value": ["likely", "unlikely"]}, "ana bo"),
        (DATE | {"op": "longer_ago_than", "value": {"days": 1}}, "ana"),
        (DATE | {"op": "within_last", "value": {"days": 1}}, "bo"),
        ({"not": SCORE | {"op": "at_least", "value": 0.8}}, "bo"),
        ({"not": LABEL | {"op": "is", "value": "unlikely"}}, "ana"),
        ({"not": {"any": [SCORE | {"op": "at_least", "value": 0.8}, GERMAN | {"value": "FR"}]}}, "bo"),
        ({"any": [SCORE | {"op": "at_least", "value": 0.8}, GERMAN]}, "ana bo cy no"),
        ({"all": [{"not": SCORE | {"op": "at_least", "value": 0.8}}, GERMAN]}, "bo"),
    ],
)
def test_rule__about_a_prediction__finds_whom_it_means_and_reads_back_from_words(cast, node, who):
    using = grammar()
    read = using.read({"version": 1, "rule": node})

    total, _ = count_rule(node=read, grammar=using, now=NOW)

    assert found(node) == who
    assert total == len(who.split())
    assert using.read_words(using.write_words(read)) == read


def test_page__of_the_documentation__shows_a_row_and_a_rule_that_work(cast):
    shown = re.findall(r"```json\n(.*?)```", (settings.BASE_DIR / "docs/predictions.md").read_text(), re.DOTALL)
    row, rule = (json.loads(part) for part in shown)

    predict("ana", **row)

    using = grammar()
    assert count_rule(node=using.read(rule), grammar=using, now=NOW)[0] == 1


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (SCORE | {"op": "is_not_set"}, "operator_does_not_fit"),
        (SCORE | {"op": "does_not_equal", "value": 1}, "operator_does_not_fit"),
        (SCORE | {"op": "top_percent", "value": 10}, "operator_does_not_fit"),
        (LABEL | {"op": "is_not", "value": "likely"}, "operator_does_not_fit"),
        (LABEL | {"op": "is", "value": "lickly"}, "not_an_option"),
        (SCORE | {"model": "chrn", "op": "at_least", "value": 1}, "unknown_model"),
        (SCORE | {"model": "clv", "field": "label", "op": "is", "value": "x"}, "unknown_label"),
        (SCORE | {"field": "colour", "op": "is", "value": "x"}, "not_an_option"),
    ],
)
def test_rule__that_would_hold_for_lack_of_a_prediction__is_refused(cast, node, code):
    with pytest.raises(RuleError) as refusal:
        grammar().read({"version": 1, "rule": node})

    assert refusal.value.problems[0].code == code


def test_rules__at_random__lose_people_and_win_none_when_predictions_end_or_go(cast):
    dice = random.Random(7)

    def node(depth):
        kind = dice.choice(["score", "score", "label", "country", "group", "not"] if depth else ["score", "country"])
        if kind == "group":
            return {dice.choice(["all", "any"]): [node(depth - 1) for _ in range(dice.randint(1, 3))]}
        if kind == "not":
            return {"not": node(depth - 1)}
        if kind == "score":
            return SCORE | {"op": dice.choice(["at_least", "at_most"]), "value": dice.choice([0.1, 0.5, 0.9])}
        if kind == "label":
            return LABEL | {"op": "is", "value": dice.choice(["likely", "unlikely"])}
        return GERMAN | {"op": dice.choice(["is", "is_not"]), "value": dice.choice(["DE", "FR"])}

    rules = [node(4) for _ in range(40)]
    before = [set(found(rule).split()) for rule in rules]
    ended = [set(found(rule, NOW + timedelta(days=91)).split()) for rule in rules]
    say_no(cast["ana"])
    refused = [set(found(rule).split()) for rule in rules]
    Prediction.objects.all().delete()
    missing = [set(found(rule).split()) for rule in rules]

    assert all(
        after <= was
        for found_after in (ended, refused, missing)
        for was, after in zip(before, found_after, strict=True)
    )
    assert any(after < was for was, after in zip(before, ended, strict=True))


def test_rule__restricted_person__is_not_counted(cast):
    place_restriction(customer=cast["ana"], request="dsr_1", by=SYSTEM, now=NOW)

    assert found(SCORE | {"op": "at_least", "value": 0}) == "bo"


def test_explain__a_prediction__shows_what_was_seen(cast):
    using = grammar()
    read = using.read({"version": 1, "rule": PREDICTION.example})

    told = explain_rule(node=read, grammar=using, customer=cast["ana"], sees_pii=True, now=NOW)
    hidden = explain_rule(node=read, grammar=using, customer=cast["ana"], sees_pii=False, now=NOW)

    assert (told.matches, told.findings[0].words) == (True, 'prediction "churn" score is at least 0.8')
    assert told.findings[0].seen == "0.900000"
    assert (hidden.findings[0].seen, hidden.findings[0].hidden) == (None, True)


@pytest.fixture
def risky(cast):
    Cursor.objects.update_or_create(name=FOLLOWER, defaults={"xid": 10, "at": NOW})
    rule = {"version": 1, "rule": SCORE | {"op": "at_least", "value": 0.8}}
    segment = define_segment(name="Risky", rule=rule, by=SYSTEM, now=NOW)
    build_segment(version_id=SegmentVersion.objects.get(segment=segment).pk, clock=lambda: NOW)
    Touch.objects.all().delete()
    return segment


def follow(at=NOW):
    """As if everything so far was written by one transaction that has ended."""
    cursor = Cursor.objects.get(name=FOLLOWER)
    Touch.objects.filter(xid__gt=cursor.xid).update(xid=cursor.xid + 1)
    membership._one_step(cursor.xid + 2, 500, at)
    members = SegmentMember.objects.filter(version_id=Segment.objects.get().current_id)
    return " ".join(members.order_by("customer__external_id").values_list("customer__external_id", flat=True))


def test_members__predictions_written_ended_refused_and_forgotten__follow(risky, cast, settings):
    settings.SEGMENT_SWEEP_SECONDS = 1
    assert follow() == "ana"
    soon = NOW + timedelta(hours=1)
    predict("bo", 0.85, model_version="2", expires_at=soon.isoformat())
    assert follow() == "ana bo"
    predict("cy", 0.99)
    assert follow() == "ana bo cy"
    say_no(cast["cy"])
    assert follow() == "ana bo"
    assert follow(soon + timedelta(minutes=2)) == "ana"
    predict("ana", 0.1, model_version="2")
    assert follow(soon + timedelta(minutes=3)) == ""


def test_touches__of_a_model__name_it_alone(cast):
    Touch.objects.all().delete()

    predict("cy", 0.1)

    assert list(Touch.objects.values_list("customer_id", "topics")) == [(cast["cy"].pk, ["prediction:churn"])]


def test_forget__expired_ones_and_those_of_people_who_said_no__go(cast):
    gone = forget_predictions(now=NOW + timedelta(days=11))

    left = Prediction.objects.order_by("customer__external_id").values_list("customer__external_id", "model__slug")
    assert gone == 2
    assert list(left) == [("ana", "churn"), ("cy", "clv")]


@pytest.fixture
def crowd():
    """6,000 customers; three models with a prediction each about every third of them."""
    insert_people(people=6_000, now=NOW)
    models = [PredictionModel.objects.create(slug=s, registered_by="x", registered_at=NOW) for s in ("churn", "b", "c")]
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(
                "INSERT INTO engagement_prediction (model_id, customer_id, score, label, model_version, version_order,"
                " scored_at, expires_at, written_at, written_by) SELECT %s, id, (id %% 100) / 100.0, '', '1', '011',"
                " %s::timestamptz - id * interval '1 minute', %s::timestamptz + id * interval '1 minute', %s, 'cli_x'"
                " FROM customers_customer WHERE id %% 3 = 0",
                [model.pk, NOW, NOW, NOW],
            )
        cursor.execute("ANALYZE customers_customer, engagement_prediction, engagement_predictionmodel")


def planned(sql, parameters):
    return " ".join(plan_nodes(explain_plan(sql, parameters)))


def test_plans__of_one_customer_a_sweep_and_retention__read_indexes(crowd):
    using = grammar()
    read = using.read({"version": 1, "rule": SCORE | {"op": "at_least", "value": 0.8}})
    one = compile_rule(node=read, grammar=using, now=NOW, customer_id=Customer.objects.order_by("pk")[0].pk)
    window = {"models": ["churn"], "since": NOW, "until": NOW + timedelta(minutes=1), "now": NOW, "piece": 100}
    made = (
        "SELECT p.customer_id FROM engagement_prediction p JOIN engagement_predictionmodel m ON m.id = p.model_id"
        " WHERE m.slug = ANY(%(models)s) AND p.{} BETWEEN %(since)s AND %(until)s"
    )
    expired = (
        "SELECT model_id FROM engagement_prediction WHERE expires_at <= %(now)s ORDER BY expires_at LIMIT %(piece)s"
    )

    plans = {
        "one": planned(one.select("count(*)"), one.parameters),
        "ends": planned(made.format("expires_at"), window),
        "made": planned(made.format("scored_at"), window),
        "expired": planned(expired, window),
    }

    for plan in plans.values():
        assert "Seq Scan engagement_prediction " not in plan + " "
    assert "engagement_prediction_pkey" in plans["one"] or "prediction_of_customer" in plans["one"]
    assert "prediction_by_end" in plans["ends"] and "prediction_by_end" in plans["expired"]
    assert "prediction_by_date" in plans["made"]


def test_plan__of_everybody__adds_up_the_predictions_of_one_model_once(crowd):
    using = grammar()
    node = {"any": [SCORE | {"op": "at_least", "value": 0.8}, SCORE | {"op": "at_most", "value": 0.1}]}
    statement = compile_rule(node=using.read({"version": 1, "rule": node}), grammar=using, now=NOW)

    sql = statement.select("count(*)")

    assert sql.count("engagement_prediction") == 1
    with transaction.atomic():
        assert planned(sql, statement.parameters).count("engagement_prediction") <= 2
