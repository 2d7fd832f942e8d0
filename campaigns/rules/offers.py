"""What an offer gives, when a promotion counts, and the words of its variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import TextChoices

from campaigns.rules.values import Reader, Unreadable, amount, choice, currency, instant, text, whole, yes_or_no

MOST_VARIANTS: Final = 8
MOST_MINUTES: Final = 60
"""How long a use of a code can be kept for an order that is being made."""


class OfferKind(TextChoices):
    """What a customer gets."""

    PERCENT = "percent", "Percent off"
    AMOUNT = "amount", "Amount off"
    FREE_SHIPPING = "free_shipping", "Free shipping"
    GIFT = "gift", "Gift or service"


class PromotionState(TextChoices):
    """Only an active promotion is shown or redeemed; an ended one never comes back."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    ENDED = "ended", "Ended"


PROMOTION_MOVES: Final[Mapping[str, frozenset[str]]] = {
    PromotionState.DRAFT: frozenset({PromotionState.ACTIVE, PromotionState.ENDED}),
    PromotionState.ACTIVE: frozenset({PromotionState.PAUSED, PromotionState.ENDED}),
    PromotionState.PAUSED: frozenset({PromotionState.ACTIVE, PromotionState.ENDED}),
    PromotionState.ENDED: frozenset(),
}


def may_combine(combines: bool, others: Sequence[bool]) -> bool:
    """Whether one order may use a promotion beside others: all of them must combine; alone it always may."""
    return not others or (combines and all(others))


def value_problem(kind: str, value: Decimal | None) -> str:
    """Why this value does not fit this kind of offer; '' when it does."""
    if kind == OfferKind.PERCENT:
        return "" if value is not None and 0 < value <= 100 else "A percentage lies between 0 and 100."
    if kind == OfferKind.AMOUNT:
        return "" if value else "An amount off needs the amount."
    return "" if value is None else "This kind of offer has no value."


def worth(kind: str, value: Decimal | None, currency: str) -> str:
    """What the offer takes off, in words; '' for one that is no percentage or amount."""
    if value is None:
        return ""
    return f"{value.normalize():f} %" if kind == OfferKind.PERCENT else f"{value:.2f} {currency}"


def is_open(begins: datetime | None, ends: datetime | None, now: datetime) -> bool:
    """Whether an instant lies in the validity: from `begins` on, before `ends`; None is no bound."""
    return (begins is None or begins <= now) and (ends is None or now < ends)


def is_full(redeemed: int, limit: int | None) -> bool:
    """Whether nothing is left to redeem; never without a limit."""
    return limit is not None and redeemed >= limit


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another promotion that is valid at the same time, for the same people or making the same offer."""

    key: str
    name: str
    same_people: bool
    same_offer: bool

    @property
    def why(self) -> str:
        """What both have in common."""
        shared = ["people"] * self.same_people + ["offer"] * self.same_offer
        return f"same {' and '.join(shared)}"


def overlap_words(found: Sequence[Overlap]) -> str:
    """A warning for whoever saves the one that these overlap with; '' for none."""
    if not found:
        return ""
    named = ", ".join(f"“{one.name}” ({one.why})" for one in found)
    return f"Its dates overlap with {named}. A customer may get both; set priorities, or choose other dates."


def variants(value: Any) -> list[dict[str, Any]]:
    """Variants as stored: key, weight, content; Unreadable unless keys differ and weights are positive."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= MOST_VARIANTS:
        raise Unreadable(f"send a list of 1 to {MOST_VARIANTS} variants.")
    found = [_variant(one) for one in value]
    if len({one["key"] for one in found}) != len(found):
        raise Unreadable("every variant needs a key of its own.")
    return found


def _variant(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) - {"key", "weight", "content"}:
        raise Unreadable("a variant has key, weight and content.")
    content = value.get("content", {})
    if not isinstance(content, Mapping) or len(str(content)) > 10_000:
        raise Unreadable("the content of a variant is a JSON object of at most 10,000 characters.")
    return {
        "key": text(20, needed=True)(value.get("key")),
        "weight": whole(1, 10_000, optional=False)(value.get("weight", 1)),
        "content": dict(content),
    }


OFFER_READERS: Final[Mapping[str, Reader]] = {
    "key": text(60, needed=True),
    "name": text(120, needed=True),
    "description": text(300),
    "kind": choice(*OfferKind.values),
    "value": amount(2, optional=True),
    "currency": currency,
}
PROMOTION_READERS: Final[Mapping[str, Reader]] = {
    "key": text(60, needed=True),
    "name": text(120, needed=True),
    "offer": text(60, needed=True),
    "begins_at": instant,
    "ends_at": instant,
    "priority": whole(0, 1_000, optional=False),
    "segment": text(60),
    "variants": variants,
    "max_redemptions": whole(1, 100_000_000),
    "per_customer": whole(1, 1_000),
    "combines": yes_or_no,
    "purpose": text(40),
}
