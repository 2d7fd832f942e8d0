"""Offers and promotions: writing them down, starting, pausing and ending them, and making codes."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from campaigns.models import Code, Offer, Promotion
from campaigns.rules.offers import (
    OFFER_READERS,
    PROMOTION_MOVES,
    PROMOTION_READERS,
    PromotionState,
    value_problem,
)
from campaigns.rules.values import Reader, Unreadable, read
from campaigns.selectors.offers import find_offer
from consent.selectors.decisions import use_of
from core import audit, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState
from customers.models import Segment, SegmentState

MOST_CODES: Final = 10_000
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RESERVED: Final = frozenset({"redeem", "reserve", "reservations", "new"})
_FIXED: Final = frozenset({"key", "offer", "variants"})
"""What never changes once somebody may have seen the promotion."""


@transaction.atomic
def define_offer(*, values: Mapping[str, Any], by: Actor, now: datetime) -> Offer:
    """A new offer; needs key, name and kind, and a value that fits the kind."""
    _need(values, "key", "name", "kind")
    offer = Offer(public_id=Offer.new_public_id(), created_at=now, updated_at=now)
    _apply_offer(offer, values)
    _store(offer, "an offer", fresh=True)
    audit.record(by=by, action="offer.created", target=offer.public_id)
    return offer


@transaction.atomic
def change_offer(*, offer: Offer, values: Mapping[str, Any], by: Actor, now: datetime) -> Offer:
    """The offer with other values; refused while a promotion that was started makes it: people were promised it."""
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    if Promotion.objects.filter(offer=offer, started_at__isnull=False).exists():
        raise InvalidState("A promotion that was started makes this offer; write a new one instead.")
    _apply_offer(offer, values)
    offer.updated_at = now
    _store(offer, "an offer", fresh=False)
    audit.record(by=by, action="offer.changed", target=offer.public_id)
    return offer


@transaction.atomic
def define_promotion(*, values: Mapping[str, Any], by: Actor, now: datetime) -> Promotion:
    """A new promotion, a draft; needs key, name and offer. Without variants there is one, `A`."""
    _need(values, "key", "name", "offer")
    promotion = Promotion(public_id=Promotion.new_public_id(), created_at=now, updated_at=now)
    promotion.variants = [{"key": "A", "weight": 1, "content": {}}]
    _apply_promotion(promotion, values)
    _store(promotion, "a promotion", fresh=True)
    audit.record(by=by, action="promotion.created", target=promotion.public_id)
    return promotion


@transaction.atomic
def change_promotion(*, promotion: Promotion, values: Mapping[str, Any], by: Actor, now: datetime) -> Promotion:
    """The promotion with other values. Once started, key, offer and variants stay; an ended one does not change.

    A limit below what was redeemed already is refused.
    """
    promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    if promotion.state == PromotionState.ENDED:
        raise InvalidState("This promotion has ended.")
    if promotion.started_at and (fixed := sorted(_FIXED & set(values))):
        raise InvalidState(f"The promotion was started: {', '.join(fixed)} cannot change any more.")
    _apply_promotion(promotion, values)
    if promotion.max_redemptions is not None and promotion.max_redemptions < promotion.redeemed:
        message = f"Invalid 'max_redemptions': {promotion.redeemed} were redeemed already."
        raise InvalidInput(message, param="max_redemptions")
    promotion.updated_at = now
    _store(promotion, "a promotion", fresh=False)
    changes = {name: ["", ""] for name in sorted(values)}
    audit.record(by=by, action="promotion.changed", target=promotion.public_id, changes=changes)
    return promotion


@transaction.atomic
def move_promotion(*, promotion: Promotion, to: str, by: Actor, now: datetime) -> Promotion:
    """The promotion is active, paused or ended; InvalidState when it may not go there."""
    promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    if to not in PROMOTION_MOVES[promotion.state]:
        raise InvalidState(f"A promotion that is {promotion.state} cannot become {to}.")
    before, promotion.state, promotion.updated_at = promotion.state, to, now
    if to == PromotionState.ACTIVE:
        promotion.started_at = promotion.started_at or now
    promotion.save(update_fields=["state", "updated_at", "started_at"])
    changes = {"state": [str(before), str(to)]}
    audit.record(by=by, action=f"promotion.{to}", target=promotion.public_id, changes=changes)
    outbox.publish(topic=f"promotion.{to}", subject=promotion.public_id, payload={"promotion": promotion.key})
    return promotion


@transaction.atomic
def make_codes(
    *, promotion: Promotion, number: int, max_redemptions: int = 1, prefix: str = "", by: Actor, now: datetime
) -> list[Code]:
    """So many new codes nobody can guess (50 bits each), each good for `max_redemptions`."""
    if not 1 <= number <= MOST_CODES:
        raise InvalidInput(f"Invalid 'number': make 1 to {MOST_CODES:,} codes at once.", param="number")
    if not 1 <= max_redemptions <= 1_000_000:
        raise InvalidInput("Invalid 'max_redemptions': send 1 to 1,000,000.", param="max_redemptions")
    if len(prefix) > 12 or (prefix and not prefix.isalnum()) or not prefix.isascii():
        raise InvalidInput("Invalid 'prefix': at most 12 letters and digits.", param="prefix")
    start = f"{prefix.upper()}-" if prefix else ""
    words = {start + "".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(number)}
    codes = Code.objects.bulk_create(
        [
            Code(promotion=promotion, code=word, max_redemptions=max_redemptions, created_at=now)
            for word in sorted(words)
        ]
    )
    changes = {"codes": [0, len(codes)]}
    audit.record(by=by, action="promotion.codes_made", target=promotion.public_id, changes=changes)
    return codes


def _apply_offer(offer: Offer, values: Mapping[str, Any]) -> None:
    for name, value in _read_all(values, OFFER_READERS).items():
        setattr(offer, name, value)
    _check_key(offer.key)
    if problem := value_problem(offer.kind, offer.value):
        raise InvalidInput(f"Invalid 'value': {problem}", param="value")


def _apply_promotion(promotion: Promotion, values: Mapping[str, Any]) -> None:
    kept = _read_all(values, PROMOTION_READERS)
    if "offer" in kept:
        kept["offer"] = find_offer(kept["offer"])
    if "segment" in kept:
        kept["segment"] = find_audience(slug=kept["segment"])
    if kept.get("purpose"):
        use_of(kept["purpose"])
    for name, value in kept.items():
        setattr(promotion, name, value)
    _check_key(promotion.key)
    if promotion.begins_at and promotion.ends_at and promotion.begins_at >= promotion.ends_at:
        raise InvalidInput("Invalid 'ends_at': it ends before it begins.", param="ends_at")


def _check_key(key: str) -> None:
    if slugify(key) != key or "_" in key or key in _RESERVED:
        raise InvalidInput("Invalid 'key': use lower-case words, digits and hyphens.", param="key")


def _store(row: Offer | Promotion, what: str, *, fresh: bool) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=fresh)
    except IntegrityError as taken:
        raise Conflict(f"There is {what} with this key.", code="state_conflict", param="key") from taken


def find_audience(*, slug: str) -> Segment | None:
    """The segment in use with this slug, None for no slug; InvalidInput when there is none."""
    if not slug:
        return None
    found = Segment.objects.filter(slug=slug, state=SegmentState.ACTIVE).first()
    if found is None:
        raise InvalidInput(f"Invalid 'segment': there is no segment '{slug}'.", param="segment")
    return found


def _read_all(values: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    kept = {}
    for name, value in values.items():
        if name not in readers:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        try:
            kept[name] = read(name, value, readers)
        except Unreadable as refusal:
            raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
    return kept


def _need(values: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if not values.get(name):
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
