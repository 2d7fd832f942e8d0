"""What segment rules may ask about consent, and why a channel does not reach somebody."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from consent.rules.vocabulary import Channel, State
from customers.rules.segments.forms import Choice, Form, Name
from customers.rules.segments.mentions import Clock, Mention
from customers.rules.segments.operators import Type

CONSENT: Final = Form(
    on="consent",
    meaning="Whether a purpose is allowed for the customer now, or where her record of it stands.",
    types=(Type.CONSENT,),
    members=(Name("field"),),
    head="consent for",
    mentions=lambda condition: Mention(frozenset({"consent"}), frozenset({Clock("consent")})),
)
PRIVACY_WORDS: Final = {"gpc": "signal seen", "suppressed": "suppression"}
PRIVACY: Final = Form(
    on="privacy",
    meaning="Whether a Global Privacy Control signal was seen, or the customer is on the suppression list.",
    types=(Type.BOOLEAN,),
    members=(Choice("field", PRIVACY_WORDS),),
    head="privacy",
    mentions=lambda condition: Mention(frozenset({"consent"})),
)
STATES: Final = tuple(state.value for state in State)
ADDRESSES: Final = {Channel.EMAIL: "email", Channel.SMS: "phone", Channel.PHONE: "phone"}
"""Channels that need an address of this kind."""


class Signature(NamedTuple):
    """What decides whether a channel reaches somebody."""

    active: bool
    mask: int
    ended: bool
    signalled: bool
    has_email: bool
    has_phone: bool


class Why(NamedTuple):
    """A reason against: its code, and what people read."""

    code: str
    label: str


SUPPRESSED: Final = Why("suppressed", "On the suppression list")
INACTIVE: Final = Why("inactive", "Inactive")
NO_ADDRESS: Final = Why("no_address", "No address")
ENDED: Final = Why("consent_ended", "Consent ran out")
SIGNALLED: Final = Why("gpc", "No consent, and a Global Privacy Control signal")
NO_CONSENT: Final = Why("no_consent", "No consent")
ORDER: Final = (SUPPRESSED, INACTIVE, NO_ADDRESS, ENDED, SIGNALLED, NO_CONSENT)


def against(signature: Signature, *, channel: Channel, bit: int) -> Why | None:
    """The first reason of ORDER why this channel does not reach somebody under a purpose; None when it does."""
    address = ADDRESSES.get(channel)
    reached = {"email": signature.has_email, "phone": signature.has_phone}
    allowed = bool(signature.mask >> bit & 1)
    reasons: Sequence[tuple[bool, Why]] = (
        (not signature.mask & 1, SUPPRESSED),
        (not signature.active, INACTIVE),
        (address is not None and not reached[address], NO_ADDRESS),
        (allowed and signature.ended, ENDED),
        (not allowed and signature.signalled, SIGNALLED),
        (not allowed, NO_CONSENT),
    )
    return next((why for holds, why in reasons if holds), None)
