"""Who acted under a consent that ended: who held tokens for it, who received the person's data, what we sent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import Count, Max, Min

from consent.models import ConsentEvent, ConsentToken
from consent.rules.standing import YES_EVENTS
from consent.selectors.disclosures import recipients_of
from customers.models import Customer
from customers.selectors.customers import all_ids
from customers.selectors.origins import names_of

TOKENS = "consent token"


@dataclass(frozen=True, slots=True)
class Acted:
    """One consumer and one way it acted for a purpose: the first and last time, and how often.

    Times of data received are hours, and `times` counts hours; tokens are counted one by one and end with the consent.
    """

    consumer: str
    name: str
    how: str
    first_at: datetime
    last_at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Consumer(Acted):
    """The same under one consent, and whether again after its end."""

    after_the_end: bool


Actors = Callable[[Sequence[int], str, datetime], Iterable[Acted]]
_actors: list[Actors] = []


def register_actors(find: Actors) -> None:
    """Let an upper floor answer who acted towards these customers (ids) for a purpose (its key) since an instant."""
    _actors.append(find)


def consumers_of(row: ConsentEvent, /) -> list[Consumer]:
    """Everybody who acted between the yes that this entry ended and the entry, or later; the latest first.

    Empty when there was no yes before. What was received may have served another purpose too: a person judges.
    """
    earlier = ConsentEvent.objects.filter(customer_id=row.customer_id, purpose_id=row.purpose_id, seq__lt=row.seq)
    given = earlier.filter(event__in=YES_EVENTS).order_by("-seq").first()
    if given is None:
        return []
    since = given.occurred_at
    found = [*_holders(row, since), *_receivers(row, since), *_ours(row, since)]
    return sorted(found, key=lambda one: one.last_at, reverse=True)


def _ours(row: ConsentEvent, since: datetime) -> list[Consumer]:
    """What we ourselves did under the consent."""
    told = [one for find in _actors for one in find(_ids(row), row.purpose.key, since)]
    return [Consumer(**asdict(one), after_the_end=one.last_at > row.occurred_at) for one in told]


def _ids(row: ConsentEvent) -> Sequence[int]:
    person = Customer.objects.filter(pk=row.customer_id).first()
    return all_ids(person) if person else []


def _holders(row: ConsentEvent, since: datetime) -> list[Consumer]:
    tokens = ConsentToken.objects.filter(customer_id=row.customer_id, purposes__contains=[row.purpose.key])
    groups = tokens.filter(issued_at__gte=since).values("issued_by").order_by("issued_by")
    rows = list(groups.annotate(first=Min("issued_at"), last=Max("issued_at"), times=Count("pk"))[:500])
    names = names_of({one["issued_by"] for one in rows})
    return [
        Consumer(
            consumer=one["issued_by"],
            name=names.get(one["issued_by"], one["issued_by"]),
            how=TOKENS,
            first_at=one["first"],
            last_at=one["last"],
            times=one["times"],
            after_the_end=one["last"] > row.occurred_at,
        )
        for one in rows
    ]


def _receivers(row: ConsentEvent, since: datetime) -> list[Consumer]:
    told = recipients_of(customer_ids=ids) if (ids := _ids(row)) else []
    hour = since.replace(minute=0, second=0, microsecond=0)
    return [
        Consumer(
            consumer=one.recipient,
            name=one.name,
            how=one.how,
            first_at=one.first_at,
            last_at=one.last_at,
            times=one.hours,
            after_the_end=one.last_at > row.occurred_at,
        )
        for one in told
        if one.last_at >= hour
    ]
