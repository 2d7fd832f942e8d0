"""The states of one delivery, the reasons why somebody is not sent to, and when a campaign is complete."""

from collections.abc import Mapping
from typing import Final

from django.db.models import TextChoices


class DeliveryState(TextChoices):
    """Where the message to one person stands.

    `unknown` was handed to the mail server by a worker that died before it heard the answer: it is never sent again
    by itself, because the person may have it.
    """

    QUEUED = "queued", "Waiting"
    CLAIMED = "claimed", "About to be sent"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    SKIPPED = "skipped", "Not sent, for a reason"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Outcome unknown"
    HELD_OUT = "held_out", "Held out to compare"


OPEN: Final = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING)
"""While one of these is left a campaign is not complete."""

GAPS: Final = (DeliveryState.FAILED, DeliveryState.UNKNOWN)
"""Who should have got the message and did not, as far as we know."""

REASONS: Final[Mapping[str, str]] = {
    "": "",
    "no_address": "No e-mail address on record",
    "suppressed": "Left alone: on the suppression list",
    "restricted": "Processing is restricted at the person's request (GDPR Art. 18)",
    "deleted": "Erased since the campaign was launched",
    "merged": "Became one with another profile",
    "held_out": "Left out on purpose, to measure what the campaign changes",
    "global_holdout": "In the global holdout, which gets no marketing, to measure what all of it changes",
    "pilot": "Waiting until the pilot is promoted, and compared with it meanwhile",
    "quiet_hours": "Waiting for the end of quiet hours where the person is",
    "frequency_cap": "Has had as many messages as the limit allows",
    "replaced": "Another message took its place under the limit of messages a person",
    "canary": "Waiting until the first messages have proven themselves",
    "cancelled": "The campaign was cancelled first",
    "goal_reached": "Reached the goal of the automation first",
    "left_automation": "Left the automation first",
    "missing_field": "The text needs a value that is missing for this person",
    "server_away": "The mail server could not be reached; tried again",
    "no_endpoint": "No active webhook asks for messages of campaigns; tried again",
    "provider_busy": "The mail provider takes no more at the moment; tried again",
    "provider_access": "The mail provider does not accept our key; tried again when the settings are mended",
    "worker_lost": "The worker died while the message was handed over",
    "address_refused": "The mail server refused the address",
    "message_refused": "The mail server refused the message",
    "unsendable": "The message could not be written for this address",
}


def reason_words(code: str) -> str:
    """The reason in words; codes of consent decisions are spelled out as they are."""
    if code in REASONS:
        return REASONS[code]
    return f"Consent: {code.replace('_', ' ')}"


def ending(counts: Mapping[str, int]) -> str | None:
    """`completed` or `completed_with_gaps` for these counts by state; None while somebody is left open."""
    if any(counts.get(state, 0) for state in OPEN):
        return None
    return "completed_with_gaps" if any(counts.get(state, 0) for state in GAPS) else "completed"
