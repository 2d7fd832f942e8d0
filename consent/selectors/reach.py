"""How many people each channel reaches."""

from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.db.models import Count, F, Q
from redis.exceptions import RedisError

from consent.rules.vocabulary import Purpose
from consent.selectors.catalogue import catalogue
from customers.models import Customer, Status

_KEY: Final = "consent.reach"
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Reach:
    """All active people we know, and by purpose name how many of them may be marketed to."""

    total: int
    by_purpose: tuple[tuple[str, int], ...]


def count_reach() -> Reach:
    """One pass over the customers, at most a minute old while Redis is there."""
    try:
        return cache.get_or_set(_KEY, _count, _SECONDS) or _count()
    except RedisError:
        return _count()


def _count() -> Reach:
    uses = [use for use in catalogue().uses.values() if use.kind is Purpose.MARKETING]
    people = Customer.objects.known().filter(status=Status.ACTIVE)
    bits = {f"bit_{use.bit}": F("consent_mask").bitand(use.mask) for use in uses}
    counts = {f"n_{use.bit}": Count("pk", filter=Q(**{f"bit_{use.bit}__gt": 0})) for use in uses}
    found = people.alias(**bits).aggregate(total=Count("pk"), **counts)
    return Reach(found["total"], tuple((use.name, found[f"n_{use.bit}"]) for use in uses))
