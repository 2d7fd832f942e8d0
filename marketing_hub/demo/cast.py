"""Who is there in the demo besides the shop's customers: one login a role, two API clients, Jane Doe."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM, Actor, ActorKind
from core.crypto import derived_key
from core.models import Role, StaffUser
from customers.models import Customer
from customers.services.customers import create_customer
from customers.services.purchases import NewPurchase, record_purchase
from integrations.models import ApiClient
from integrations.services.clients import register_client, rotate_secret
from marketing_hub.system.accounts import create_staff

SHOP: Final = "Demo web shop"
SHOP_SCOPES: Final = (
    "customers:read",
    "customers.pii:read",
    "customers:write",
    "tags:write",
    "engagement:write",
    "engagement:read",
    "consent:read",
    "consent:write",
    "jobs:write",
)
DEVELOPER: Final = "Demo developer"
DEVELOPER_SCOPES: Final = (
    *SHOP_SCOPES,
    "campaigns:read",
    "campaigns:write",
    "events:read",
    "experiments:read",
    "experiments:write",
    "flags:evaluate",
    "offers:read",
    "offers:write",
    "promotions:read",
    "promotions:serve",
    "promotions:write",
    "reports:read",
    "segments:read",
    "segments:write",
    "webhooks:manage",
)
"""What the quick starts and guides of the documentation call; tests run them with these scopes."""

JANE: Final = {
    "external_id": "12345",
    "email": "jane.doe@example.com",
    "first_name": "Jane",
    "last_name": "Doe",
    "country": "DE",
    "language": "de",
}
"""The customer of the documented examples; the shop's own ids begin at 12346."""

_JANE_CAME: Final = datetime(2024, 2, 15, 14, 34, tzinfo=UTC)
_JANE_BOUGHT: Final = datetime(2024, 4, 10, 11, 12, tzinfo=UTC)
_NAMES: Final = {
    Role.SUPERUSER: "Sam Keller",
    Role.MARKETER: "Maya Hart",
    Role.COMPLIANCE: "Clara Voss",
    Role.INTEGRATION: "Ivan Petrov",
    Role.ANALYST: "Ana Lima",
}


@dataclass(frozen=True, slots=True)
class Login:
    """A member of staff of the demo and the password to sign in with."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class DemoClient:
    """An API client of the demo and a secret of it that is valid now."""

    client_id: str
    secret: str
    actor: Actor


def hire(*, now: datetime) -> list[Login]:
    """One account a role exists; passwords follow from HUB_MASTER_KEY, so they differ between installations."""
    logins = []
    for role, name in _NAMES.items():
        login = Login(role.value, _address(role), _password(role))
        if not StaffUser.objects.filter(email=login.email).exists():
            create_staff(email=login.email, name=name, role=role, password=login.password, by=SYSTEM, now=now)
        logins.append(login)
    return logins


def opened_at() -> datetime:
    """When the demo was begun, which a later call that completes it must take as its present."""
    return StaffUser.objects.get(email=_address(Role.SUPERUSER)).created_at


def importer() -> Actor:
    """The marketer, who brings the shop's files and defines audiences."""
    return _member(Role.MARKETER)


def officer() -> Actor:
    """The compliance officer, on whose desk requests are."""
    return _member(Role.COMPLIANCE)


def _member(role: Role) -> Actor:
    user = StaffUser.objects.get(email=_address(role))
    return Actor(kind=ActorKind.STAFF, id=user.public_id, label=user.name)


def register_shop(*, now: datetime) -> DemoClient:
    """The web shop has an API client, one however often this is called; its secret is new each time."""
    return _client(SHOP, SHOP_SCOPES, "shop@example.com", now)


def register_developer(*, now: datetime) -> DemoClient:
    """Whoever tries the documentation has an API client; its secret is new each time."""
    return _client(DEVELOPER, DEVELOPER_SCOPES, "developer@example.com", now)


def _client(name: str, scopes: Sequence[str], owner: str, now: datetime) -> DemoClient:
    client = ApiClient.objects.filter(name=name, disabled_at=None).order_by("id").first()
    if client is None:
        made = register_client(name=name, scopes=scopes, owner=owner, by=SYSTEM, now=now)
        client, secret = made.client, made.secret
    else:
        secret = rotate_secret(client=client, by=SYSTEM, now=now)
    return DemoClient(client.client_id, secret, Actor(kind=ActorKind.CLIENT, id=client.public_id, label=name))


def welcome_jane(*, by: Actor, now: datetime) -> bool:
    """Jane Doe of the documented examples is there with her order and her consent; False when she was already."""
    if Customer.objects.filter(external_id=JANE["external_id"]).exists():
        return False
    jane = create_customer(properties=JANE, by=by, now=_JANE_CAME)
    order = NewPurchase(jane.pk, "ord_789", Decimal("49.99"), "USD", _JANE_BOUGHT)
    record_purchase(purchase=order, source="api", by=by, now=now)
    asked = now - timedelta(days=1)
    entries = [
        ConsentEntry(
            purpose=purpose,
            event=event,
            source=source,
            notice_version=1,
            locale="de",
            evidence={"form_id": "checkout-7"} | proof,
            occurred_at=asked + timedelta(minutes=minutes),
        )
        for purpose, event, source, proof, minutes in (
            ("analytics", "granted", "checkout", {}, 0),
            ("personalisation", "granted", "checkout", {}, 0),
            ("marketing_email", "pending_doi", "checkout", {}, 0),
            ("marketing_email", "granted", "confirmation_mail", {"doi_done": True}, 12),
        )
    ]
    record_consent(customer=jane, entries=entries, by=by, now=now)
    return True


def _address(role: Role) -> str:
    return f"{role.value.replace('_', '.')}@example.com"


def _password(role: Role) -> str:
    """80 bits of the installation's master key as four groups of lower-case letters and digits."""
    text = base64.b32encode(derived_key(f"demo.login.{role.value}")[:10]).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))
