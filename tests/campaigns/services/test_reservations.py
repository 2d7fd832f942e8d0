"""Keeping a use of a code for an order, combining promotions, and asking for a permission."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from campaigns.models import Code, Promotion, Redemption, Reservation
from campaigns.services.offers import make_codes, move_promotion
from campaigns.services.redeeming import redeem_code, release_expired, release_reservation, reserve_code
from campaigns.services.serving import serve_promotion
from consent.selectors.decisions import use_of
from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, NotFound
from customers.models import Customer
from tests.factories.campaigns import make_people, make_promotion
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db


def coded(uses=1, **values):
    promotion = make_promotion(**values)
    return make_codes(promotion=promotion, number=1, max_redemptions=uses, by=SYSTEM, now=timezone.now())[0]


def reserve(code, person, order, **more):
    return reserve_code(code=code.code, customer=person, order_id=order, by=SYSTEM, now=timezone.now(), **more)


def redeem(code, person, order=""):
    return redeem_code(code=code.code, customer=person, order_id=order, by=SYSTEM, now=timezone.now())


def used():
    return Code.objects.get().redeemed, Promotion.objects.get().redeemed


def test_reserve__last_use__is_kept_for_the_order_and_redeemed_by_it():
    code, (jane, john) = coded(), make_people(2)

    kept = reserve(code, jane, "1")
    with pytest.raises(Conflict, match="used up"):
        redeem(code, john, "2")
    redemption = redeem(code, jane, "1")

    assert kept.order_id == redemption.order_id == "1"
    assert (used(), Reservation.objects.count(), Redemption.objects.count()) == ((1, 1), 0, 1)


def test_reserve__again_and_by_somebody_else__is_kept_longer_or_refused():
    code, (jane, john) = coded(uses=5), make_people(2)
    first = reserve(code, jane, "1", minutes=5)

    again = reserve(code, jane, "1", minutes=30)
    with pytest.raises(Conflict, match="something else"):
        reserve(code, john, "1")

    assert again.pk == first.pk and again.expires_at > first.expires_at
    assert used() == (1, 1)


def test_reserve__promotion_ends_meanwhile__is_honoured():
    code, jane = coded(), make_people(1)[0]
    reserve(code, jane, "1")
    move_promotion(promotion=Promotion.objects.get(), to="ended", by=SYSTEM, now=timezone.now())

    redeem(code, jane, "1")

    assert Redemption.objects.count() == 1


def test_reserve__expired_released_or_erased__is_free_again():
    code, (jane, john, ada) = coded(uses=3), make_people(3)
    reserve(code, jane, "1", minutes=5)
    kept = reserve(code, john, "2", minutes=60)
    reserve(code, ada, "3", minutes=60)

    assert release_expired(now=timezone.now() + timedelta(minutes=6)) == 1
    assert used() == (2, 2)
    release_reservation(public_id=kept.public_id, by=SYSTEM)
    assert used() == (1, 1)
    privacy.erase_everywhere([ada.pk])
    assert used() == (0, 0)
    with pytest.raises(NotFound):
        release_reservation(public_id=kept.public_id, by=SYSTEM)


@pytest.mark.parametrize(("order", "minutes", "param"), [("", 5, "orderId"), ("1", 0, "minutes"), ("1", 61, "minutes")])
def test_reserve__without_order_or_for_too_long__is_refused_and_takes_nothing(order, minutes, param):
    code, jane = coded(), make_people(1)[0]

    with pytest.raises(InvalidInput) as refusal:
        reserve(code, jane, order, minutes=minutes)

    assert refusal.value.param == param
    assert used() == (0, 0)


def test_customer_limit__reserved_uses__count():
    code, jane = coded(uses=5, per_customer=1), make_people(1)[0]
    reserve(code, jane, "1")

    with pytest.raises(Conflict, match="as often as allowed"):
        redeem(code, jane, "2")


@pytest.mark.parametrize(
    ("first", "second", "together"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_redeem__two_promotions_in_one_order__only_when_both_combine(first, second, together):
    jane = make_people(1)[0]
    one, other = coded(combines=first), coded(combines=second)
    redeem(one, jane, "1")

    if together:
        redeem(other, jane, "1")
    else:
        with pytest.raises(Conflict, match="may not be combined") as refusal:
            redeem(other, jane, "1")
        assert refusal.value.code == "not_combinable"

    assert Redemption.objects.filter(order_id="1").count() == (2 if together else 1)


def test_purpose__not_agreed__is_neither_shown_nor_redeemed():
    code, (jane, john) = coded(uses=2, purpose="marketing_sms"), make_people(2)
    asked = use_of("marketing_sms").mask
    Customer.objects.filter(pk=jane.pk).update(consent_mask=EVERYTHING)
    Customer.objects.filter(pk=john.pk).update(consent_mask=EVERYTHING & ~asked)
    jane.refresh_from_db()
    john.refresh_from_db()

    shown = [serve_promotion(user=one.public_id, signal=False, now=timezone.now()) for one in (jane, john)]
    redeem(code, jane, "1")
    with pytest.raises(Conflict, match="not for this customer"):
        redeem(code, john, "2")

    assert [bool(one["promotion"]) for one in shown] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_reserve_and_redeem__forty_at_once_for_one_use__one_succeeds():
    code, people = coded(), make_people(4)

    def attempt(number):
        try:
            step = reserve if number % 2 else redeem
            step(code, people[number % 4], f"order-{number}")
        except Conflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(40)))

    assert sum(won) == 1
    assert used() == (1, 1)
