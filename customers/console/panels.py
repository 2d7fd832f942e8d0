"""Cards of the customer page: timeline, profile, identifiers, tags."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.console import cells
from core.console.pages import staff_of
from core.crypto import open_text, sign_text
from core.errors import InvalidInput
from core.menu import Panel
from customers.console.words import PII, VIEW
from customers.models import Customer
from customers.rules.identity import mask
from customers.rules.sealed import SEALED_CLASSES, is_sealed, opened
from customers.selectors.attributes import list_definitions
from customers.selectors.customers import all_ids, list_identities, worn_tags
from customers.selectors.origins import names_of
from customers.selectors.timeline import Entry, Position, read_timeline, sources

PAGE: Final = 50
HIDDEN: Final = cells.MASK
_LIMITED: Final = cells.State("Limited: necessary service only", "warn")
_ORDER: Final = ("events", "purchases", "consent")
_ICONS: Final = {
    "purchase": "shopping-cart",
    "refund": "receipt-2",
    "open": "mail-opened",
    "click": "click",
    "view": "eye",
    "page-view": "eye",
    "promotion_view": "rosette-discount",
    "conversion": "target",
    "identify": "id",
}


def timeline(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """A stretch of the story by local day, of every source or of one; the newest stretch is kept current."""
    kind, older = request.GET.get("kind", ""), request.GET.get("older", "")
    known = sorted(sources(), key=lambda source: (*_ORDER, source.name).index(source.name))
    if kind and kind not in [source.name for source in known]:
        raise InvalidInput("There is no such kind of entry.")
    stretch = read_timeline(
        customer_ids=all_ids(customer),
        now=timezone.now(),
        limit=PAGE,
        after=position_of(older, customer) if older else None,
        only=[kind] if kind else [],
    )
    names = names_of(entry.source for _, entry in stretch.entries)
    days = groupby(stretch.entries, key=lambda pair: timezone.localtime(pair[1].at).date())
    return {
        "days": [(day, [_shown(name, entry, names, customer) for name, entry in entries]) for day, entries in days],
        "kinds": [("", "All"), *((source.name, source.label) for source in known)],
        "kind": kind,
        "older": seal_place(stretch.next, customer) if stretch.next else "",
        "further": bool(older),
        "finished": bool(older),
    }


def _shown(name: str, entry: Entry, names: Mapping[str, str], customer: Customer) -> dict[str, Any]:
    place = Position(at=entry.at, source=name, row=entry.row)
    usual = "shield-check" if name == "consent" else "activity-heartbeat"
    return {
        "at": timezone.localtime(entry.at),
        "icon": _ICONS.get(entry.kind, usual),
        "title": entry.title,
        "url": reverse("console:customer-entry", args=[customer.public_id, seal_place(place, customer)]),
        "source": names.get(entry.source, entry.source.replace("_", " ")),
        "details": [f"{key}={value}" for key, value in plain(entry.details) if value not in (None, "")],
    }


def plain(details: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The details one by one; those a partner put into `properties` beside the others."""
    for key, value in details.items():
        if isinstance(value, dict):
            yield from plain(value)
        else:
            yield key, value


def seal_place(position: Position, customer: Customer) -> str:
    """A word for a place on this customer's timeline, of use for nobody else's."""
    where = [customer.public_id, position.at.isoformat(), position.source, position.row]
    return sign_text("console.timeline", json.dumps(where))


def position_of(text: str, customer: Customer) -> Position:
    """Where a sealed word of this customer's timeline points; InvalidInput for any other."""
    opened = open_text("console.timeline", text)
    owner, at, source, row = json.loads(opened) if opened else ("", "", "", "")
    if owner != customer.public_id:
        raise InvalidInput("This page belongs to another timeline. Go back to its beginning.")
    return Position(at=datetime.fromisoformat(at), source=source, row=row)


def profile_facts(customer: Customer, *, revealed: bool) -> list[tuple[str, str]]:
    """(label, drawn value); phone number, date of birth and personal attributes only when revealed.

    Where the person limits the use of sensitive data, each such value says so beside it.
    """

    def personal(value: Any, hint: str = HIDDEN) -> str:
        return cells.text(value if revealed else hint if value else None)

    came_with = names_of([customer.created_via])
    facts = [
        ("Country", cells.text(customer.country)),
        ("Region", cells.text(customer.region)),
        ("Language", cells.text(customer.language)),
        ("Time zone", cells.text(customer.time_zone)),
        ("Phone", personal(customer.phone, mask("phone", customer.phone or ""))),
        ("Date of birth", personal(customer.birth_date)),
        ("Created", cells.instant(customer.created_at)),
        ("Came with", cells.text(came_with.get(customer.created_via, customer.created_via))),
        ("Last order", cells.day(customer.last_order_at)),
    ]
    stored = opened(customer.attributes) if revealed else customer.attributes
    for definition in list_definitions(include_archived=True):
        value = stored.get(definition.key)
        if value is not None:
            hidden = definition.pii_class != "none" or is_sealed(value)
            words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            drawn = personal(words) if hidden else cells.text(words)
            limited = customer.sensitive_limited and definition.pii_class in SEALED_CLASSES
            facts.append((definition.name, format_html("{} {}", drawn, cells.dot(_LIMITED)) if limited else drawn))
    return facts


def profile(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """The profile, personal fields masked."""
    return {"facts": profile_facts(customer, revealed=False)}


def identities(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """Under which identifiers the customer is recognised."""
    sees = staff_of(request).has_perm(PII)
    rows = list_identities(customer)[:100]
    return {
        "rows": [
            (row.get_kind_display(), row.value if sees else mask(row.kind, row.value), row.created_at) for row in rows
        ]
    }


def tags(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """The tags."""
    return {"tags": list(worn_tags(customer))}


TIMELINE = Panel("timeline", "Timeline", "customers/_timeline.html", VIEW, timeline, poll=5)
PROFILE = Panel("profile", "Profile", "customers/_facts.html", VIEW, profile, place="side", order=20)
IDENTITIES = Panel("identities", "Identifiers", "customers/_identities.html", VIEW, identities, place="side", order=30)
TAGS = Panel("tags", "Tags", "customers/_tags.html", VIEW, tags, place="side", order=40)
