"""/experiments: the way of one from draft to results, the calculator, and reports of what was shown elsewhere."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Experiment, Shown
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.experiments import VARIANTS, counted, make_experiment, make_shopper

pytestmark = pytest.mark.django_db
PATH = "/api/v1/experiments"


@pytest.fixture
def partner(caller):
    return caller("experiments:read", "experiments:write")


def test_experiment__draft_to_results__is_one_way(partner):
    made = partner.post(PATH, {"key": "button", "name": "Button", "variants": VARIANTS})
    partner.patch(f"{PATH}/button", {"planned_people": 100})
    started = partner.post(f"{PATH}/button/start")
    experiment = Experiment.objects.get()
    counted(experiment, {"A": (500, 25), "B": (500, 90)})
    results = partner.get(f"{PATH}/{experiment.public_id}/results").json()
    won = partner.post(f"{PATH}/button/winner", {"variant": "B"})

    assert (made.status_code, made["Location"]) == (201, f"{PATH}/{experiment.public_id}")
    assert started.json()["state"] == "running"
    assert [group["people"] for group in results["groups"]] == [500, 500]
    bought, spent = results["comparisons"]
    assert (bought["control"], bought["treated"], bought["difference"]["estimate"]) == (0.05, 0.18, pytest.approx(0.13))
    assert bought["always_valid"]["low"] < bought["difference"]["low"] < 0.13
    assert bought["p_to_judge_by"] > bought["p_value"]
    assert spent["incremental_revenue"]["currency"] == "EUR"
    assert float(spent["incremental_revenue"]["estimate"]) == pytest.approx(650)
    assert results["decisions"][0]["may_declare"] is True
    assert (won.json()["winner"], won.json()["state"]) == ("B", "stopped")


def test_winner__groups_of_wrong_size__is_refused(partner):
    experiment = counted(make_experiment(), {"A": (400, 10), "B": (250, 100)})

    answer = partner.post(f"{PATH}/{experiment.key}/winner", {"variant": "B", "reason": "Now"})

    assert_is_refusal(answer, 409, "sample_ratio_mismatch")
    assert Experiment.objects.get().winner == ""


def test_exposures__reported_twice__are_stored_once(partner):
    now = timezone.now()
    make_experiment(key="mail", drawn="elsewhere", now=now - timedelta(hours=1))
    make_shopper(external_id="jane")
    body = {"exposures": [{"userId": "jane", "variant": "A", "at": (now - timedelta(minutes=1)).isoformat()}]}

    first, second = (partner.post(f"{PATH}/mail/exposures", body).json() for _ in range(2))

    assert first == {"new": 1, "known": 0, "unknown": 0, "not_allowed": 0}
    assert second == {"new": 0, "known": 1, "unknown": 0, "not_allowed": 0}
    assert Shown.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "param"),
    [
        ({"userId": "jane", "variant": "A", "at": "yesterday"}, "exposures[0].at"),
        ({"userId": "jane", "variant": "A"}, "exposures[0].at"),
        ({"userId": 7, "variant": "A", "at": "2026-01-01T00:00:00Z"}, "exposures[0].userId"),
        ({"userId": "jane", "variant": "A", "at": "2026-01-01T00:00:00Z", "x": 1}, "exposures[0]"),
        ({"userId": "jane", "variant": "Z", "at": "2026-01-01T00:00:00Z"}, "exposures[0].variant"),
    ],
)
def test_exposures__that_cannot_be_read__store_nothing(partner, one, param):
    make_experiment(key="mail", drawn="elsewhere")
    make_shopper(external_id="jane")

    answer = partner.post(f"{PATH}/mail/exposures", {"exposures": [one]})

    assert_is_refusal(answer, 400, answer.json()["code"])
    assert answer.json()["param"] == param
    assert not Shown.objects.exists()


def test_plan__rs_examples__are_its_answers(partner):
    """power.prop.test(p1 = .50, p2 = .75, power = .90): 76.7; power.t.test(delta = 1, sd = 1, power = .90): 22.02."""
    share = partner.get(f"{PATH}/plan?baseline=0.5&uplift=0.5&power=0.9&per_day=20").json()
    amount = partner.get(f"{PATH}/plan?baseline=10&uplift=0.1&deviation=1&power=0.9&people=20").json()

    assert (share["per_group"], share["in_all"], share["days"]) == (77, 154, 14)
    assert amount["per_group"] == 23
    assert amount["power"] == pytest.approx(0.8689528, abs=1e-6)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("uplift=0.1", "baseline"),
        ("baseline=nan&uplift=0.1", "baseline"),
        ("baseline=1.5&uplift=0.1", "baseline"),
        ("baseline=0.9&uplift=0.5", "uplift"),
        ("baseline=0.1&uplift=0", "uplift"),
        ("baseline=0.1&uplift=0.1&groups=1", "groups"),
        ("baseline=0.1&uplift=0.1&groups=x", "groups"),
        ("baseline=0.1&uplift=0.1&deviation=0", "deviation"),
        ("baseline=0.1&uplift=0.1&colour=red", "colour"),
    ],
)
def test_plan__question_without_answer__is_refused_beside_its_parameter(partner, query, param):
    answer = partner.get(f"{PATH}/plan?{query}")

    assert_is_refusal(answer, 400, answer.json()["code"])
    assert answer.json()["param"] == param
