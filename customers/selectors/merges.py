"""Merges: those that wait, those that were made, and what one would do."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from core.errors import NotFound
from customers.models import Customer, Identity, Merge, MergeState, Purchase, Status
from customers.rules.merging import PROFILE_FIELDS, Choice, Objection, Profile, choices, over_limit
from customers.rules.sealed import opened
from customers.selectors.attributes import sensitive_keys
from customers.selectors.customers import tags_of


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one floor foresees: figures of both profiles by label, and the consent of the result by purpose."""

    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    consents: Sequence[Any] = ()


Preview = Callable[[Customer, Customer, Customer, datetime], Foreseen]
"""`preview(survivor, absorbed, result, now)`; `result` is the survivor as it would be, unsaved."""


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do: each field, figures of both, consent of the result, and what forbids it."""

    survivor: Customer
    absorbed: Customer
    choices: Sequence[Choice]
    counts: Mapping[str, tuple[int, int]]
    tags: tuple[Sequence[str], Sequence[str]]
    consents: Sequence[Any]
    objections: Sequence[Objection]


_previews: dict[str, Preview] = {}


def register_merge_preview(*, name: str, preview: Preview) -> None:
    """Let an upper floor say what it holds about both and what becomes of it."""
    _previews[name] = preview


def preview_merge(*, survivor: Customer, absorbed: Customer, now: datetime) -> MergePreview:
    """Nothing is changed; what the merge would do at `now`, in a fixed number of queries."""
    decided = choices(_profile(survivor), _profile(absorbed))
    result = copy(survivor)
    for choice in decided:
        if not choice.field.startswith("attributes."):
            setattr(result, choice.field, choice.result)
    pair = (survivor.pk, absorbed.pk)
    held = _identifiers(pair)
    counts = {
        "Identifiers": (sum(held[survivor.pk].values()), sum(held[absorbed.pk].values())),
        "Orders and refunds": _purchases(pair),
    }
    consents: list[Any] = []
    for preview in (_previews[name] for name in sorted(_previews)):
        foreseen = preview(survivor, absorbed, result, now)
        counts |= foreseen.counts
        consents += foreseen.consents
    tags = tags_of(pair)
    return MergePreview(
        survivor=survivor,
        absorbed=absorbed,
        choices=decided,
        counts=counts,
        tags=(tags.get(survivor.pk, []), tags.get(absorbed.pk, [])),
        consents=consents,
        objections=_objections(survivor, absorbed, held),
    )


def limited_fields(preview: MergePreview) -> set[str]:
    """The fields of a preview that are withheld, because one of the two limits the use of sensitive data."""
    if not (preview.survivor.sensitive_limited or preview.absorbed.sensitive_limited):
        return set()
    return {f"attributes.{key}" for key in sensitive_keys()}


def _profile(customer: Customer) -> Profile:
    values = {name: getattr(customer, name) for name in PROFILE_FIELDS}
    return Profile(
        key=customer.public_id, values=values, attributes=opened(customer.attributes), is_known=customer.is_known
    )


def _identifiers(pair: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {pk: {} for pk in pair}
    rows = Identity.objects.filter(customer__in=pair).values_list("customer_id", "kind").order_by("customer_id", "kind")
    for pk, kind, count in rows.annotate(count=Count("id")):
        found[pk][kind] = count
    return found


def _purchases(pair: Sequence[int]) -> tuple[int, int]:
    rows = Purchase.objects.filter(customer__in=pair).values_list("customer_id").annotate(count=Count("id"))
    found = dict(rows.order_by("customer_id"))
    return found.get(pair[0], 0), found.get(pair[1], 0)


def _objections(survivor: Customer, absorbed: Customer, held: Mapping[int, Mapping[str, int]]) -> list[Objection]:
    found = []
    if survivor.pk == absorbed.pk:
        found.append(Objection("same_customer", "Both names lead to the same customer."))
    if any(row.status == Status.DELETED or row.merged_into_id for row in (survivor, absorbed)):
        found.append(Objection("gone", "One of the two is deleted or already part of another customer."))
    sentence = over_limit([held[survivor.pk], held[absorbed.pk]], settings.IDENTITY_LIMITS)
    return [*found, Objection("identifier_limit", sentence)] if sentence else found


def list_merges() -> QuerySet[Merge]:
    """Every merge and every wish for one, newest first, with both customers."""
    return Merge.objects.select_related("survivor", "absorbed").order_by("-created_at", "-id")


def find_merge(*, public_id: str) -> Merge:
    """The merge `mrg_...`; NotFound otherwise."""
    merge = list_merges().filter(public_id=public_id).first()
    if merge is None:
        raise NotFound("There is no merge with this id.")
    return merge


def merges_of(customer: Customer) -> QuerySet[Merge]:
    """The merges that this customer was part of on either side, newest first."""
    return list_merges().filter(Q(survivor=customer) | Q(absorbed=customer))


def count_waiting() -> int:
    """How many merges wait for their second person."""
    return Merge.objects.filter(state=MergeState.REQUESTED).count()


def may_undo(merge: Merge, now: datetime) -> bool:
    """Whether the merge is done and still within its days."""
    return merge.state == MergeState.DONE and merge.undo_until is not None and merge.undo_until > now
