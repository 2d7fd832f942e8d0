"""When an endpoint is tried next, as screens tell it."""

from datetime import UTC, datetime, timedelta

import pytest

from core.console.cells import NOTHING
from integrations.console.webhooks import next_attempt
from integrations.models import WebhookEndpoint

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(**span):
    return NOON + timedelta(**span)


@pytest.mark.parametrize(
    ("state", "due", "closed_until", "words"),
    [
        ("active", None, None, NOTHING),
        ("active", after(minutes=-4), None, "now"),
        ("active", after(seconds=20), None, "within a minute"),
        ("active", after(minutes=5), None, "in 5 min"),
        ("active", after(minutes=-4), after(minutes=3), "in 3 min"),
        ("disabled", after(minutes=-4), None, "when enabled"),
        ("paused", after(minutes=5), None, "when enabled"),
    ],
)
def test_next_attempt__state_and_time__never_tells_of_the_past(state, due, closed_until, words):
    endpoint = WebhookEndpoint(state=state, closed_until=closed_until)

    assert next_attempt(endpoint, due, NOON) == words
