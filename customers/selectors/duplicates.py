"""The review queue of pairs that may be one person, and what the finder compares."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from core.errors import NotFound
from core.models import Job
from customers.models import Customer, DuplicatePair, PairState, Status
from customers.rules.matching import LARGEST_BLOCK, Person, person_of

KIND: Final = "duplicates.scan"
MOST_COUNTED: Final = 10_000
_COLUMNS: Final = ("pk", "first_name", "last_name", "birth_date", "email", "phone", "region", "country", "attributes")
_PLACE_KEYS: Final = ("street", "city", "postcode")
# Blocks beyond LARGEST_BLOCK say nothing and would cost the square of their size.
_PARTNERS: Final = """
SELECT DISTINCT mine.customer_id, theirs.customer_id
FROM customers_matchkey AS mine
JOIN LATERAL (
    SELECT count(*) AS size FROM (
        SELECT FROM customers_matchkey AS b WHERE b.key = mine.key LIMIT %(largest)s + 1
    ) AS capped
) AS block ON block.size <= %(largest)s
JOIN customers_matchkey AS theirs ON theirs.key = mine.key AND theirs.customer_id <> mine.customer_id
WHERE mine.customer_id = ANY(%(ids)s)
"""


def list_pairs() -> QuerySet[DuplicatePair]:
    """Pairs of living profiles, the likeliest first, with both."""
    alive = Q(left__merged_into__isnull=True, right__merged_into__isnull=True)
    gone = Q(left__status=Status.DELETED) | Q(right__status=Status.DELETED)
    pairs = DuplicatePair.objects.filter(alive).exclude(gone).select_related("left", "right")
    return pairs.order_by("-score", "-id")


def find_pair(*, public_id: str) -> DuplicatePair:
    """The pair `dup_...`; NotFound otherwise, also when the two are one by now."""
    pair = list_pairs().filter(public_id=public_id).first()
    if pair is None:
        raise NotFound("There is no pair with this id; perhaps the two are merged by now.")
    return pair


def count_open(*, limit: int = MOST_COUNTED) -> int:
    """How many pairs wait for a person, at most `limit`: beyond that a menu needs no exact figure.

    So it costs the same in a queue of a million: profiles are looked up until there are enough pairs of living ones.
    """
    return list_pairs().filter(state=PairState.OPEN).order_by()[:limit].count()


def last_scan() -> Job | None:
    """The newest scan, or None."""
    return Job.objects.filter(kind=KIND).order_by("-created_at", "-id").first()


def read_people(customer_ids: Collection[int]) -> dict[int, Person]:
    """What is compared of these customers; one query. Sealed attributes stay sealed and are not compared."""
    rows = Customer.objects.known().filter(pk__in=customer_ids).order_by("pk").values(*_COLUMNS)
    return {row["pk"]: _person(row) for row in rows}


def _person(row: dict[str, object]) -> Person:
    attributes = row["attributes"] if isinstance(row["attributes"], dict) else {}
    born = row["birth_date"]
    values = {name: str(row[name] or "") for name in ("first_name", "last_name", "email", "phone")}
    values |= {key: str(attributes.get(key, "")) for key in _PLACE_KEYS if not isinstance(attributes.get(key), dict)}
    values["birth_date"] = str(born).replace("-", "") if born else ""
    values["region"] = str(row["region"] or row["country"] or "")
    return person_of(values)


def partners_of(customer_ids: Sequence[int]) -> dict[int, set[int]]:
    """With whom each of these customers shares a key, blocks of more than LARGEST_BLOCK people apart."""
    found: dict[int, set[int]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_PARTNERS, {"ids": list(customer_ids), "largest": LARGEST_BLOCK})
        for mine, theirs in cursor.fetchall():
            found[mine].add(theirs)
    return dict(found)
