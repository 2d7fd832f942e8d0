"""GET /promotion, versioned and literal: who is shown what, for good, and who is not looked at."""

import pytest
from django.utils import timezone

from campaigns.models import Exposure
from campaigns.rules.assignment import assign
from campaigns.services.offers import move_promotion
from core.actors import SYSTEM
from core.errors import Conflict
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.campaigns import make_audience, make_people, make_promotion
from tests.factories.consent import agreed_to

pytestmark = pytest.mark.django_db
PATH = "/api/v1/promotion"


@pytest.fixture
def page(caller):
    return caller("promotions:serve")


@pytest.fixture
def jane():
    person = make_people(1, external_id="12345")[0]
    agreed_to(person, "personalisation", locale="de")
    return person


def test_promotion__literal_address_with_variant__is_that_variant_and_not_counted(page, jane):
    make_promotion()

    body = page.get("/api/promotion?userId=12345&variant=B").json()

    assert list(body) == ["userId", "promotion", "variant", "assignment", "exposureId"]
    assert (body["variant"], body["assignment"], body["exposureId"]) == ("B", "forced", None)
    assert body["promotion"]["content"] == {"headline": "Variant B"}
    assert body["promotion"]["offer"]["value"] == 20
    assert not Exposure.objects.exists()


def test_promotion__without_variant__is_drawn_by_the_hash_once_and_stays(page, jane):
    promotion = make_promotion()
    expected = "AB"[assign(promotion.public_id, jane.public_id, weights=[0.5, 0.5])]

    first, second = page.get(f"{PATH}?userId=12345").json(), page.get(f"{PATH}?userId={jane.public_id}").json()

    assert (first["variant"], first["assignment"]) == (expected, "split")
    assert (second["variant"], second["assignment"]) == (expected, "sticky")
    assert first["exposureId"] == second["exposureId"] == Exposure.objects.get().public_id


@pytest.mark.parametrize("why", ["no consent", "signal", "unknown"])
def test_promotion__person_may_not_be_looked_at__is_the_first_variant_for_everybody(page, jane, why):
    make_promotion()
    person = make_people(1, external_id="silent")[0] if why == "no consent" else jane
    user = "nobody-we-know" if why == "unknown" else person.public_id

    body = page.get(f"{PATH}?userId={user}", **({"sec_gpc": "1"} if why == "signal" else {})).json()

    assert (body["variant"], body["assignment"], body["exposureId"]) == ("A", "default", None)
    assert not Exposure.objects.exists()


def test_promotion__for_a_segment__goes_to_its_members_before_others(page, jane):
    everybody = make_promotion(priority=50)
    members = make_promotion(priority=10, segment=make_audience([jane]).slug)

    mine = page.get(f"{PATH}?userId=12345").json()
    theirs = page.get(f"{PATH}?userId=nobody-we-know").json()

    assert (mine["promotion"]["key"], theirs["promotion"]["key"]) == (members.key, everybody.key)


def test_promotion__paused__is_not_shown(page, jane):
    move_promotion(promotion=make_promotion(), to="paused", by=SYSTEM, now=timezone.now())

    body = page.get(f"{PATH}?userId=12345").json()

    assert (body["promotion"], body["variant"], body["assignment"]) == (None, None, "default")


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("", "missing_field", "userId"),
        ("?userId=", "invalid_parameter", "userId"),
        ("?userId=12345&colour=red", "unknown_parameter", "colour"),
        ("?userId=12345&variant=Z", "invalid_parameter", "variant"),
    ],
)
def test_promotion__wrong_question__is_refused_by_name(page, jane, query, code, param):
    make_promotion()

    assert assert_is_refusal(page.get(f"{PATH}{query}"), 400, code)["param"] == param


def test_redeem__over_the_api__takes_one_use_and_says_why_not_the_second_time(caller, jane):
    partner = caller("promotions:write")
    promotion = make_promotion()
    codes = partner.post(f"/api/v1/promotions/{promotion.key}/codes", {"number": 1, "prefix": "SPRING"}).json()["codes"]
    body = {"code": codes[0]["code"], "userId": "12345"}

    first = partner.post("/api/v1/promotions/redeem", {**body, "orderId": "o1"})
    second = partner.post("/api/v1/promotions/redeem", {**body, "orderId": "o2"})

    assert (first.status_code, first.json()["orderId"]) == (201, "o1")
    assert_is_refusal(second, Conflict.status, "code_used_up")
