"""The screen of refused events."""

from datetime import UTC, datetime, timedelta

import pytest

from engagement.models import Rejection
from engagement.services.rejections import trim_rejections
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_refused_events__for_an_integration_admin__show_reason_and_count(client):
    Rejection.objects.create(
        client_id="cli_shop",
        event_type="click",
        code="missing_field",
        param="campaignId",
        message="Missing required field 'campaignId'",
        count=7,
        minute=NOON,
        at=NOON,
    )
    client.force_login(make_staff("integration_admin"))

    page = client.get("/console/rejections").content.decode()

    assert "cli_shop" in page
    assert "missing_field" in page
    assert ">7<" in page


def test_refused_events__for_a_marketer__are_forbidden(client):
    client.force_login(make_staff("marketer"))

    assert client.get("/console/rejections").status_code == 403


def test_trim_rejections__after_thirty_days__forgets_the_old_ones_only():
    for days in (0, 31):
        at = NOON - timedelta(days=days)
        Rejection.objects.create(client_id="cli_shop", code="missing_field", message="x", minute=at, at=at)

    trimmed = trim_rejections(now=NOON)

    assert trimmed == 1
    assert Rejection.objects.get().at == NOON
