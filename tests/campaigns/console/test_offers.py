"""The way of a promotion through the console, and what its page says of its variants."""

import pytest
from django.utils import timezone

from campaigns.models import Code, Exposure, Offer, Promotion, Redemption
from campaigns.selectors.results import results_of
from core.models import Role
from customers.models import Customer
from tests.factories.campaigns import make_campaign, make_promotion
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_promotion__offer_to_codes__is_written_started_and_paused(marketer):
    offer = {"key": "spring-20", "title": "Spring 20", "kind": "percent", "value": "20", "currency": "EUR"}
    marketer.post("/console/offers/new", offer)
    words = "A 1 Twenty percent off\nB 3 One fifth off"
    promotion = {"key": "spring", "title": "Spring", "offer": "spring-20", "words": words, "priority": "100"}
    marketer.post("/console/promotions/new", promotion)
    marketer.post(
        "/console/promotions/spring/codes/new", {"number": "5", "max_redemptions": "1", "beginning": "SPRING"}
    )
    marketer.post("/console/promotions/spring/start")
    page = marketer.get("/console/promotions/spring").content.decode()
    marketer.post("/console/promotions/spring/pause")

    found = Promotion.objects.get()
    assert (Offer.objects.count(), Code.objects.count(), found.state) == (1, 5, "paused")
    assert found.variants[1] == {"key": "B", "weight": 3, "content": {"headline": "One fifth off"}}
    assert "One fifth off" in page and "SPRING-" in page and "20 % off" in page


def test_promotion__given_by_a_campaign__names_it_and_says_so_when_none_does(marketer):
    promotion, other = make_promotion(), make_promotion()
    campaign = make_campaign(name="Autumn code", promotion=promotion.key)

    page, none = (marketer.get(f"/console/promotions/{one.key}").content.decode() for one in (promotion, other))

    assert f"/console/campaigns/{campaign.public_id}" in page and "Autumn code" in page
    assert "Choose it in the message of a campaign." in none


def test_new_promotion__line_that_is_no_variant__is_refused_and_keeps_what_was_typed(marketer):
    make_promotion(active=False)
    body = {"key": "x", "title": "X", "offer": "offer-0", "words": "A twenty", "priority": "100"}

    answer = marketer.post("/console/promotions/new", body)

    assert answer.status_code == 422
    assert "is not a key, a weight and words" in answer.content.decode()
    assert Promotion.objects.count() == 1


@pytest.mark.parametrize("weight", ["1" * 5_000, "-1", "1.5", "x"])
def test_new_promotion__weight_that_is_none__is_refused_and_keeps_what_was_typed(marketer, weight):
    make_promotion(active=False)
    body = {"key": "x", "title": "X", "offer": "offer-0", "words": f"A {weight} twenty", "priority": "100"}

    answer = marketer.post("/console/promotions/new", body)

    assert answer.status_code == 422
    assert f"A {weight} twenty" in answer.content.decode()
    assert Promotion.objects.count() == 1


def test_make_codes__beginning_with_a_hyphen__is_refused_beside_its_field_in_plain_words(marketer):
    promotion = make_promotion()

    answer = marketer.post(
        f"/console/promotions/{promotion.key}/codes/new", {"number": "5", "max_redemptions": "1", "beginning": "-5"}
    )

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "At most 12 letters and digits." in page and "Invalid" not in page
    assert 'value="-5"' in page
    assert not Code.objects.exists()


def test_offer__promised_already__cannot_be_changed(marketer):
    promotion = make_promotion()
    body = {"key": promotion.offer.key, "title": "Less", "kind": "percent", "value": "5", "currency": "EUR"}

    answer = marketer.post(f"/console/offers/{promotion.offer.key}", body)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "A promotion that was started makes this offer" in page
    assert "Somebody changed this meanwhile" not in page
    assert Offer.objects.get().value == 20


def test_results__variant_clearly_better__is_said_and_groups_of_wrong_size_are_not_judged():
    promotion = make_promotion()
    code = Code.objects.create(promotion=promotion, code="X", max_redemptions=10_000, created_at=timezone.now())
    people = Customer.objects.bulk_create([Customer(public_id=Customer.new_public_id()) for _ in range(4_000)])
    shown = [("A" if n % 2 else "B", person) for n, person in enumerate(people)]
    Exposure.objects.bulk_create(
        [
            Exposure(
                public_id=Exposure.new_public_id(),
                promotion=promotion,
                customer=person,
                variant=key,
                shown_at=timezone.now(),
            )
            for key, person in shown
        ]
    )
    buyers = [p for k, p in shown if k == "A"][:400] + [p for k, p in shown if k == "B"][:700]
    Redemption.objects.bulk_create(
        [
            Redemption(
                public_id=Redemption.new_public_id(),
                code=code,
                promotion=promotion,
                customer=person,
                redeemed_at=timezone.now(),
            )
            for person in buyers
        ]
    )

    first, second = results_of(promotion)
    Exposure.objects.filter(variant="A", customer__in=people[:600]).delete()
    broken = results_of(promotion)[1]

    assert (first.people, first.redeemed, second.redeemed) == (2_000, 400, 700)
    assert second.decision.may_declare and "Variant B is better than control" in second.decision.text
    assert not broken.decision.may_declare and "Do not read these results" in broken.decision.text
