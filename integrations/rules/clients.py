"""In which state a client is, as people should see it."""

from datetime import datetime, timedelta
from typing import Final

EXPIRING: Final = timedelta(days=14)
UNUSED: Final = timedelta(days=90)


def client_state(
    *,
    keeps_secret: bool,
    disabled_at: datetime | None,
    secret_expires_at: datetime | None,
    last_used_at: datetime | None,
    created_at: datetime,
    now: datetime,
) -> str:
    """`disabled`, `expired` (no valid secret), `expiring` (within 14 days), `unused` (for 90 days), else `active`."""
    if disabled_at is not None:
        return "disabled"
    if keeps_secret and secret_expires_at is None:
        return "expired"
    if secret_expires_at is not None and secret_expires_at - now < EXPIRING:
        return "expiring"
    return "unused" if now - (last_used_at or created_at) >= UNUSED else "active"


def key_state(*, revoked_at: datetime | None, expires_at: datetime, now: datetime) -> str:
    """`revoked`, `expired`, `expiring` (within 14 days), else `active`."""
    if revoked_at is not None:
        return "revoked"
    if expires_at <= now:
        return "expired"
    return "expiring" if expires_at - now < EXPIRING else "active"
