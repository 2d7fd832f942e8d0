"""Lead scores from their rules to what each customer has: versions, history, fading, merges, erasure."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import privacy
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, Job, OutboxMessage
from customers.models import CustomerScore, Purchase, ScoreChange, ScoreModel, ScoreVersion, Touch
from customers.rules.scores import read_definition
from customers.selectors.scores import history_of, spread_of, standings_of
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.scoring import preview_scores, score_rows
from customers.services import score_runs
from customers.services.customers import create_customer, update_customer
from customers.services.merges import approve_merge, request_merge, undo_merge
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.scores import activate_score, change_score, define_score, recompute_score, retire_score
from customers.services.segments import define_segment
from tests.support.segment_oracle import matching
from tests.support.segment_rules import CONDITIONS
from tests.support.segment_world import NOW, make_world
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def condition(**members):
    return {"version": 1, "rule": members}


GERMAN = condition(on="profile", field="country", op="is", value="DE")
ORDERS = condition(on="purchases", field="count", op="at_least", value=1)
VIEWS = condition(on="events", type="view", field="count", op="at_least", value=1)


def definition(*rules, minimum=0, maximum=100):
    return {"version": 1, "minimum": minimum, "maximum": maximum, "rules": list(rules)}


BASE = definition(
    {"name": "German", "when": GERMAN, "points": 10},
    {"name": "Orders", "when": ORDERS, "points": 5, "each": True, "cap": 12},
)


@pytest.fixture
def people():
    countries = {"ana": "DE", "bo": "DE", "cy": "FR"}
    return {
        name: create_customer(properties={"external_id": name, "country": country}, by=SYSTEM, now=NOON)
        for name, country in countries.items()
    }


@pytest.fixture
def activate(people, django_capture_on_commit_callbacks):
    """A score as workers leave it: calculated."""

    def make(raw=BASE, name="Engagement", at=NOON):
        model = ScoreModel.objects.filter(name=name).first()
        if model is None:
            model = define_score(name=name, definition=raw, by=SYSTEM, now=at)
        else:
            change_score(model=model, values={"definition": raw}, by=SYSTEM, now=at)
        activate_score(model=model, by=SYSTEM, now=at)
        work(at)
        model.refresh_from_db()
        return model

    return make


def work(at=NOON):
    for job in Job.objects.filter(state="queued"):
        score_runs.compute_scores(job_id=job.public_id, clock=lambda: at)


def order(customer, at=NOON, number=1):
    for _ in range(number):
        new = NewPurchase(customer.pk, f"o-{Purchase.objects.count()}", Decimal(10), "EUR", at)
        record_purchase(purchase=new, source="api", by=SYSTEM, now=NOON)


def scores(model):
    rows = CustomerScore.objects.filter(version=model.current).order_by("customer_id")
    return {row.customer.external_id: (row.score, row.points) for row in rows.select_related("customer")}


def test_activate__rules__give_points_to_whoever_meets_them(activate, people):
    order(people["ana"], number=4)

    model = activate()

    assert scores(model) == {"ana": (22, [10, 12]), "bo": (10, [10, 0])}
    assert model.computed_at == NOON and model.current.state == "active"
    job = Job.objects.get()
    assert (job.state, job.result) == ("succeeded", {"changed": 2, "version": 1})
    assert job.done == job.total > 0
    assert OutboxMessage.objects.get(topic="score.computed").subject == model.public_id
    assert [entry.action for entry in AuditEntry.objects.filter(target=model.public_id).order_by("pk")] == [
        "score.created",
        "score.activated",
    ]


def test_standing__customer__says_which_rules_gave_what(activate, people):
    order(people["ana"])
    activate()

    standing = standings_of(people["ana"])[0]

    assert (standing.score, standing.maximum, standing.version, standing.since) == (15, 100, 1, NOON)
    assert [(one.rule, one.points) for one in standing.contributions] == [("German", 10), ("Orders", 5)]
    assert standings_of(people["cy"])[0].score == 0


def test_define__rules_that_cannot_be_used__are_refused_and_nothing_is_stored(people):
    with pytest.raises(InvalidInput) as refusal:
        define_score(name="Engagement", definition=definition(), by=SYSTEM, now=NOON)

    assert refusal.value.code == "invalid_rule"
    assert not ScoreModel.objects.exists()


def test_define__name_that_is_taken__is_refused(activate):
    activate()

    with pytest.raises(Conflict):
        define_score(name="Engagement", definition=BASE, by=SYSTEM, now=NOON)


def test_change__rules__are_a_new_version_and_scores_stay_until_it_is_whole(activate, people):
    model = activate()
    more = definition({"name": "German", "when": GERMAN, "points": 30})

    change_score(model=model, values={"definition": more}, by=SYSTEM, now=LATER)

    assert scores(model)["bo"] == (10, [10, 0])
    activate_score(model=model, by=SYSTEM, now=LATER)
    assert scores(ScoreModel.objects.get())["bo"] == (10, [10, 0])
    work(LATER)
    model.refresh_from_db()
    assert scores(model) == {"ana": (30, [30]), "bo": (30, [30])}
    assert list(ScoreVersion.objects.order_by("number").values_list("number", "state")) == [
        (1, "retired"),
        (2, "active"),
    ]
    assert CustomerScore.objects.count() == 2
    steps = history_of(people["bo"])
    assert [(step.version, step.before, step.after) for step in steps] == [(2, 10, 30), (1, 0, 10)]


def test_change__same_rules__is_no_new_version(activate):
    model = activate()

    change_score(model=model, values={"definition": BASE, "description": "Who is warm."}, by=SYSTEM, now=LATER)

    assert ScoreVersion.objects.count() == 1
    assert AuditEntry.objects.filter(action="score.changed").count() == 1


def test_activate__without_a_draft_or_twice__is_refused(activate):
    model = activate()

    with pytest.raises(InvalidState, match="no draft"):
        activate_score(model=model, by=SYSTEM, now=LATER)
    recompute_score(model=model, by=SYSTEM, now=LATER)
    with pytest.raises(Conflict, match="being calculated"):
        recompute_score(model=model, by=SYSTEM, now=LATER)


def test_recompute__nothing_changed__writes_no_history(activate):
    model = activate()
    before = ScoreChange.objects.count()

    recompute_score(model=model, by=SYSTEM, now=LATER)
    work(LATER)

    assert ScoreChange.objects.count() == before
    assert Job.objects.latest("pk").result["changed"] == 0


def test_rescore__order_and_place_changed__follows_those_customers_only(activate, people):
    model = activate()
    order(people["cy"], number=2)
    order(people["bo"])
    update_customer(customer=people["ana"], properties={"country": "FR"}, by=SYSTEM, now=LATER)

    changed = score_runs.rescore(customer_ids=[people["ana"].pk, people["cy"].pk], now=LATER)

    assert changed == 2
    touched = Touch.objects.filter(topics__contains=["scores"]).values_list("customer_id", flat=True)
    assert {people["ana"].pk, people["cy"].pk} <= set(touched)
    assert scores(model) == {"bo": (10, [10, 0]), "cy": (10, [0, 10])}
    last = history_of(people["ana"])[0]
    assert (last.before, last.after, last.contributions, last.cause) == (
        10,
        0,
        (),
        "Something about the customer changed",
    )


@pytest.mark.django_db(transaction=True)
def test_follow__profiles_written__scores_follow_once(activate, people):
    model = activate()
    update_customer(customer=people["cy"], properties={"country": "DE"}, by=SYSTEM, now=LATER)

    # What other tests hold open in the database is not final before they let go of it.
    assert eventually(lambda: score_runs.follow_changes(now=LATER) or "cy" in scores(model))

    assert scores(model)["cy"] == (10, [10, 0])
    assert score_runs.follow_changes(now=LATER) == 0


def test_fading__points__halve_with_each_half_life(activate, people):
    fading = {"name": "Orders", "when": ORDERS, "points": 100, "half_life": {"days": 10}}
    every = {"name": "Every order", "when": ORDERS, "points": 100, "half_life": {"days": 10}, "each": True}
    order(people["cy"], at=NOON - timedelta(days=10))
    order(people["cy"], at=NOON - timedelta(days=20))

    model = activate(definition(fading, every, maximum=1000))

    assert scores(model)["cy"] == (125, [50, 75])
    recompute_score(model=model, by=SYSTEM, now=NOON + timedelta(days=10))
    work(NOON + timedelta(days=10))
    assert scores(model)["cy"] == (63, [25, 38])


def test_limits__sum_of_points__never_leaves_them(activate, people):
    take = {"name": "German", "when": GERMAN, "points": -50}
    give = {"name": "Orders", "when": ORDERS, "points": 80, "each": True}
    order(people["cy"], number=2)

    model = activate(definition(take, give, minimum=-20))

    assert scores(model) == {"ana": (-20, [-50, 0]), "bo": (-20, [-50, 0]), "cy": (100, [0, 160])}


def test_segment__asks_about_a_score__finds_those_who_have_it(activate, people):
    order(people["ana"])
    activate()
    using = grammar()

    def count(op, value):
        node = using.read(condition(on="score", field="engagement", op=op, value=value))
        return count_rule(node=node, grammar=using, now=NOON)[0]

    assert [count("at_least", 15), count("at_least", 10), count("less_than", 15), count("equals", 0)] == [1, 2, 2, 1]
    words = using.read_words('score "engagement" is at least 15')
    assert using.write_words(words) == 'score "engagement" is at least 15'


def test_segment__score_unknown_or_not_calculated__is_refused(people):
    define_score(name="Engagement", definition=BASE, by=SYSTEM, now=NOON)
    using = grammar()

    with pytest.raises(Exception, match="no score"):
        using.read(condition(on="score", field="other", op="at_least", value=1))
    node = using.read(condition(on="score", field="engagement", op="less_than", value=1))
    with pytest.raises(Exception, match="not been calculated"):
        count_rule(node=node, grammar=using, now=NOON)


def test_definition__asks_about_a_score__is_refused(activate):
    activate()
    circle = definition(
        {"name": "a", "when": condition(on="score", field="engagement", op="at_least", value=1), "points": 1}
    )

    with pytest.raises(InvalidInput) as refusal:
        define_score(name="Other", definition=circle, by=SYSTEM, now=NOON)

    assert refusal.value.details[0].code == "not_in_scores"


def test_retire__segment_asks_about_it__is_refused_until_it_does_not(activate, django_capture_on_commit_callbacks):
    model = activate()
    asking = condition(on="score", field="engagement", op="at_least", value=1)
    segment = define_segment(name="Warm", rule=asking, by=SYSTEM, now=NOON)

    with pytest.raises(Conflict, match="'warm'"):
        retire_score(model=model, by=SYSTEM, now=LATER)
    assert CustomerScore.objects.exists()

    type(segment).objects.filter(pk=segment.pk).update(state="archived", archived_at=LATER)
    with django_capture_on_commit_callbacks(execute=True):
        retire_score(model=model, by=SYSTEM, now=LATER)
    assert not CustomerScore.objects.exists()
    assert ScoreChange.objects.exists()
    with pytest.raises(InvalidState, match="retired"):
        change_score(model=model, values={"name": "x"}, by=SYSTEM, now=LATER)


def test_compute__rules_no_longer_fit__fails_with_a_sentence_and_keeps_the_scores(activate, people):
    model = activate()
    stored = ScoreVersion.objects.get()
    broken = stored.definition["rules"][0] | {"when": condition(on="attribute", field="gone", op="is", value="x")}
    ScoreVersion.objects.update(definition=definition(broken, stored.definition["rules"][1]))
    recompute_score(model=model, by=SYSTEM, now=LATER)

    work(LATER)

    job = Job.objects.latest("pk")
    assert job.state == "failed" and "gone" in job.error
    model.refresh_from_db()
    assert "gone" in model.failure
    assert len(scores(model)) == 2


def test_compute__stopped_by_its_owner__changes_nothing_more(activate, people):
    model = define_score(name="Engagement", definition=BASE, by=SYSTEM, now=NOON)
    job = activate_score(model=model, by=SYSTEM, now=NOON)
    Job.objects.filter(pk=job.pk).update(stop_requested=True)

    work()

    assert Job.objects.get().state == "stopped"
    assert ScoreModel.objects.get().current is None and not CustomerScore.objects.exists()


def test_spread__stored_scores__add_up(activate, people):
    order(people["ana"], number=2)
    model = activate()

    spread = spread_of(model)

    assert spread.scored == 2 == sum(people for _, _, people in spread.bars)
    assert [bar for bar in spread.bars if bar[2]] == [(0, 10, 1), (11, 20, 0)][:1] + [
        bar for bar in spread.bars if bar[0] > 10 and bar[2]
    ]
    assert spread.bars[0][0] == 0 and spread.bars[-1][1] == 100


def test_preview__rules__counts_as_they_would_give_and_stores_nothing(people):
    order(people["ana"])

    seen = preview_scores(definition=read_definition(BASE, grammar()), grammar=grammar(), now=NOON)

    assert (seen.everybody, seen.scored, seen.by_rule) == (3, 2, (2, 1))
    assert sum(count for _, _, count in seen.bars) == 2
    assert not CustomerScore.objects.exists()


def test_merge_then_undo__scores__are_as_before(activate, people):
    order(people["ana"], number=2)
    model = activate()
    before = list(CustomerScore.objects.order_by("customer_id").values_list("customer_id", "score", "points", "since"))
    first, second = (Actor(kind=ActorKind.STAFF, id=f"usr_{name}") for name in ("ann", "bob"))
    asked = request_merge(survivor=people["cy"], absorbed=people["ana"], reason="same", by=first, now=NOON)

    merge = approve_merge(merge=asked, by=second, now=LATER)
    score_runs.rescore(customer_ids=[people["ana"].pk, people["cy"].pk], now=LATER)

    assert scores(model) == {"bo": (10, [10, 0]), "cy": (10, [0, 10])}
    undo_merge(merge=merge, reason="wrong", by=first, now=LATER)
    after = list(CustomerScore.objects.order_by("customer_id").values_list("customer_id", "score", "points", "since"))
    assert after == before
    assert [(step.before, step.after) for step in history_of(people["cy"])] == [(10, 0), (0, 10)]


def test_erase__scores_and_history__are_collected_and_gone(activate, people):
    order(people["ana"])
    activate()
    ids = [people["ana"].pk]

    places = {place.name: place for place in privacy.places() if place.name.startswith("customers.score")}

    assert list(places["customers.scores"].collect(ids)) == [
        {"score": "Engagement", "points": 15, "since": NOON, "rules": {"German": 10, "Orders": 5}}
    ]
    assert [row["after"] for row in places["customers.score_changes"].collect(ids)] == [15]
    for place in places.values():
        assert sum(place.erase(ids).values()) == 1
    assert not CustomerScore.objects.filter(customer=people["ana"]).exists()
    assert not ScoreChange.objects.filter(customer=people["ana"]).exists()
    assert CustomerScore.objects.filter(customer=people["bo"]).exists()


def test_forget__old_changes__are_gone(activate):
    activate()

    assert score_runs.forget_history(before=NOON) == 0
    assert score_runs.forget_history(before=LATER) == 2


def test_scores__random_rules__give_what_plain_python_gives():
    world = make_world(people=30)
    using = grammar()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.tuples(CONDITIONS, st.integers(-50, 50).filter(bool)), min_size=1, max_size=4))
    def check(given_rules):
        rules = [
            {"name": str(number), "when": condition(**asked), "points": points}
            for number, (asked, points) in enumerate(given_rules)
            if asked["on"] != "segment"
        ]
        if not rules:
            return
        read = read_definition(definition(*rules, minimum=-100), using)
        sql, parameters = score_rows(definition=read, grammar=using, now=NOW)
        expected: dict[int, list[int]] = {}
        for place, rule in enumerate(rules):
            for pk in matching(rule["when"], world):
                expected.setdefault(pk, [0] * len(rules))[place] = rule["points"]
        assert {row[0]: (row[1], row[2]) for row in run(sql, parameters, seconds=30)} == {
            pk: (points, max(-100, min(100, sum(points)))) for pk, points in expected.items()
        }

    check()


def test_recompute_due__models_in_force__begin_a_job_each(activate):
    activate()

    assert score_runs.recompute_due_scores(now=timezone.now()) == 1
    assert score_runs.recompute_due_scores(now=timezone.now()) == 0
