"""What can become of an event that is fit to be stored, and what its sender is told."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from core.errors import Problem


class Verdict(StrEnum):
    """The outcome of one event; the first two are successes."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    UNKNOWN_USER = "unknown_user"
    SUPPRESSED = "suppressed"
    CONSENT_REQUIRED = "consent_required"
    CONSENT_INVALID = "consent_invalid"
    BATCH_REJECTED = "batch_rejected"


REFUSALS: Final[Mapping[Verdict, Problem]] = {
    Verdict.UNKNOWN_USER: Problem(
        "userId", "unknown_user", "There is no customer with this userId; create the customer first."
    ),
    Verdict.SUPPRESSED: Problem("userId", "suppressed", "Nothing may be stored about this person."),
    Verdict.CONSENT_REQUIRED: Problem(
        "consentToken",
        "consent_required",
        "There is no consent for this: send a valid consent token, or record the person's consent first.",
    ),
    Verdict.CONSENT_INVALID: Problem(
        "consentToken",
        "consent_invalid",
        "The consent token does not hold: it is not ours, has expired, was revoked, belongs to another person or does "
        "not cover this purpose.",
    ),
    Verdict.BATCH_REJECTED: Problem(
        "", "batch_rejected", "Another event was refused, and this batch was to be stored as a whole or not at all."
    ),
}
_NOBODY_AND_NO_TOKEN: Final = Problem(
    "userId", "consent_required", "There is no consent on record: there is no customer with this userId."
)


def refusal(verdict: Verdict, *, has_token: bool, anonymous: bool) -> Problem:
    """Why an event was refused, naming the member at fault.

    Somebody we do not know has no consent on record either, so without a token that is what is missing.
    """
    problem = REFUSALS[verdict]
    if verdict is Verdict.UNKNOWN_USER and not has_token:
        problem = _NOBODY_AND_NO_TOKEN
    if anonymous and problem.param == "userId":
        return Problem("anonymousId", problem.code, problem.message.replace("userId", "anonymousId"))
    return problem
