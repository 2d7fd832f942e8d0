"""Trying the next version with a share of the calls: who may, what stands afterwards, figures of both."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM
from core.errors import InvalidInput, InvalidState
from core.models import AuditEntry
from integrations.models import ApiClient, DailyUsage
from integrations.selectors.canaries import canary_shares, compared, forget_canaries
from integrations.services.canaries import roll_back_canary, set_canary
from integrations.services.clients import disable_client
from tests.factories.integrations import make_client

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_known():
    forget_canaries()


def test_set_canary__share_changed__is_dated_by_its_beginning_and_audited():
    client = make_client()

    set_canary(client=client, share=5, by=SYSTEM, now=NOON)
    set_canary(client=client, share=20, by=SYSTEM, now=NOON + timedelta(days=1))

    assert canary_shares()[client.public_id] == 20
    client.refresh_from_db()
    assert (client.canary_share, client.canary_since) == (20, NOON)
    changes = AuditEntry.objects.filter(action="client.canary_set").order_by("id").values_list("changes", flat=True)
    assert [change["canary_share"] for change in changes] == [[0, 5], [5, 20]]


@pytest.mark.parametrize("share", [0, 101])
def test_set_canary__no_share_of_a_hundred__is_refused_and_nothing_is_stored(share):
    client = make_client()

    with pytest.raises(InvalidInput, match="1 to 100"):
        set_canary(client=client, share=share, by=SYSTEM, now=NOON)

    assert ApiClient.objects.get(pk=client.pk).canary_since is None
    assert not AuditEntry.objects.filter(action="client.canary_set").exists()


def test_set_canary__disabled_client__is_refused():
    client = disable_client(client=make_client(), by=SYSTEM, now=NOON)

    with pytest.raises(InvalidState, match="disabled"):
        set_canary(client=client, share=5, by=SYSTEM, now=NOON)

    assert ApiClient.objects.get(pk=client.pk).canary_share == 0


def test_roll_back__running__ends_it_and_keeps_the_comparison():
    client = make_client()
    set_canary(client=client, share=100, by=SYSTEM, now=NOON)

    roll_back_canary(client=client, by=SYSTEM, reason="P95 doubled")

    assert client.public_id not in canary_shares()
    client.refresh_from_db()
    assert (client.canary_share, client.canary_since) == (0, NOON)
    entry = AuditEntry.objects.get(action="client.canary_rolled_back")
    assert (entry.changes["canary_share"], entry.reason) == ([100, 0], "P95 doubled")


def test_roll_back__none_running__is_refused():
    client = make_client()

    with pytest.raises(InvalidState, match="No call"):
        roll_back_canary(client=client, by=SYSTEM)

    assert not AuditEntry.objects.filter(action="client.canary_rolled_back").exists()


def test_compared__calls_of_both_versions__stand_side_by_side_with_a_sum():
    client = make_client()
    rows = (
        ("api/v1/me", {"calls": 90, "client_errors": 9, "buckets": {"20": 90}}),
        ("api/v2/me", {"calls": 10, "server_errors": 1, "buckets": {"40": 10}}),
        ("api/v1/limits", {"calls": 30, "buckets": {"20": 30}}),
        ("api/v2/limits", {"calls": 5, "buckets": {"20": 5}}),
        ("api/v1/customers", {"calls": 500, "client_errors": 500, "buckets": {"70": 500}}),
    )
    for route, facts in rows:
        DailyUsage.objects.create(client_id=client.public_id, day=NOON.date(), method="GET", route=route, **facts)

    whole, *each = compared(client_id=client.public_id, first=NOON.date(), last=NOON.date())

    assert [pair.operation for pair in each] == ["GET /me", "GET /limits"]
    assert (whole.current.calls, whole.current.errors) == (120, 9)
    assert (whole.following.calls, whole.following.errors) == (15, 1)
    assert whole.following.p95_ms == each[0].following.p95_ms > whole.current.p95_ms


def test_compared__nothing_answered_by_the_next_version__is_empty():
    client = make_client()
    DailyUsage.objects.create(client_id=client.public_id, day=NOON.date(), method="GET", route="api/v1/me", calls=3)

    assert compared(client_id=client.public_id, first=NOON.date(), last=NOON.date()) == []
