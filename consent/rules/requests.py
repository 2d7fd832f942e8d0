"""Requests about personal data: their kinds, their fourteen states, which move is allowed and what each kind needs."""

from enum import StrEnum
from typing import Final

from django.db import models


class Kind(models.TextChoices):
    """What a person asks for."""

    ACCESS = "access", "Access"
    PORTABILITY = "portability", "Portability"
    ERASURE = "erasure", "Erasure"
    RECTIFICATION = "rectification", "Rectification"
    RESTRICTION = "restriction", "Restriction"
    OBJECTION = "objection", "Objection"
    OPT_OUT = "opt_out", "Opt-out of sale or sharing"
    LIMIT_USE = "limit_use", "Limit use of sensitive data"
    AUTOMATED = "automated_decisions", "Automated decisions"
    COMPLAINT = "complaint", "Complaint"


class State(models.TextChoices):
    """Where a request stands."""

    RECEIVED = "received", "Received"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    VERIFYING = "verifying", "Verifying identity"
    CLARIFYING = "awaiting_clarification", "Awaiting clarification"
    FEE = "awaiting_fee", "Awaiting fee"
    HELD = "on_hold_legal", "On legal hold"
    COLLECTING = "collecting", "Collecting"
    REVIEWING = "reviewing", "Reviewing"
    REDACTING = "redacting", "Redacting"
    SECOND_APPROVAL = "awaiting_second_approval", "Awaiting second approval"
    READY = "ready", "Ready"
    DELIVERED = "delivered", "Delivered"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Channel(models.TextChoices):
    """How it reached us."""

    FORM = "form", "Public form"
    API = "api", "API"
    EMAIL = "email", "E-mail"
    PHONE = "phone", "Phone"
    POST = "post", "Post"
    DESK = "desk", "In person"
    AGENT = "agent", "Authorised agent"


class Verb(models.TextChoices):
    """What becomes of the data when erasure is asked for."""

    ERASE = "erase", "Erase"
    ANONYMISE = "anonymise", "Anonymise"
    PSEUDONYMISE = "pseudonymise", "Pseudonymise"


class KeptFor(models.TextChoices):
    """What an erasure may be limited to: all that is kept for one purpose, while the person stays a customer."""

    MARKETING = "marketing", "Marketing"
    ANALYTICS = "analytics", "Analytics"
    PERSONALISATION = "personalisation", "Personalisation"


PURPOSES: Final = {
    "marketing": KeptFor.MARKETING,
    "analytics": KeptFor.ANALYTICS,
    "measuring what a change does": KeptFor.ANALYTICS,
    "personalisation": KeptFor.PERSONALISATION,
}
"""By the words in which a place of the privacy registry says first what it is for."""


class Question(models.TextChoices):
    """What we may have to ask the person before going on."""

    IDENTITY = "identity", "Identity"
    CLARIFICATION = "clarification", "Clarification"
    FEE = "fee", "Fee"


class Refusal(models.TextChoices):
    """Why a request, or a part of it, is refused, with the article that allows it."""

    NOT_IDENTIFIED = "not_identified", "Identity not established (GDPR Art. 12(2), 12(6); 11 CCR 7060-7062)"
    UNFOUNDED = "unfounded", "Manifestly unfounded or excessive (GDPR Art. 12(5)(b); Cal. Civ. Code 1798.145(h)(3))"
    OTHERS = "others", "Rights and freedoms of others (GDPR Art. 15(4))"
    EXPRESSION = "expression", "Freedom of expression and information (GDPR Art. 17(3)(a))"
    OBLIGATION = "obligation", "Legal obligation to keep (GDPR Art. 17(3)(b); Cal. Civ. Code 1798.105(d)(8))"
    HEALTH = "health", "Public health (GDPR Art. 17(3)(c))"
    ARCHIVE = "archive", "Archiving, research or statistics (GDPR Art. 17(3)(d))"
    CLAIMS = "claims", "Legal claims (GDPR Art. 17(3)(e))"
    TRANSACTION = "transaction", "Needed to complete the transaction (Cal. Civ. Code 1798.105(d)(1))"
    SECURITY = "security", "Security and integrity (Cal. Civ. Code 1798.105(d)(2))"
    NO_DATA = "no_data", "We hold no data about this person (GDPR Art. 15(1))"
    OUTSIDE = "outside", "Outside the jurisdiction of the law invoked"


KEEPABLE: Final = frozenset({"customers.purchases"})
"""Places whose rows may stay as they are while their person is erased, since they name nobody by themselves."""


class Lane(StrEnum):
    """A column of the board."""

    NEW = "New"
    VERIFY = "Verify identity"
    COLLECT = "Collect data"
    REVIEW = "Review"
    DONE = "Done"


_S = State
CLOSED: Final = frozenset({_S.DELIVERED, _S.REFUSED, _S.WITHDRAWN})
OPEN: Final = frozenset(State) - CLOSED
_ENDS: Final = frozenset({_S.REFUSED, _S.WITHDRAWN})
MOVES: Final[dict[State, frozenset[State]]] = {
    _S.RECEIVED: _ENDS | {_S.ACKNOWLEDGED, _S.VERIFYING, _S.CLARIFYING, _S.HELD, _S.COLLECTING},
    _S.ACKNOWLEDGED: _ENDS | {_S.VERIFYING, _S.CLARIFYING, _S.FEE, _S.HELD, _S.COLLECTING},
    _S.VERIFYING: _ENDS | {_S.ACKNOWLEDGED, _S.CLARIFYING, _S.FEE, _S.HELD, _S.COLLECTING},
    _S.CLARIFYING: _ENDS | {_S.ACKNOWLEDGED, _S.VERIFYING, _S.COLLECTING, _S.REVIEWING, _S.HELD},
    _S.FEE: _ENDS | {_S.ACKNOWLEDGED, _S.VERIFYING, _S.COLLECTING, _S.REVIEWING, _S.HELD},
    _S.HELD: _ENDS | {_S.ACKNOWLEDGED, _S.VERIFYING, _S.COLLECTING, _S.REVIEWING},
    _S.COLLECTING: _ENDS | {_S.REVIEWING, _S.CLARIFYING, _S.FEE, _S.HELD},
    _S.REVIEWING: _ENDS | {_S.REDACTING, _S.SECOND_APPROVAL, _S.READY, _S.COLLECTING, _S.CLARIFYING, _S.FEE, _S.HELD},
    _S.REDACTING: _ENDS | {_S.REVIEWING, _S.SECOND_APPROVAL, _S.READY, _S.HELD},
    _S.SECOND_APPROVAL: _ENDS | {_S.READY, _S.REVIEWING, _S.HELD},
    _S.READY: _ENDS | {_S.DELIVERED, _S.REVIEWING, _S.HELD},
    _S.DELIVERED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.WITHDRAWN: frozenset(),
}
"""Every allowed move; the database holds the same table and refuses the others."""

LANES: Final[dict[Lane, tuple[State, ...]]] = {
    Lane.NEW: (_S.RECEIVED, _S.ACKNOWLEDGED),
    Lane.VERIFY: (_S.VERIFYING, _S.CLARIFYING, _S.FEE),
    Lane.COLLECT: (_S.COLLECTING, _S.HELD),
    Lane.REVIEW: (_S.REVIEWING, _S.REDACTING, _S.SECOND_APPROVAL, _S.READY),
    Lane.DONE: (_S.DELIVERED, _S.REFUSED, _S.WITHDRAWN),
}

_WITHOUT_IDENTITY: Final = frozenset({Kind.OPT_OUT, Kind.LIMIT_USE, Kind.OBJECTION, Kind.COMPLAINT})
_WITH_PACKAGE: Final = frozenset({Kind.ACCESS, Kind.PORTABILITY})
STATE_OF_QUESTION: Final = {
    Question.IDENTITY: State.VERIFYING,
    Question.CLARIFICATION: State.CLARIFYING,
    Question.FEE: State.FEE,
}

_TOLD_BY_NAME: Final = {
    State.RECEIVED: "received",
    State.ACKNOWLEDGED: "received",
    State.DELIVERED: "answered",
    State.REFUSED: "refused",
    State.WITHDRAWN: "withdrawn",
}


def moves_from(state: str) -> list[str]:
    """The states that may follow, in the order of the workflow."""
    allowed = MOVES[State(state)]
    return [one.value for one in State if one in allowed]


def may_move(state: str, to: str) -> bool:
    """Whether a request may go from one state to another."""
    return State(to) in MOVES[State(state)]


def lane_of(state: str) -> Lane:
    """The column of the board in which a state stands."""
    return next(lane for lane, states in LANES.items() if State(state) in states)


def needs_identity(kind: str) -> bool:
    """Whether the person must prove who they are: not for opt-outs, objections and complaints (11 CCR 7060(b))."""
    return Kind(kind) not in _WITHOUT_IDENTITY


def needs_second_person(kind: str) -> bool:
    """Whether two different people must approve: erasure cannot be undone."""
    return Kind(kind) is Kind.ERASURE


def needs_package(kind: str) -> bool:
    """Whether the answer is a package of data."""
    return Kind(kind) in _WITH_PACKAGE


def told_state(state: str) -> str:
    """What the requester is told about where the request stands: never that a hold stands, nor who approves."""
    at = State(state)
    if at in _TOLD_BY_NAME:
        return _TOLD_BY_NAME[at]
    return "waiting" if at in STATE_OF_QUESTION.values() else "work"


def urgency(days_left: int, days_in_all: int) -> str:
    """The tone of a deadline: `idle` above half of the time, `warn` above a quarter, `bad` below or overdue."""
    if days_left < 0 or days_left * 4 < days_in_all:
        return "bad"
    return "warn" if days_left * 2 < days_in_all else "idle"
