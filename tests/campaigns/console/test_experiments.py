"""The way of an experiment through the console, and the calculator without JavaScript."""

import pytest

from campaigns.models import Experiment
from core.models import Role
from tests.factories.core import make_staff
from tests.factories.experiments import counted, make_experiment

pytestmark = pytest.mark.django_db
FORM = {
    "key": "button",
    "title": "Button",
    "words": "A 1 Buy now\nB 3 Add to basket",
    "coverage": "50",
    "drawn": "here",
    "decides": "purchase",
    "also": ["revenue", "event:click"],
    "currency": "EUR",
    "window_days": "14",
    "looks": "always",
    "planned_people": "500",
}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_experiment__written_started_counted_and_stopped__is_each_of_it(marketer):
    created = marketer.post("/console/experiments/new", FORM)
    marketer.post("/console/experiments/button/edit", {**FORM, "title": "The button"})
    marketer.post("/console/experiments/button/start")
    marketer.post("/console/experiments/button/count")
    marketer.post("/console/experiments/button/stop")

    found = Experiment.objects.get()
    assert created.status_code == 302
    assert (found.name, found.state, found.coverage) == ("The button", "stopped", 50)
    assert found.measures == ["purchase", "revenue", "event:click"]
    assert found.variants[1] == {"key": "B", "weight": 3, "value": "Add to basket"}


def test_page__groups_of_wrong_size__say_so_and_the_winner_button_is_dead(marketer):
    experiment = counted(make_experiment(), {"A": (400, 10), "B": (250, 100)})

    page = marketer.get(f"/console/experiments/{experiment.key}").content.decode()
    answer = marketer.post(f"/console/experiments/{experiment.key}/winner", {"variant": "B", "reason": "Please"})

    assert "sample ratio mismatch" in page and "Do not read these results" in page
    assert "The groups do not have the sizes that were planned" in page
    assert answer.status_code == 409
    assert Experiment.objects.get().winner == ""


def test_page__clear_result__has_interval_chance_and_incremental_revenue(marketer):
    experiment = counted(make_experiment(), {"A": (500, 25), "B": (500, 90)})

    page = marketer.get(f"/console/experiments/{experiment.key}").content.decode()
    listed = marketer.get("/console/experiments").content.decode()

    assert "Variant B is better than control" in page
    assert "+13.00 percentage points" in page and "Revenue that would not have come without it" in page
    assert "Better" in listed


def test_page__nobody_bought_yet__claims_no_revenue_of_nought_to_nought(marketer):
    experiment = counted(make_experiment(), {"A": (500, 0), "B": (500, 0)})

    page = marketer.get(f"/console/experiments/{experiment.key}").content.decode()

    assert "+0.00 percentage points" in page
    assert "Revenue that would not have come without it" not in page
    assert "CUPED" not in page


def test_plan__rs_example__is_its_answer_without_javascript(marketer):
    """power.prop.test(p1 = .50, p2 = .75, power = .90) answers 76.7 (R's own example)."""
    query = "baseline=50&uplift=50&power=90&level=5&groups=2&per_day=22"

    page = marketer.get(f"/console/experiments/plan?{query}").content.decode()

    assert "<strong>77</strong> people in each group, 154 in all: 7 days" in page


@pytest.mark.parametrize("query", ["baseline=0&uplift=10", "baseline=60&uplift=90", "baseline=x&uplift=1"])
def test_plan__question_without_answer__is_refused_and_keeps_what_was_typed(marketer, query):
    answer = marketer.get(f"/console/experiments/plan?{query}&power=80&level=5&groups=2")

    assert answer.status_code == 422
    assert "What it takes" not in answer.content.decode()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"baseline": "100"}, "A share of people lies between 0.001 and 100 percent."),
        ({"baseline": "1e-300"}, "A share of people lies between 0.001 and 100 percent."),
        ({"uplift": "0"}, "Nobody can find a change so small."),
        ({"baseline": "50", "uplift": "150"}, "With this change the share would leave 0 to 100 percent."),
        ({"power": "99.9"}, "less than or equal to 99"),
        ({"people": "9" * 30}, "less than or equal to 1000000000"),
    ],
)
def test_plan__figure_that_cannot_be__is_refused_in_the_percent_it_was_typed_in(marketer, asked, said):
    question = {"baseline": "5", "uplift": "10", "power": "80", "level": "5", "groups": "2", **asked}

    answer = marketer.get("/console/experiments/plan", question)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page and "Invalid" not in page


def test_new_experiment__weight_without_end__is_refused_and_keeps_what_was_typed(marketer):
    words = f"A {'1' * 5_000} Buy now\nB 1 Add to basket"

    answer = marketer.post("/console/experiments/new", {**FORM, "words": words})

    assert answer.status_code == 422
    assert "Add to basket" in answer.content.decode()
    assert not Experiment.objects.exists()
