"""A small invented population in which everything that rules ask about varies, in the database and as plain Python."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from consent.models import ConsentEvent, ConsentState, Purpose
from core.actors import SYSTEM
from core.ids import time_ordered_uuid
from customers.models import Customer, CustomerTag, Identity, ProfileChange, Purchase, Tag
from customers.services.attributes import define_attribute

NOW = datetime(2026, 3, 17, 12, 30, tzinfo=UTC)
KINDS = {"view": 2, "click": 1, "purchase": 9, "search": 11}
ATTRIBUTES = {
    "plan": ("enum", {"options": ["free", "pro", "team"]}),
    "points": ("number", {}),
    "premium": ("boolean", {}),
    "renews_on": ("date", {}),
    "trial_ends": ("datetime", {}),
    "city": ("text", {}),
    "interests": ("list", {"options": ["tea", "cups", "pots"]}),
}
STATES = ("granted", "withdrawn", "imported", "expired")


@dataclass
class Fact:
    """One event: type, instant, members as the log keeps them."""

    kind: str
    at: datetime
    members: dict[str, Any]
    device: str = ""


@dataclass
class Somebody:
    """One customer with everything that is known of her."""

    pk: int
    public_id: str
    profile: dict[str, Any]
    attributes: dict[str, Any]
    identities: dict[str, list[str]]
    tags: set[str] = field(default_factory=set)
    orders: list[tuple[datetime, float, str]] = field(default_factory=list)
    events: list[Fact] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[str, Any, Any, datetime]] = field(default_factory=list)
    mask: int = 1
    ends: datetime | None = None
    gpc: bool = False
    known: bool = True


def make_world(*, people: int = 40, seed: int = 7) -> list[Somebody]:
    """The population, stored; visitors, tombstones and people absorbed by others among them."""
    dice = random.Random(seed)
    for key, (kind, more) in ATTRIBUTES.items():
        define_attribute(key=key, value_type=kind, values={"purpose": "segmentation", **more}, by=SYSTEM, now=NOW)
    tags = {name: Tag.objects.create(name=name, created_at=NOW) for name in ("vip", "newsletter", "old")}
    with connection.cursor() as cursor:
        for months in range(4):
            cursor.execute("SELECT engagement_ensure_partition(%s)", [(NOW - timedelta(days=30 * months)).date()])
    world = [_somebody(dice, number, tags) for number in range(people)]
    for visitor, into in ((world[3], world[0]), (world[5], world[1])):
        absorb(visitor, into)
    return world


def absorb(visitor: Somebody, into: Somebody) -> None:
    """The visitor's events count for the other from now on, and the visitor is nobody."""
    Customer.objects.filter(pk=visitor.pk).update(merged_into_id=into.pk, updated_at=NOW)
    into.events += visitor.events
    visitor.known = False


def _somebody(dice: random.Random, number: int, tags: dict[str, Tag]) -> Somebody:
    profile = _profile(dice)
    attributes = _attributes(dice)
    known = number % 11 != 4
    status = "deleted" if number % 13 == 6 else profile["status"]
    row = Customer(
        public_id=f"cus_{number:022d}",
        attributes={} if status == "deleted" else attributes,
        is_known=known,
        consent_mask=dice.choice([0, 1, 9, 25, 17]),
        consent_until=dice.choice([None, None, NOW - timedelta(hours=1), NOW + timedelta(days=3)]),
        gpc_first_seen_at=dice.choice([None, None, NOW]),
        email=None if status == "deleted" or dice.random() < 0.3 else f"p{number}@example.com",
        deleted_at=NOW if status == "deleted" else None,
        **profile | {"status": status} | ({"birth_date": None, "first_name": ""} if status == "deleted" else {}),
    )
    row.save(force_insert=True)
    somebody = Somebody(
        row.pk,
        row.public_id,
        profile,
        attributes,
        {},
        known=known and status != "deleted",
        mask=row.consent_mask,
        ends=row.consent_until,
        gpc=row.gpc_first_seen_at is not None,
    )
    _facts(dice, somebody, tags)
    return somebody


def _profile(dice: random.Random) -> dict[str, Any]:
    orders = dice.choice([0, 0, 1, 2, 5])
    return {
        "country": dice.choice(["DE", "FR", "US", ""]),
        "region": dice.choice(["US-CA", "US-NY", "", ""]),
        "language": dice.choice(["en", "de", ""]),
        "status": dice.choice(["active", "active", "inactive"]),
        "first_name": dice.choice(["Ana", "Bo", "Carla", ""]),
        "birth_date": dice.choice([None, date(1990, 3, 20), date(2000, 2, 29), date(1985, 12, 31), date(1990, 1, 1)]),
        "created_at": NOW - timedelta(days=dice.choice([0, 1, 10, 200, 365, 730]), hours=dice.randint(0, 5)),
        "updated_at": NOW - timedelta(hours=dice.randint(0, 200)),
        "last_seen_at": dice.choice([None, NOW - timedelta(days=2), NOW - timedelta(days=90)]),
        "orders_count": orders,
        "orders_total": dice.choice([10, 99.5, 250, -5]) if orders else 0,
        "created_via": dice.choice(["import:people.csv", "client:cli_1", ""]),
    }


def _attributes(dice: random.Random) -> dict[str, Any]:
    choices = {
        "plan": dice.choice(["free", "pro", "team"]),
        "points": dice.choice([0, 3, 5, 5.5, 12, -1]),
        "premium": dice.choice([True, False]),
        "renews_on": (NOW.date() + timedelta(days=dice.choice([-40, -3, 0, 5, 20]))).isoformat(),
        "trial_ends": (NOW + timedelta(days=dice.choice([-10, 1, 8]))).isoformat().replace("+00:00", "Z"),
        "city": dice.choice(["Berlin", "Bern", "Lyon"]),
        "interests": dice.sample(["tea", "cups", "pots"], dice.randint(0, 3)),
    }
    return {key: value for key, value in choices.items() if dice.random() < 0.7}


def _facts(dice: random.Random, somebody: Somebody, tags: dict[str, Tag]) -> None:
    for kind, values in (("email", ["a@example.com", "b@shop.example.com"]), ("phone", ["+491701234567"])):
        for value in values:
            if dice.random() < 0.4:
                text = f"{somebody.pk}{value}" if kind == "email" else f"{value}{somebody.pk}"
                Identity.objects.create(customer_id=somebody.pk, kind=kind, value=text, created_at=NOW)
                somebody.identities.setdefault(kind, []).append(text)
    for name, tag in tags.items():
        if dice.random() < 0.35:
            ends = dice.choice([None, None, NOW - timedelta(days=1), NOW + timedelta(days=1)])
            facts = {"customer_id": somebody.pk, "tag": tag, "origin": "person", "created_at": NOW}
            CustomerTag.objects.create(expires_at=ends, **facts)
            if ends is None or ends > NOW:
                somebody.tags.add(name)
    for _ in range(dice.choice([0, 0, 1, 3, 6])):
        _order(dice, somebody)
    for _ in range(dice.choice([0, 1, 4, 9])):
        _event(dice, somebody)
    for purpose in Purpose.objects.filter(key__in=("marketing_email", "marketing_sms")):
        if dice.random() < 0.5:
            _state(dice, somebody, purpose)
    for _ in range(dice.choice([0, 0, 1, 2])):
        before, after = dice.sample(["DE", "FR", "US", None], 2)
        at = NOW - timedelta(days=dice.choice([1, 20, 100]))
        somebody.changes.append(("country", before, after, at))
        ProfileChange.objects.create(customer_id=somebody.pk, field="country", before=before, after=after, at=at)


def _order(dice: random.Random, somebody: Somebody) -> None:
    at = NOW - timedelta(days=dice.choice([0, 5, 29, 31, 80, 400]), hours=dice.randint(0, 20))
    amount, currency = dice.choice([5, 20, 49.99, 100, -20]), dice.choice(["EUR", "EUR", "USD"])
    number = len(somebody.orders)
    Purchase.objects.create(
        public_id=f"pur_{somebody.pk}x{number}",
        customer_id=somebody.pk,
        order_id=f"{somebody.pk}-{number}",
        amount=amount,
        currency=currency,
        purchased_at=at,
        source="test",
        created_at=NOW,
    )
    somebody.orders.append((at, amount, currency))


def _event(dice: random.Random, somebody: Somebody) -> None:
    kind = dice.choice(list(KINDS))
    at = NOW - timedelta(days=dice.choice([0, 1, 2, 3, 15, 29, 45]), minutes=dice.randint(0, 600))
    members: dict[str, Any] = {}
    if kind == "purchase":
        members |= {
            "value": dice.choice([5, 12.5, 40]),
            "currency": "EUR",
            "properties": {"quantity": dice.randint(1, 3)},
        }
    if kind == "search":
        members["properties"] = {"query": dice.choice(["Teapot", "cup", "kettle"])}
    if dice.random() < 0.5:
        members.setdefault("properties", {})["colour"] = dice.choice(["blue", "red", 7])
    device = dice.choice(["mobile", "desktop"])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref,"
            " source_id, campaign_id, type_id, schema_version, device, consent_kind, properties)"
            " VALUES (%s, %s, %s, 1, %s, 1, 1, NULL, %s, 1, %s, 1, %s::jsonb)",
            [
                time_ordered_uuid(),
                at,
                at,
                somebody.pk,
                KINDS[kind],
                {"mobile": 1, "desktop": 2}[device],
                _json(members),
            ],
        )
    somebody.events.append(Fact(kind, at, members, device))


def _state(dice: random.Random, somebody: Somebody, purpose: Purpose) -> None:
    state = dice.choice(STATES)
    entry = ConsentEvent.objects.create(
        public_id=ConsentEvent.new_public_id(),
        customer_id=somebody.pk,
        subject=somebody.public_id,
        seq=len(somebody.states) + 1,
        purpose=purpose,
        event="granted",
        legal_basis="consent",
        rule_set="test",
        source="test",
        actor="test",
        occurred_at=NOW,
        previous_hash="",
        hash="",
    )
    ConsentState.objects.create(
        customer_id=somebody.pk,
        purpose=purpose,
        state=state,
        event=entry,
        allowed=state == "granted",
        reason="",
        updated_at=NOW,
    )
    somebody.states[purpose.key] = state


def _json(value: Any) -> str | None:
    return json.dumps(value) if value else None
