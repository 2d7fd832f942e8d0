"""Erasing, anonymising and pseudonymising what is kept for one purpose, while the person stays a customer.

Which places are meant is what they say in the privacy registry. Erase: these places hold nothing of the person.
Anonymise: the same, but tags move to a nameless profile first, so that figures stay right; sums of events, campaigns
and experiments name nobody anyway. Pseudonymise: facts that stand for themselves move to a profile without identifiers,
and which one it is lies encrypted with the request alone (GDPR Art. 4(5)); what tells of contacts with the person is
made nameless.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from consent.models import DataRequest
from consent.rules.request_steps import MOVES_UPTO, Action
from consent.rules.requests import PURPOSES, Verb
from consent.selectors.requests import opened, sealed
from consent.services.nameless import make_nameless
from core import outbox, privacy
from customers.models import Customer, CustomerTag
from customers.selectors.customers import all_ids

NAMELESS: Final = "nameless.profile"
APART: Final = "pseudonym.facts"
TAGS: Final = "customers.tags"
PSEUDONYM_KIND: Final = "pseudonym"
_FOLLOWING: Final = ("customers.segments", "customers.scores", "customers.touches")
"""Worked out from the profile and from what stays: they would be there again within seconds."""
_REFILLING: Final = ("customers.segment_changes", "customers.score_changes")
"""Emptied, and written again as segments and scores follow."""
Mover = Callable[[Sequence[int], int], int]
_movers: dict[str, Mover] = {}


def register_mover(*, place: str, move: Mover) -> None:
    """`move(customer_ids, to)` hands the facts of a place to the profile `to`; the first id is the person's. How many.

    A place without one tells of contacts with the person: it is made nameless by its eraser.
    """
    _movers[place] = move


def places_for(purpose: str, /) -> list[privacy.PersonalData]:
    """What is kept for this purpose before any other and can go while the person stays, leaves first."""
    named = [place for place in privacy.places() if PURPOSES.get(place.purpose.partition(",")[0]) == purpose]
    return [place for place in named if place.name not in _FOLLOWING and not place.kept_because]


def following_from_profile(purpose: str, /) -> list[privacy.PersonalData]:
    """What is kept for this purpose too, and follows from the profile."""
    return [place for place in privacy.places() if place.name in _FOLLOWING and PURPOSES.get(place.purpose) == purpose]


def plan_for(verb: str, purpose: str, /) -> list[tuple[Action, str, str, int]]:
    """The tasks: action, name, title and order."""
    places = places_for(purpose)
    tasks = [(Action.ERASE, p.name, f"Erase {p.category}"[:200], p.order) for p in places]
    if verb == Verb.PSEUDONYMISE:
        tasks.append((Action.ERASE, APART, "Move facts to a profile without identifiers", MOVES_UPTO))
    if verb == Verb.ANONYMISE and any(place.name == TAGS for place in places):
        tasks.append((Action.ERASE, NAMELESS, "Move figures to a nameless profile", MOVES_UPTO))
    return [*tasks, (Action.SCAN, purpose, "Look for what is left of the person where it was kept", 9_000)]


def becomes(verb: str, place: privacy.PersonalData, /) -> str:
    """What will become of one of these places, in words."""
    if place.name in _FOLLOWING:
        return "follows from the profile: stays"
    if verb == Verb.PSEUDONYMISE and place.name in _movers:
        return "kept under a pseudonym"
    if verb == Verb.ANONYMISE and place.name == TAGS:
        return "kept for figures, without a person"
    return "erased or emptied"


def move_figures(request: DataRequest, ids: Sequence[int], now: datetime, /) -> int:
    """The tags of the person stand with a profile that names nobody; how many."""
    person = cast(Customer, request.customer)
    return move_tags(ids, make_nameless(like=person, via="anonymised", now=now).pk)


def move_tags(customer_ids: Sequence[int], to: int, /) -> int:
    """The profile has the tags of the person; those of visitors she absorbed are left."""
    return CustomerTag.objects.filter(customer_id=customer_ids[0]).update(customer_id=to)


def set_apart(request: DataRequest, ids: Sequence[int], now: datetime, /) -> int:
    """The facts stand with a profile without identifiers, and only the request knows, encrypted, which; how many."""
    person = cast(Customer, request.customer)
    profile = make_nameless(like=person, via="pseudonymised", now=now)
    first = [person.pk, *(pk for pk in ids if pk != person.pk)]
    moved = sum(
        _movers[place.name](first, profile.pk) for place in places_for(request.purpose) if place.name in _movers
    )
    pairs = json.loads(opened(request.subjects_sealed) or "[]")
    request.subjects_sealed = sealed(json.dumps([*pairs, [PSEUDONYM_KIND, profile.public_id]]))
    request.save(update_fields=["subjects_sealed"])
    outbox.publish(topic="customer.pseudonymised", subject=request.public_id, payload={"request": request.public_id})
    return moved


def left_for(request: DataRequest, /) -> dict[str, Any]:
    """What the places of the purpose still collect of the person: rows by place, and how many places were looked at."""
    ids = all_ids(request.customer) if request.customer else []
    places = [place for place in places_for(request.purpose) if place.name not in _REFILLING]
    counted = {place.name: sum(1 for _ in place.collect(ids)) for place in places}
    hits = {name: rows for name, rows in counted.items() if rows}
    return {"hits": hits, "columns": len(places), "identifiers": len(ids)}
