"""Putting tags on customers and taking them off; any number of customers in a fixed number of statements."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from django.db import connection, transaction

from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidInput, NotFound
from customers.models import Customer, CustomerTag, Tag, TagColour, TagOrigin, TagRule
from customers.rules.tags import SHAPE, UNFIT
from customers.services.profiles import refusal_of, sensitive_problems

MAX_TAGS: Final = 200
EXPIRED_AT_ONCE: Final = 2_000
_SHAPE: Final = re.compile(rf"[^{UNFIT}\ud800-\udfff,]{{1,100}}")


@dataclass(frozen=True, slots=True)
class TagChange:
    """What a call did to one customer."""

    customer_id: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def clean_tags(*, names: Iterable[object]) -> list[str]:
    """Distinct names in their order, trimmed; InvalidInput for one that is empty, too long or unprintable."""
    clean: dict[str, None] = {}
    for index, name in enumerate(names):
        text = name.strip() if isinstance(name, str) else ""
        if not _SHAPE.fullmatch(text):
            raise InvalidInput(f"Invalid 'tags': {SHAPE}", param=f"tags[{index}]")
        clean[text] = None
    problems = sensitive_problems(value={"tags": list(clean)})
    if problems:
        raise refusal_of(problems=problems)
    if len(clean) > MAX_TAGS:
        raise InvalidInput(f"Invalid 'tags': at most {MAX_TAGS} tags.", param="tags")
    return list(clean)


def replace_tags(
    *, customer: Customer, tags: Iterable[object], origin: TagOrigin, by: Actor, now: datetime
) -> TagChange:
    """The customer has exactly these tags; kept ones keep their origin and date."""
    names = clean_tags(names=tags)
    with transaction.atomic():
        _lock([customer.pk])
        removed = _remove([customer.pk], None, keep=names)
        changes = _done(_add([(customer.pk, name) for name in names], origin, now), removed, by, now)
    return changes.get(customer.pk, TagChange(customer.pk))


def change_tags(
    *,
    customer_ids: Collection[int],
    add: Iterable[object] = (),
    remove: Iterable[object] = (),
    origin: TagOrigin,
    by: Actor,
    now: datetime,
    audited: bool = True,
    expires_at: datetime | None = None,
) -> dict[int, TagChange]:
    """These customers have the tags of `add` and not those of `remove`; changes by customer that had any.

    With `expires_at`, which lies ahead, the tags of `add` come off by themselves then, also where they were on before;
    without it an expiry that a tag has stays.
    """
    to_add, to_remove = clean_tags(names=add), clean_tags(names=remove)
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("Invalid 'expires_at': a tag cannot have run out before it is put on.", param="expires_at")
    with transaction.atomic():
        _lock(customer_ids)
        removed = _remove(customer_ids, to_remove)
        added = _add([(pk, name) for pk in customer_ids for name in to_add], origin, now)
        _claim(customer_ids, to_add, origin)
        if expires_at is not None:
            put = CustomerTag.objects.filter(customer__in=customer_ids, tag__name__in=to_add)
            put.update(expires_at=expires_at)
        return _done(added, removed, by, now, audited)


@transaction.atomic
def settle_rule_tags(*, rule: TagRule, give: Collection[int], take: Collection[int], by: Actor, now: datetime) -> int:
    """Those of `give` have the tag of the rule, those of `take` not if it was the rule that gave it; how many changed.

    Tags that others put on stay as they are, on and off.
    """
    _lock({*give, *take})
    mine = CustomerTag.objects.filter(given_by=rule, customer__in=take)
    removed = [(pk, rule.tag.name) for pk in mine.order_by("customer").values_list("customer_id", flat=True)]
    mine.delete()
    added = _add([(pk, rule.tag.name) for pk in give], TagOrigin.RULE, now, given_by=rule.pk)
    return len(_done(added, removed, by, now, audited=False))


@transaction.atomic
def expire_tags(*, by: Actor, now: datetime) -> int:
    """Tags whose time has come are off, as if somebody had taken them off; how many of at most 2,000."""
    due = CustomerTag.objects.filter(expires_at__lte=now).order_by("expires_at", "pk")
    rows = list(due.values_list("pk", "customer_id")[:EXPIRED_AT_ONCE])
    _lock({customer for _, customer in rows})
    still = CustomerTag.objects.filter(pk__in=[pk for pk, _ in rows], expires_at__lte=now)
    removed = list(still.order_by("pk").values_list("customer_id", "tag__name"))
    still.delete()
    _done([], removed, by, now)
    return len(removed)


@transaction.atomic
def colour_tag(*, name: str, colour: str, by: Actor, now: datetime) -> Tag:
    """The tag has this colour in the console; NotFound for an unknown tag, InvalidInput for an unknown colour."""
    tag = Tag.objects.select_for_update().filter(name=name).first()
    if tag is None:
        raise NotFound("There is no tag of this name.")
    if colour not in TagColour.values:
        raise InvalidInput(f"Invalid 'colour': choose from {', '.join(TagColour.values)}.", param="colour")
    if tag.colour != colour:
        audit.record(by=by, action="tag.changed", target=f"tag:{tag.pk}", changes={"colour": [tag.colour, colour]})
        tag.colour = colour
        tag.save(update_fields=["colour"])
    return tag


def _lock(customer_ids: Collection[int]) -> None:
    list(Customer.objects.select_for_update().filter(pk__in=customer_ids).order_by("pk").values_list("pk"))


def put_tags(
    *, pairs: Sequence[tuple[int, str]], origin: TagOrigin, by: Actor, now: datetime, audited: bool = True
) -> dict[int, TagChange]:
    """Each customer has the (clean) tag beside its id; for files, whose rows have tags of their own."""
    with transaction.atomic():
        _lock({pk for pk, _ in pairs})
        return _done(_add(pairs, origin, now), [], by, now, audited)


def _claim(customer_ids: Collection[int], names: list[str], origin: TagOrigin) -> None:
    """What a rule gave and somebody now puts on expressly is no longer the rule's to take off."""
    if names:
        given = CustomerTag.objects.filter(customer__in=customer_ids, tag__name__in=names, given_by__isnull=False)
        given.update(given_by=None, origin=origin)


def _add(
    pairs: Sequence[tuple[int, str]], origin: TagOrigin, now: datetime, given_by: int | None = None
) -> list[tuple[int, str]]:
    if not pairs:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_tag (name, created_at) SELECT name, %s FROM unnest(%s::text[]) AS asked(name)"
            " WHERE NOT EXISTS (SELECT FROM customers_tag AS t WHERE t.name = asked.name)"
            " ORDER BY name ON CONFLICT (name) DO NOTHING",
            [now, sorted({name for _, name in pairs})],
        )
        cursor.execute(
            "WITH put AS (INSERT INTO customers_customertag (customer_id, tag_id, origin, created_at, given_by_id)"
            " SELECT DISTINCT (asked.pair ->> 0)::bigint AS customer_id, t.id AS tag_id, %s, %s::timestamptz,"
            " %s::bigint"
            " FROM jsonb_array_elements(%s::jsonb) AS asked(pair) JOIN customers_tag AS t ON t.name = asked.pair ->> 1"
            " ORDER BY customer_id, tag_id"
            " ON CONFLICT (customer_id, tag_id) DO NOTHING RETURNING customer_id, tag_id)"
            " SELECT put.customer_id, t.name FROM put JOIN customers_tag AS t ON t.id = put.tag_id",
            [origin.value, now, given_by, msgspec.json.encode(pairs).decode()],
        )
        return list(cursor.fetchall())


def _remove(
    customer_ids: Collection[int], names: list[str] | None, keep: list[str] | None = None
) -> list[tuple[int, str]]:
    """Take the named tags off, or all but those of `keep`."""
    if names == []:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_customertag AS ct USING customers_tag AS t"
            " WHERE ct.customer_id = ANY(%s) AND t.id = ct.tag_id AND (t.name = ANY(%s)) = %s"
            " RETURNING ct.customer_id, t.name",
            [list(customer_ids), keep if names is None else names, names is not None],
        )
        return list(cursor.fetchall())


def _done(
    added: list[tuple[int, str]], removed: list[tuple[int, str]], by: Actor, now: datetime, audited: bool = True
) -> dict[int, TagChange]:
    put, taken = _by_customer(added), _by_customer(removed)
    changes = {pk: TagChange(pk, put.get(pk, ()), taken.get(pk, ())) for pk in put.keys() | taken.keys()}
    Customer.objects.filter(pk__in=changes).update(updated_at=now)
    _tell(changes, by, audited)
    return changes


def _by_customer(pairs: list[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    names: dict[int, list[str]] = defaultdict(list)
    for pk, name in pairs:
        names[pk].append(name)
    return {pk: tuple(sorted(found)) for pk, found in names.items()}


def _tell(changes: dict[int, TagChange], by: Actor, audited: bool) -> None:
    names = dict(Customer.objects.filter(pk__in=changes).values_list("pk", "public_id"))
    facts, deeds = [], []
    for pk, change in changes.items():
        for topic, tags in (("customer.tag_added", change.added), ("customer.tag_removed", change.removed)):
            if tags:
                facts.append(outbox.Fact(topic=topic, subject=names[pk], payload={"tags": list(tags)}))
                deeds.append(audit.Deed(action=topic, target=names[pk], changes={"tags": [[], list(tags)]}))
    outbox.publish_many(facts)
    if audited:
        audit.record_many(by=by, deeds=deeds)
