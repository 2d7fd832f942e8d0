"""Events of people who were merged and parted again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from core.actors import SYSTEM, Actor, ActorKind
from core.ids import time_ordered_uuid
from customers.models import Customer, Merge
from customers.selectors.customers import all_ids
from customers.services.customers import create_customer
from customers.services.identities import ensure_anonymous, link_identity
from customers.services.merges import approve_merge, request_merge, undo_merge
from engagement.models import Event
from engagement.services import merging

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_ann", "usr_bob"))


def stored(customer_id: int, at: datetime, browser: str = "") -> None:
    """One event in the log."""
    properties = json.dumps({"anonymousId": browser}) if browser else None
    with connection.cursor() as cursor:
        cursor.execute("SELECT engagement_ensure_partition(%s)", [at.date()])
        cursor.execute(
            "INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref,"
            " source_id, type_id, schema_version, device, consent_kind, properties)"
            " VALUES (%s, %s, %s, 1, %s, 1, 1, 1, 1, 1, 1, %s)",
            [time_ordered_uuid(), at, at, customer_id, properties],
        )


def owners() -> list[int]:
    """Whose the events are, oldest first."""
    return list(Event.objects.order_by("occurred_at").values_list("customer_id", flat=True))


@pytest.fixture
def jane(db) -> Customer:
    """A customer."""
    return create_customer(properties={"external_id": "1"}, by=SYSTEM, now=NOON)


@pytest.fixture
def twin(db) -> Customer:
    """Another, with a browser."""
    customer = create_customer(properties={"email": "twin@example.com"}, by=SYSTEM, now=NOON)
    link_identity(customer=customer, kind="anonymous_id", value="browser-1", by=SYSTEM, now=NOON)
    return customer


def test_undo__events_since__follow_their_browser_and_the_others_stay(
    jane, twin, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(merging, "PIECE", 1)
    stored(twin.pk, NOON, "browser-1")
    merge = request_merge(survivor=jane, absorbed=twin, reason="same", by=ANN, now=NOON)
    approve_merge(merge=merge, by=BOB, now=NOON + timedelta(hours=1))
    read_together = set(owners()) <= set(all_ids(jane))
    for hour, browser in ((2, "browser-1"), (3, ""), (4, "browser-2"), (5, "browser-1")):
        stored(jane.pk, NOON + timedelta(hours=hour), browser)

    with django_capture_on_commit_callbacks(execute=True):
        undo_merge(merge=merge, reason="two people", by=ANN, now=NOON + timedelta(hours=6))

    assert read_together
    assert owners() == [twin.pk, twin.pk, jane.pk, jane.pk, twin.pk]
    assert Customer.objects.get(pk=twin.pk).last_seen_at == NOON + timedelta(hours=5)


def test_return_events__again_or_not_undone__moves_nothing(jane):
    pk = ensure_anonymous(anonymous_ids=["browser-9"], by=SYSTEM, now=NOON)["browser-9"]
    link_identity(customer=jane, kind="anonymous_id", value="browser-9", by=SYSTEM, now=NOON)
    stored(jane.pk, NOON + timedelta(hours=1), "browser-9")
    merge = Merge.objects.get(absorbed=pk)

    early = merging.return_events(merge_id=merge.public_id)
    undo_merge(merge=merge, reason="shared tablet", by=ANN, now=NOON + timedelta(hours=2))
    moved = [merging.return_events(merge_id=merge.public_id) for _ in range(2)]

    assert (early, moved) == (0, [1, 0])
    assert owners() == [pk]
