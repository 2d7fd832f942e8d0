"""Redeeming codes and keeping uses for orders under way: whoever comes at once, no limit is ever passed."""

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Code, Promotion, Redemption, Reservation
from campaigns.rules.offers import MOST_MINUTES, PromotionState, may_combine
from campaigns.selectors.given import is_running, meant_for
from core import audit, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidInput, NotFound
from customers.models import Customer


@transaction.atomic
def redeem_code(*, code: str, customer: Customer, order_id: str = "", by: Actor, now: datetime) -> Redemption:
    """One use of the code is taken, counted against code, promotion and customer; all or nothing.

    The same order again answers the redemption it had; what was reserved for it is used, also when the promotion has
    ended since. Refuses an unknown code (404); one that is used up, and a promotion that is not running, used up, not
    for this customer, or not to be combined with what the order has (409).
    """
    found = _found(code)
    promotion = found.promotion
    _one_at_a_time(promotion, order_id, customer)
    if order_id and (before := Redemption.objects.filter(promotion=promotion, order_id=order_id).first()):
        _check_same(before, found, customer)
        return before
    if not (order_id and _use_reserved(found, customer, order_id)):
        _check(promotion, customer, order_id, now)
        _take(found, promotion)
    redemption = Redemption.objects.create(
        public_id=Redemption.new_public_id(),
        code=found,
        promotion=promotion,
        customer=customer,
        order_id=order_id,
        redeemed_at=now,
    )
    audit.record(by=by, action="promotion.redeemed", target=redemption.public_id)
    payload = {"promotion": promotion.key, "redemption": redemption.public_id, "customer": customer.public_id}
    outbox.publish(topic="promotion.redeemed", subject=promotion.public_id, payload=payload)
    return redemption


@transaction.atomic
def reserve_code(
    *, code: str, customer: Customer, order_id: str, minutes: int = 15, by: Actor, now: datetime
) -> Reservation:
    """One use of the code is kept for this order for so many minutes, and counts as used meanwhile.

    The same order again keeps it longer. Refuses what `redeem_code` refuses, and an order that redeemed already.
    """
    if not order_id or not 1 <= minutes <= MOST_MINUTES:
        name = "minutes" if order_id else "orderId"
        raise InvalidInput(f"Invalid '{name}': name the order, for 1 to {MOST_MINUTES} minutes.", param=name)
    found = _found(code)
    promotion, until = found.promotion, now + timedelta(minutes=minutes)
    _one_at_a_time(promotion, order_id, customer)
    if Redemption.objects.filter(promotion=promotion, order_id=order_id).exists():
        raise Conflict("This order has redeemed the promotion already.", code="state_conflict", param="orderId")
    before = Reservation.objects.filter(promotion=promotion, order_id=order_id).first()
    if before is not None:
        _check_same(before, found, customer)
        before.expires_at = max(before.expires_at, until)
        before.save(update_fields=["expires_at"])
        return before
    _check(promotion, customer, order_id, now)
    _take(found, promotion)
    reservation = Reservation.objects.create(
        public_id=Reservation.new_public_id(),
        code=found,
        promotion=promotion,
        customer=customer,
        order_id=order_id,
        expires_at=until,
    )
    audit.record(by=by, action="promotion.reserved", target=reservation.public_id)
    return reservation


@transaction.atomic
def release_reservation(*, public_id: str, by: Actor) -> None:
    """The use is free again; NotFound when it was redeemed, released or has expired."""
    reservation = Reservation.objects.select_for_update().filter(public_id=public_id).first()
    if reservation is None:
        raise NotFound("There is no such reservation any more.")
    give_back(reservation=reservation)
    audit.record(by=by, action="promotion.released", target=public_id)


def release_expired(*, now: datetime) -> int:
    """Every use whose time is over is free again; how many, at most 1,000 at once."""
    over = Reservation.objects.filter(expires_at__lte=now).order_by("expires_at", "pk").values_list("pk", flat=True)
    return sum(_release(pk, now) for pk in over[:1_000])


@transaction.atomic
def _release(pk: int, now: datetime) -> bool:
    row = Reservation.objects.select_for_update(skip_locked=True).filter(pk=pk, expires_at__lte=now).first()
    if row is not None:
        give_back(reservation=row)
    return row is not None


def give_back(*, reservation: Reservation) -> None:
    """The locked reservation is gone and its use free again."""
    Code.objects.filter(pk=reservation.code_id).update(redeemed=F("redeemed") - 1)
    Promotion.objects.filter(pk=reservation.promotion_id).update(redeemed=F("redeemed") - 1)
    reservation.delete()


def _found(code: str) -> Code:
    found = Code.objects.select_related("promotion").filter(code=code.strip().upper()[:40]).first()
    if found is None:
        raise NotFound("There is no such code.", param="code")
    return found


def _use_reserved(code: Code, customer: Customer, order_id: str) -> bool:
    """Whether a use was kept for this order; it is the order's now, the counters stay."""
    rows = Reservation.objects.select_for_update().filter(promotion=code.promotion_id, order_id=order_id)
    reservation = rows.first()
    if reservation is None:
        return False
    _check_same(reservation, code, customer)
    reservation.delete()
    return True


def _take(code: Code, promotion: Promotion) -> None:
    """The counters go up by one, each in the statement that checks its limit."""
    if not Code.objects.filter(pk=code.pk, redeemed__lt=F("max_redemptions")).update(redeemed=F("redeemed") + 1):
        raise Conflict("This code is used up.", code="code_used_up", param="code")
    mine = Promotion.objects.filter(pk=promotion.pk, state=PromotionState.ACTIVE)
    if promotion.max_redemptions is not None:
        mine = mine.filter(redeemed__lt=F("max_redemptions"))
    if not mine.update(redeemed=F("redeemed") + 1):
        raise Conflict("This promotion is used up.", code="promotion_used_up", param="code")


def _check(promotion: Promotion, customer: Customer, order_id: str, now: datetime) -> None:
    if not is_running(promotion, now):
        raise Conflict("This promotion is not running.", code="promotion_not_running", param="code")
    if customer.pk not in meant_for(promotion, [customer.pk], now):
        raise Conflict("This promotion is not for this customer.", code="not_eligible", param="userId")
    if order_id and not may_combine(promotion.combines, _others(promotion, order_id)):
        message = "The order uses another promotion, and the two may not be combined."
        raise Conflict(message, code="not_combinable", param="orderId")
    if promotion.per_customer is not None:
        models = (Redemption, Reservation)
        had = sum(model.objects.filter(promotion=promotion, customer=customer).count() for model in models)
        if had >= promotion.per_customer:
            raise Conflict("This customer has had it as often as allowed.", code="customer_limit", param="userId")


def _others(promotion: Promotion, order_id: str) -> list[bool]:
    """Whether each other promotion of the order combines."""
    return [
        combines
        for model in (Redemption, Reservation)
        for combines in model.objects.filter(order_id=order_id)
        .exclude(promotion=promotion)
        .values_list("promotion__combines", flat=True)
    ]


def _check_same(before: Redemption | Reservation, code: Code, customer: Customer) -> None:
    if before.code_id != code.pk or before.customer_id != customer.pk:
        raise Conflict("This order has redeemed something else.", code="state_conflict", param="orderId")


def _one_at_a_time(promotion: Promotion, order_id: str, customer: Customer) -> None:
    """Requests about the same order, or the same customer and promotion, wait for each other until one is done."""
    names = [f"campaigns.order:{order_id}"] if order_id else []
    with connection.cursor() as cursor:
        for name in (*names, f"campaigns.redeem:{promotion.pk}:{customer.pk}"):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
