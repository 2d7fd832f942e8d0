"""What the consent addresses answer after writing, as plain JSON values."""

from typing import Any

from consent.services.batches import NamedResult
from consent.services.tokens import IssuedToken


def recorded_body(result: NamedResult) -> dict[str, Any]:
    """What was recorded for one person, and her token."""
    customer = result.customer
    return {
        "userId": customer.external_id or customer.public_id,
        "customerId": customer.public_id,
        "purposes": [
            {
                "purpose": outcome.purpose,
                "state": outcome.state.value,
                "allowed": outcome.decision.allowed,
                "reason": outcome.decision.reason.value,
                "why": outcome.decision.why,
                "ledgerSeq": outcome.seq,
                "recorded": outcome.recorded,
            }
            for outcome in result.recorded.outcomes
        ],
        "consentToken": issued_body(result.token) if result.token else None,
    }


def issued_body(issued: IssuedToken) -> dict[str, Any]:
    """A token, this once."""
    return {
        "token": issued.token,
        "jti": issued.jti,
        "purposes": issued.purposes,
        "basis": issued.basis,
        "region": issued.place,
        "expiresAt": issued.expires_at,
    }
