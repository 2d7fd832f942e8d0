"""What colleagues have under way in the demo: audiences of the marketer, requests on the desk of compliance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from consent.models import DataRequest
from consent.services.requests import NewRequest, assign_request, open_request, verify_request
from core.actors import Actor
from customers.models import Segment
from customers.selectors.tag_rules import active_rules
from customers.services.segments import define_segment
from customers.services.tag_rules import define_tag_rule
from marketing_hub.demo.people import Person

_GBP: Final = {"on": "purchases", "field": "sum", "currency": "GBP"}
_ORDERED: Final = {"on": "purchases", "field": "count", "op": "at_least"}
_LATELY: Final = {"last": {"days": 90}}
_MAY_MAIL: Final = {"on": "consent", "field": "marketing_email", "op": "is_allowed"}

SEGMENTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "loyal-in-the-united-kingdom": (
        "Loyal in the United Kingdom",
        {"all": [{"on": "profile", "field": "country", "op": "is", "value": "GB"}, {**_ORDERED, "value": 5}]},
    ),
    "lapsed-90-days": (
        "Lapsed 90 days",
        {"all": [{**_ORDERED, "value": 1}, {"not": {**_ORDERED, "value": 1, "window": _LATELY}}]},
    ),
    "best-customers-we-may-mail": (
        "Best customers we may e-mail",
        {"all": [{**_GBP, "op": "at_least", "value": 2000}, _MAY_MAIL]},
    ),
    "highly-engaged": (
        "Highly engaged",
        {
            "any": [
                {"on": "events", "field": "count", "window": {"last": {"days": 30}}, "op": "at_least", "value": 5},
                {**_ORDERED, "value": 3, "window": _LATELY},
            ]
        },
    ),
    "at-risk": (
        "At risk",
        {
            "all": [
                {**_ORDERED, "value": 2},
                {"on": "profile", "field": "last_order_at", "op": "longer_ago_than", "value": {"days": 60}},
                {
                    "not": {
                        "on": "events",
                        "field": "count",
                        "window": {"last": {"days": 30}},
                        "op": "at_least",
                        "value": 1,
                    }
                },
            ]
        },
    ),
}
"""Slug, name and rule of each audience."""
TAGS: Final = {"highly engaged": "highly-engaged", "at risk": "at-risk"}
"""Tags that come and go by themselves, and the audiences whose members have them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what, from which country, by which way, how long ago, and whether the person proved who they are."""

    kind: str
    country: str
    channel: str
    days_ago: int
    verified: bool = False


REQUESTS: Final = (
    Asked("access", "DE", "email", 26, verified=True),
    Asked("portability", "FR", "post", 12),
    Asked("rectification", "NL", "phone", 5),
    Asked("access", "GB", "email", 2),
    Asked("erasure", "ES", "phone", 1),
)
"""Nothing here ends by itself: an erasure waits for its identity check, and for two people."""


def define_audiences(*, by: Actor, now: datetime) -> int:
    """Every audience of the demo exists, and is calculated as soon as a worker is free; how many there are."""
    known = set(Segment.objects.filter(slug__in=SEGMENTS).values_list("slug", flat=True))
    for slug, (name, rule) in SEGMENTS.items():
        if slug not in known:
            define_segment(name=name, slug=slug, rule={"version": 1, "rule": rule}, by=by, now=now)
    return len(SEGMENTS)


def define_tags(*, by: Actor, now: datetime) -> int:
    """Every tag of the demo is given by its rule, as soon as its audience is calculated; how many there are."""
    known = set(active_rules().values_list("tag__name", flat=True))
    for name, slug in TAGS.items():
        if name not in known:
            define_tag_rule(name=name, segment=slug, by=by, now=now)
    return len(TAGS)


def open_requests(*, people: Sequence[Person], by: Actor, now: datetime) -> int:
    """Requests of some of these people are on the desk, unless any were opened before; how many of them there are."""
    if DataRequest.objects.exists():
        return DataRequest.objects.count()
    asking = {person.country: person for person in reversed(people)}
    found = [(asked, asking[asked.country]) for asked in REQUESTS if asked.country in asking]
    for asked, person in found:
        request = open_request(new=_new(asked, person, now), by=by, now=now)
        assign_request(request=request, to=by.id, by=by, now=now)
        if asked.verified:
            verify_request(request=request, how="known address", by=by, now=now)
    return len(found)


def _new(asked: Asked, person: Person, now: datetime) -> NewRequest:
    return NewRequest(
        kind=asked.kind,
        channel=asked.channel,
        customer=person.external_id,
        place=person.country,
        received_at=now - timedelta(days=asked.days_ago),
        backdated_because="entered when the letters were opened",
    )
