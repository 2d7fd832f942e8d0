"""Questions about customers: list, find by any reference, who absorbed whom, what changed since."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Coalesce, Lower

from core.errors import NotFound
from core.ids import is_public_id
from customers.models import Customer, CustomerQuerySet, CustomerTag, Identity, IdentityKind, Purchase, Status, Tag
from customers.rules.identity import BadIdentity, normalise
from customers.selectors.counts import exact_count


def list_customers(*, include_anonymous: bool = False, include_deleted: bool = False) -> CustomerQuerySet:
    """People we know; with visitors and tombstones (and absorbed visitors as tombstones) on demand."""
    if not include_anonymous and not include_deleted:
        return Customer.objects.known()
    if include_anonymous and include_deleted:
        return Customer.objects.all()
    return Customer.objects.alive() if include_anonymous else Customer.objects.filter(is_known=True)


def find_customer(*, reference: str, include_deleted: bool = False) -> Customer:
    """The customer named by `cus_...` or by external id; an absorbed visitor answers as who absorbed it.

    NotFound when there is none, or it is a tombstone and `include_deleted` is not set.
    """
    customer = _by_public_id(reference) or _by_external_id(reference)
    while customer and customer.merged_into_id and customer.status != Status.DELETED:
        customer = Customer.objects.filter(pk=customer.merged_into_id).first()
    if customer is None or (customer.status == Status.DELETED and not include_deleted):
        raise NotFound("There is no customer with this id.")
    return customer


def find_profile(*, reference: str) -> Customer:
    """The profile of this very name, also an absorbed one, which `find_customer` would follow; NotFound otherwise."""
    profile = _by_public_id(reference) or _by_external_id(reference)
    if profile is None or profile.status == Status.DELETED:
        raise NotFound("There is no customer with this id.")
    return profile


def _by_public_id(reference: str) -> Customer | None:
    return Customer.objects.filter(public_id=reference).first() if is_public_id(reference, "cus") else None


def _by_external_id(reference: str) -> Customer | None:
    try:
        value = normalise(IdentityKind.EXTERNAL_ID, reference)
    except BadIdentity:
        return None
    return Customer.objects.filter(external_id=value).first()


def find_by_identity(*, kind: str, value: str) -> Customer | None:
    """The living customer behind a normalised identifier, or None."""
    identity = Identity.objects.select_related("customer").filter(kind=kind, value=value).first()
    return identity.customer if identity else None


def ids_by_reference(references: Iterable[str]) -> dict[str, int]:
    """Database ids of living customers by the reference (`cus_...` or external id) that named them; two queries.

    A reference to somebody who was absorbed names who absorbed them.
    """
    wanted = set(references)
    there = Customer.objects.exclude(status=Status.DELETED).annotate(person=Coalesce("merged_into_id", "id"))
    found: dict[str, int] = dict(there.filter(public_id__in=wanted).values_list("public_id", "person"))
    by_external_id = there.filter(external_id__in=wanted - found.keys()).values_list("external_id", "person")
    return found | {str(external_id): pk for external_id, pk in by_external_id}


def absorbed_ids(customer_ids: Collection[int]) -> dict[int, list[int]]:
    """For each customer its own id and those of the visitors it absorbed: under all of them its facts are stored."""
    everything: dict[int, list[int]] = defaultdict(list)
    for pk in customer_ids:
        everything[pk].append(pk)
    rows = Customer.objects.filter(merged_into__in=customer_ids).order_by("id").values_list("merged_into_id", "id")
    for into, pk in rows:
        everything[int(into or 0)].append(pk)
    return dict(everything)


def all_ids(customer: Customer) -> list[int]:
    """The id of this customer and of every visitor it absorbed."""
    return absorbed_ids([customer.pk])[customer.pk]


def tag_names(customer: Customer) -> list[str]:
    """The customer's tags, sorted."""
    return list(CustomerTag.objects.filter(customer=customer).order_by("tag__name").values_list("tag__name", flat=True))


def list_identities(customer: Customer) -> QuerySet[Identity]:
    """The customer's identifiers, oldest first."""
    return Identity.objects.filter(customer=customer).order_by("created_at", "id")


def list_purchases(customer: Customer) -> QuerySet[Purchase]:
    """The customer's orders and refunds, newest first."""
    return Purchase.objects.filter(customer=customer).order_by("-purchased_at", "-id")


def tags_of(customer_ids: Collection[int]) -> dict[int, list[str]]:
    """Sorted tags of several customers; one query."""
    tags: dict[int, list[str]] = defaultdict(list)
    rows = CustomerTag.objects.filter(customer_id__in=customer_ids).order_by("tag__name")
    for pk, name in rows.values_list("customer_id", "tag__name"):
        tags[pk].append(name)
    return dict(tags)


def count_known() -> int:
    """How many people we know."""
    return exact_count(list_customers())


def matching_ids(text: str, *, by_prefix: bool) -> QuerySet[Any, Any]:
    """Ids of customers with exactly this id, or whose e-mail address or last name begins so; each by its index."""
    found = Q(public_id=text) | Q(external_id=text)
    if by_prefix:
        found |= Q(email__startswith=text.lower()) | Q(folded_last_name__startswith=text.lower())
    return Customer.objects.alias(folded_last_name=Lower("last_name")).filter(found).values("pk")


def list_tags(*, namespace: str = "") -> QuerySet[Tag]:
    """Every tag by name, or those of one namespace."""
    tags = Tag.objects.order_by("name", "id")
    return tags.filter(name__startswith=f"{namespace}:") if namespace else tags


def worn_by(tag_ids: Collection[int]) -> dict[int, int]:
    """How many customers have each of these tags; one query."""
    rows = CustomerTag.objects.filter(tag__in=tag_ids).values_list("tag_id").annotate(count=Count("id"))
    return dict(rows.order_by("tag_id"))


def worn_tags(customer: Customer) -> QuerySet[CustomerTag]:
    """What the customer has on: tag, who or which rule put it there, until when."""
    worn = CustomerTag.objects.filter(customer=customer).select_related("tag", "given_by__segment")
    return worn.order_by("tag__name")
