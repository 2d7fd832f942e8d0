"""Redeeming codes: whoever comes at once, no limit is ever passed, and an order redeems once."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from campaigns.models import Code, Promotion, Redemption
from campaigns.rules.offers import PromotionState, is_open
from core import audit, outbox
from core.actors import Actor
from core.errors import Conflict, NotFound
from customers.models import Customer, SegmentMember


@transaction.atomic
def redeem_code(*, code: str, customer: Customer, order_id: str = "", by: Actor, now: datetime) -> Redemption:
    """One use of the code is taken, counted against code, promotion and customer; all or nothing.

    The same order again answers the redemption it had. Refuses an unknown code (404); one that is used up, and a
    promotion that is not running, used up, or not for this customer (409).
    """
    found = Code.objects.select_related("promotion").filter(code=code.strip().upper()[:40]).first()
    if found is None:
        raise NotFound("There is no such code.", param="code")
    promotion = found.promotion
    _one_order_at_a_time(promotion, order_id or f"customer:{customer.pk}")
    if order_id and (before := Redemption.objects.filter(promotion=promotion, order_id=order_id).first()):
        return _same(before, found, customer)
    _check(promotion, customer, now)
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


def _take(code: Code, promotion: Promotion) -> None:
    """The counters go up by one, each in the statement that checks its limit."""
    if not Code.objects.filter(pk=code.pk, redeemed__lt=F("max_redemptions")).update(redeemed=F("redeemed") + 1):
        raise Conflict("This code is used up.", code="code_used_up", param="code")
    mine = Promotion.objects.filter(pk=promotion.pk, state=PromotionState.ACTIVE)
    if promotion.max_redemptions is not None:
        mine = mine.filter(redeemed__lt=F("max_redemptions"))
    if not mine.update(redeemed=F("redeemed") + 1):
        raise Conflict("This promotion is used up.", code="promotion_used_up", param="code")


def _check(promotion: Promotion, customer: Customer, now: datetime) -> None:
    if promotion.state != PromotionState.ACTIVE or not is_open(promotion.begins_at, promotion.ends_at, now):
        raise Conflict("This promotion is not running.", code="promotion_not_running", param="code")
    if promotion.segment_id:
        inside = SegmentMember.objects.filter(version__current_of=promotion.segment_id, customer=customer)
        if not inside.exists():
            raise Conflict("This promotion is not for this customer.", code="not_eligible", param="userId")
    if promotion.per_customer is not None:
        _one_order_at_a_time(promotion, f"customer:{customer.pk}")
        had = Redemption.objects.filter(promotion=promotion, customer=customer).count()
        if had >= promotion.per_customer:
            raise Conflict("This customer has had it as often as allowed.", code="customer_limit", param="userId")


def _same(before: Redemption, code: Code, customer: Customer) -> Redemption:
    if before.code_id != code.pk or before.customer_id != customer.pk:
        raise Conflict("This order has redeemed something else.", code="state_conflict", param="orderId")
    return before


def _one_order_at_a_time(promotion: Promotion, what: str) -> None:
    """Two requests about the same order or customer wait for each other until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"campaigns.redeem:{promotion.pk}:{what}"])
