"""Words of the campaign screens: rights, states, how values are drawn."""

from collections.abc import Mapping
from typing import Final

from django.urls import reverse

from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State as Life
from core.console import cells
from core.console.cells import State
from customers.models import Customer
from customers.selectors.origins import names_of

VIEW: Final = "campaigns.view_campaign"
CHANGE: Final = "campaigns.change_campaign"
APPROVE: Final = "campaigns.approve_campaign"
LAUNCH: Final = "campaigns.launch_campaign"
PII: Final = "customers.view_pii"
PAUSE: Final = "campaigns.pause_campaign"

_TONES: Final = {
    Life.DRAFT: "idle",
    Life.IN_REVIEW: "info",
    Life.APPROVED: "info",
    Life.SCHEDULED: "info",
    Life.BUILDING_AUDIENCE: "info",
    Life.SENDING: "info",
    Life.PAUSED: "warn",
    Life.COMPLETED: "good",
    Life.COMPLETED_WITH_GAPS: "warn",
    Life.CANCELLED: "idle",
    Life.FAILED: "bad",
    Life.ARCHIVED: "idle",
}
STATES: Final = {str(state.value): State(str(state.label), tone) for state, tone in _TONES.items()}
DELIVERIES: Final = {
    str(state.value): State(str(state.label), tone)
    for state, tone in {
        DeliveryState.QUEUED: "info",
        DeliveryState.CLAIMED: "info",
        DeliveryState.SENDING: "info",
        DeliveryState.SENT: "good",
        DeliveryState.SKIPPED: "idle",
        DeliveryState.FAILED: "bad",
        DeliveryState.UNKNOWN: "warn",
        DeliveryState.HELD_OUT: "idle",
    }.items()
}


def person(customer: Customer | None) -> str:
    """Who it was, by public id, leading to her page."""
    if customer is None:
        return "Erased"
    return cells.link(reverse("console:customer", args=[customer.public_id]), customer.public_id)


def whom(did: Mapping[str, str]) -> list[tuple[str, str]]:
    """Who did each of these things, by name as long as there is one."""
    names = names_of(who for who in did.values() if who)
    return [(label, names.get(who) or (cells.code(who) if who else cells.NOTHING)) for label, who in did.items()]


def weight_of(typed: str) -> int | None:
    """The weight that was typed at the side of a variant; None for what is none, such as a number without end."""
    return int(typed) if typed.isdecimal() and len(typed) <= 9 else None
