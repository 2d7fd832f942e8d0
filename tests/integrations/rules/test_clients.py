"""The state of a client and of a key, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules.clients import client_state, key_state

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = {
    "keeps_secret": True,
    "disabled_at": None,
    "secret_expires_at": NOON + 60 * DAY,
    "last_used_at": NOON - DAY,
    "created_at": NOON - 200 * DAY,
    "now": NOON,
}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"),
        ({"disabled_at": NOON}, "disabled"),
        ({"secret_expires_at": None}, "expired"),
        ({"secret_expires_at": None, "keeps_secret": False}, "active"),
        ({"secret_expires_at": NOON + 14 * DAY}, "active"),
        ({"secret_expires_at": NOON + 14 * DAY - timedelta(seconds=1)}, "expiring"),
        ({"last_used_at": NOON - 90 * DAY}, "unused"),
        ({"last_used_at": None}, "unused"),
        ({"last_used_at": None, "created_at": NOON - 89 * DAY}, "active"),
    ],
)
def test_client_state__each_case__has_its_word(changes, state):
    assert client_state(**(USUAL | changes)) == state


@pytest.mark.parametrize(
    ("revoked_at", "expires_in", "state"),
    [(NOON, 60, "revoked"), (None, 0, "expired"), (None, 13, "expiring"), (None, 14, "active")],
)
def test_key_state__each_case__has_its_word(revoked_at, expires_in, state):
    assert key_state(revoked_at=revoked_at, expires_at=NOON + expires_in * DAY, now=NOON) == state
