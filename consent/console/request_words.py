"""How requests are shown: states, deadlines, what can be done next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse

from consent.models import DataRequest, RequestStep
from consent.rules.requests import Kind, State, needs_identity, needs_package, needs_second_person
from consent.selectors.requests import days_left, tone_of
from core.console import cells
from core.console.views import Action
from core.models import StaffUser

VIEW, CHANGE = "consent.view_request", "consent.change_request"
LOG, APPROVE, DOWNLOAD = "consent.log_request", "consent.approve_request", "consent.download_package"
STATES: Final[cells.States] = {
    State.RECEIVED: cells.State("Received", "info"),
    State.ACKNOWLEDGED: cells.State("Acknowledged", "info"),
    State.VERIFYING: cells.State("Verifying identity", "warn"),
    State.CLARIFYING: cells.State("Awaiting clarification", "warn"),
    State.FEE: cells.State("Awaiting fee", "warn"),
    State.HELD: cells.State("On legal hold", "bad"),
    State.COLLECTING: cells.State("Collecting", "info"),
    State.REVIEWING: cells.State("Reviewing", "info"),
    State.REDACTING: cells.State("Redacting", "info"),
    State.SECOND_APPROVAL: cells.State("Awaiting second approval", "warn"),
    State.READY: cells.State("Ready", "good"),
    State.DELIVERED: cells.State("Delivered", "good"),
    State.REFUSED: cells.State("Refused", "idle"),
    State.WITHDRAWN: cells.State("Withdrawn", "idle"),
}
STEP_STATES: Final = {
    "waiting": cells.State("Waiting", "idle"),
    "failed": cells.State("Failed", "bad"),
    "done": cells.State("Done", "good"),
    "skipped": cells.State("Left out", "warn"),
}
_BEFORE_WORK: Final = (State.RECEIVED, State.ACKNOWLEDGED, State.VERIFYING)
_ASKED: Final = (State.VERIFYING, State.CLARIFYING, State.FEE)
_IN_REVIEW: Final = (State.REVIEWING, State.REDACTING, State.SECOND_APPROVAL)
_SENT_BACK: Final = (State.SECOND_APPROVAL, State.READY)

_LIFTED_BY: Final[Mapping[str, tuple[str, str]]] = {
    Kind.RESTRICTION: ("unrestrict", "Lift the restriction"),
    Kind.LIMIT_USE: ("unlimit", "Allow sensitive data again"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A request on the board."""

    request: DataRequest
    who: str
    assignee: str
    deadline: str
    state: str
    failed: int
    steps: Sequence[Action]


def deadline(request: DataRequest, now: datetime) -> str:
    """`8 days overdue`, `5 days left`, `Closed`, always in words and by the day we work towards where the law holds."""
    if not request.is_open:
        return cells.dot(cells.State("Closed", "good"))
    left = days_left(request, now)
    days = "day" if abs(left) == 1 else "days"
    words = f"{-left} {days} overdue" if left < 0 else f"{left} {days} left"
    return cells.dot(cells.State(words, tone_of(request, now)))


def who(request: DataRequest, reader: StaffUser, contacts: Mapping[int, str]) -> str:
    """The requester's address for readers of personal data, a hint for the others, else the profile's id."""
    known = contacts.get(request.pk, "") if reader.has_perm("customers.view_pii") else request.contact_hint
    return known or (request.customer.public_id if request.customer else "Address no longer kept")


def next_steps(request: DataRequest, begun: bool = False) -> list[Action]:
    """What can be done with the request now, the most likely first; what stands is lifted after closing too.

    `begun`: something was erased for it already.
    """
    if not request.is_open:
        stands = request.customer and request.state == State.DELIVERED and request.kind in _LIFTED_BY
        return [_step(request, *_LIFTED_BY[request.kind], "player-play", APPROVE)] if stands else []
    return [*_towards_answer(request), *_aside(request, begun)]


def _towards_answer(request: DataRequest) -> list[Action]:
    state, found = request.state, list[Action]()
    if state == State.RECEIVED:
        found.append(_step(request, "acknowledge", "Acknowledge", "mail"))
    if state in _BEFORE_WORK and needs_identity(request.kind) and request.verified_at is None:
        found.append(_step(request, "verify", "Identity verified", "fingerprint"))
        found.append(_step(request, "not-verified", "Verification failed", "user-off"))
    if state in _BEFORE_WORK and not needs_identity(request.kind):
        found.append(_step(request, "collect", "Start", "player-play"))
    if state in _ASKED and not (state == State.VERIFYING and request.verified_at is None):
        found.append(_step(request, "resume", "Answer received", "player-play"))
    if request.kind == Kind.RECTIFICATION and request.customer and state in (State.COLLECTING, State.REVIEWING):
        found.append(_step(request, "correct", "Correct the profile", "edit"))
    if state in _IN_REVIEW:
        found.append(_approval(request))
    if state == State.READY:
        found.append(_delivery(request))
    return found


def _approval(request: DataRequest) -> Action:
    second = request.state == State.SECOND_APPROVAL
    label = "Approve as second person" if second else "Approve"
    why = (
        "" if request.verified_at or not needs_identity(request.kind) else "The requester's identity is not established"
    )
    return _step(request, "approve", label, "check", permission=APPROVE, why=why)


def _delivery(request: DataRequest) -> Action:
    label = "Send the package and close" if needs_package(request.kind) else "Close as done"
    return _step(request, "deliver", label, "send", permission=APPROVE)


def _aside(request: DataRequest, begun: bool) -> list[Action]:
    state, found = request.state, list[Action]()
    if request.customer is None:
        found.append(_step(request, "match", "Find the person", "search"))
    if not request.paused_for and state not in (State.HELD, State.SECOND_APPROVAL, State.READY, State.REDACTING):
        found.append(_step(request, "ask", "Ask the requester", "message"))
    if request.extended_at is None:
        found.append(_step(request, "extend", "Extend", "calendar"))
    if state == State.REVIEWING and needs_package(request.kind):
        found.append(_step(request, "redact", "Redact", "eraser"))
    if state in _SENT_BACK:
        found.append(_step(request, "send-back", "Send back", "arrow-left", permission=APPROVE))
    if state == State.HELD:
        found.append(_step(request, "lift", "Lift the hold", "gavel"))
    elif needs_second_person(request.kind) and request.customer is not None:
        found.append(_step(request, "hold", "Legal hold", "gavel"))
    found.append(_step(request, "assign", "Assign", "user"))
    too_late = "The erasure has begun" if begun else ""
    found.append(_step(request, "refuse", "Refuse", "ban", why=too_late))
    found.append(_step(request, "withdraw", "Withdraw", "x", why=too_late))
    return found


def _step(request: DataRequest, name: str, label: str, icon: str, permission: str = CHANGE, why: str = "") -> Action:
    url = reverse(f"console:request-{name}", args=[request.public_id])
    return Action(label, url, permission, icon, disabled_because=why)


def step_name(step: RequestStep) -> str:
    """What a task is about: the place, or what is to be done."""
    words = {"collect": "Collect", "erase": "Erase", "suppress": "Suppress", "scan": "Scan", "effect": "Carry out"}
    return f"{words.get(step.action, 'By hand')}: {step.name}"


def kind_title(request: DataRequest) -> str:
    """`Erasure (anonymise)`, `Erasure (anonymise, marketing only)`, `Access`."""
    verb = request.get_verb_display().lower() if request.verb and request.verb != "erase" else ""
    only = f"{request.get_purpose_display().lower()} only" if request.purpose else ""
    words = ", ".join(filter(None, (verb, only)))
    return f"{Kind(request.kind).label} ({words})" if words else str(Kind(request.kind).label)
