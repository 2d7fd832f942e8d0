"""Offers, promotions and codes: what is refused, and that no limit is ever passed, whoever comes at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Code, Promotion, Redemption
from campaigns.services.offers import (
    change_offer,
    change_promotion,
    define_offer,
    define_promotion,
    make_codes,
    move_promotion,
)
from campaigns.services.redeeming import redeem_code
from core.actors import SYSTEM
from core.errors import Conflict, DomainError, InvalidInput, InvalidState, NotFound
from core.models import OutboxMessage
from customers.models import Customer
from tests.factories.campaigns import make_audience, make_people, make_promotion

VARIANTS = [{"key": "A", "weight": 1, "content": {"headline": "One"}}, {"key": "B", "weight": 1, "content": {}}]


def now():
    return timezone.now()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"name": "x", "kind": "percent"}, "key"),
        ({"key": "x", "name": "x", "kind": "percent"}, "value"),
        ({"key": "x", "name": "x", "kind": "percent", "value": 101}, "value"),
        ({"key": "x", "name": "x", "kind": "gift", "value": 1}, "value"),
        ({"key": "x", "name": "x", "kind": "free"}, "kind"),
        ({"key": "A b", "name": "x", "kind": "gift"}, "key"),
    ],
)
def test_define_offer__that_makes_no_sense__is_refused_beside_its_field(values, param):
    with pytest.raises(InvalidInput) as refusal:
        define_offer(values=values, by=SYSTEM, now=now())

    assert refusal.value.param == param


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"variants": []}, "variants"),
        ({"variants": [VARIANTS[0], VARIANTS[0]]}, "variants"),
        ({"variants": [{"key": "A", "weight": 0}]}, "variants"),
        ({"begins_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, "ends_at"),
        ({"segment": "nobody"}, "segment"),
        ({"state": "active"}, "state"),
    ],
)
def test_change_promotion__that_makes_no_sense__is_refused_beside_its_field(values, param):
    promotion = make_promotion(active=False)

    with pytest.raises(InvalidInput) as refusal:
        change_promotion(promotion=promotion, values=values, by=SYSTEM, now=now())

    assert refusal.value.param == param


@pytest.mark.django_db
def test_started_promotion__variants_and_offer__never_change():
    promotion = make_promotion()

    with pytest.raises(InvalidState, match="variants cannot change"):
        change_promotion(promotion=promotion, values={"variants": VARIANTS[:1]}, by=SYSTEM, now=now())
    with pytest.raises(InvalidState, match="write a new one"):
        change_offer(offer=promotion.offer, values={"value": 5}, by=SYSTEM, now=now())


@pytest.mark.django_db
def test_define_promotion__key_taken__is_refused():
    promotion = make_promotion()

    with pytest.raises(Conflict, match="with this key"):
        define_promotion(values={"key": promotion.key, "name": "x", "offer": promotion.offer.key}, by=SYSTEM, now=now())


@pytest.mark.django_db
def test_change__key_of_another__is_refused_and_nothing_changes():
    first, second = make_promotion(active=False), make_promotion(active=False)

    with pytest.raises(Conflict, match="an offer with this key"):
        change_offer(offer=second.offer, values={"key": first.offer.key}, by=SYSTEM, now=timezone.now())
    with pytest.raises(Conflict, match="a promotion with this key"):
        change_promotion(promotion=second, values={"key": first.key}, by=SYSTEM, now=timezone.now())

    second.refresh_from_db()
    assert second.key != first.key
    assert second.offer.key != first.offer.key


@pytest.mark.django_db
def test_move__ended__never_comes_back():
    promotion = move_promotion(promotion=make_promotion(), to="ended", by=SYSTEM, now=now())

    with pytest.raises(InvalidState):
        move_promotion(promotion=promotion, to="active", by=SYSTEM, now=now())


@pytest.mark.django_db
def test_make_codes__many__are_different_and_carry_the_prefix():
    codes = make_codes(promotion=make_promotion(), number=500, prefix="spring", by=SYSTEM, now=now())

    assert len({code.code for code in codes}) == 500
    assert all(code.code.startswith("SPRING-") and len(code.code) == 17 for code in codes)


@pytest.mark.django_db
def test_redeem__once__counts_everywhere_and_is_told():
    promotion = make_promotion()
    (code,) = make_codes(promotion=promotion, number=1, by=SYSTEM, now=now())
    person = make_people(1)[0]

    redemption = redeem_code(code=f" {code.code.lower()} ", customer=person, order_id="o1", by=SYSTEM, now=now())
    again = redeem_code(code=code.code, customer=person, order_id="o1", by=SYSTEM, now=now())

    assert again == redemption
    promotion.refresh_from_db()
    assert (promotion.redeemed, Code.objects.get().redeemed, Redemption.objects.count()) == (1, 1, 1)
    assert OutboxMessage.objects.filter(topic="promotion.redeemed").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ends_at": "2020-01-01T00:00:00Z"}, "promotion_not_running"),
        ({"begins_at": "2999-01-01T00:00:00Z"}, "promotion_not_running"),
        ({"per_customer": 1}, "customer_limit"),
        ({"max_redemptions": 1}, "promotion_used_up"),
    ],
)
def test_redeem__limit_reached__is_refused_and_counts_nothing(values, code):
    promotion = make_promotion(**values)
    one, other = make_codes(promotion=promotion, number=2, by=SYSTEM, now=now())
    person = make_people(1)[0]
    if "_at" not in next(iter(values)):
        redeem_code(code=one.code, customer=person, by=SYSTEM, now=now())
    before = Redemption.objects.count()

    with pytest.raises(Conflict) as refusal:
        redeem_code(code=other.code, customer=person, by=SYSTEM, now=now())

    assert refusal.value.code == code
    other.refresh_from_db()
    assert (Redemption.objects.count(), other.redeemed) == (before, 0)


@pytest.mark.django_db
def test_redeem__segment__only_who_is_in_it():
    inside, outside = make_people(2)
    promotion = make_promotion(segment=make_audience([inside]).slug)
    one, other = make_codes(promotion=promotion, number=2, by=SYSTEM, now=now())

    redeem_code(code=one.code, customer=inside, by=SYSTEM, now=now())
    with pytest.raises(Conflict) as refusal:
        redeem_code(code=other.code, customer=outside, by=SYSTEM, now=now())

    assert refusal.value.code == "not_eligible"


@pytest.mark.django_db
def test_redeem__unknown_code__is_not_found():
    with pytest.raises(NotFound):
        redeem_code(code="NOTHING", customer=make_people(1)[0], by=SYSTEM, now=now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("values", "uses", "same", "winners"),
    [({}, 1, False, 1), ({"max_redemptions": 7}, 500, False, 7), ({"per_customer": 3}, 500, True, 3)],
)
def test_redeem__two_hundred_at_once__as_many_succeed_as_the_limit_allows(values, uses, same, winners):
    promotion = make_promotion(**values)
    (code,) = make_codes(promotion=promotion, number=1, max_redemptions=uses, by=SYSTEM, now=now())
    people = make_people(1) * 200 if same else make_people(200)

    def attempt(person: Customer) -> str:
        try:
            redeem_code(code=code.code, customer=person, by=SYSTEM, now=timezone.now())
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "redeemed"

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(attempt, people))

    assert outcomes.count("redeemed") == winners
    code.refresh_from_db()
    promotion = Promotion.objects.get()
    assert code.redeemed == promotion.redeemed == Redemption.objects.count() == winners


@pytest.mark.django_db
def test_change_promotion__limit_below_what_was_redeemed__is_refused():
    promotion = make_promotion()
    for code in make_codes(promotion=promotion, number=2, by=SYSTEM, now=now()):
        redeem_code(code=code.code, customer=make_people(1)[0], by=SYSTEM, now=now() + timedelta(seconds=1))

    with pytest.raises(InvalidInput, match="2 were redeemed"):
        change_promotion(promotion=promotion, values={"max_redemptions": 1}, by=SYSTEM, now=now())
