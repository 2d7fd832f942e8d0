"""Predictions: whom rows mean and why they may not be about her, what stands, which models there are."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.core.cache import cache
from django.db.models import Count, QuerySet
from redis.exceptions import RedisError

from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.marks import why_left_alone
from consent.selectors.profiling import said_no_to_profiling
from core.errors import DomainError, Forbidden, NotFound
from customers.models import Customer
from customers.selectors.customers import find_customer, ids_by_reference
from engagement.models import Prediction, PredictionModel

COUNT_SECONDS: Final = 60


class Named(NamedTuple):
    """The customer whom a row means, or why nothing may be stored about her."""

    pk: int
    public_id: str
    refusal: DomainError | None


def people_named(references: Collection[str]) -> dict[str, Named]:
    """By reference (`cus_...` or external id) who is meant; unknown ones are missing. At most six queries."""
    found = ids_by_reference(reference for reference in references if reference.isprintable())
    rows = Customer.objects.alive().filter(pk__in=found.values()).values_list("pk", "public_id", "consent_mask")
    people = {pk: (public_id, mask) for pk, public_id, mask in rows}
    alone = why_left_alone({pk for pk, (_, mask) in people.items() if not mask & 1 << SERVICE_BIT})
    no = said_no_to_profiling(people)
    return {
        reference: Named(pk, people[pk][0], _refusal(alone.get(pk, ""), said_no=pk in no))
        for reference, pk in found.items()
        if pk in people
    }


def _refusal(left_alone: str, *, said_no: bool) -> DomainError | None:
    if left_alone == "restricted":
        return Forbidden("The data of this customer may only be kept (GDPR Art. 18).", code="restricted")
    if left_alone:
        return Forbidden("This customer is on the suppression list.", code="suppressed")
    if said_no:
        message = "This customer said no to profiling and automated decisions (GDPR Art. 21(1), 22(1))."
        return Forbidden(message, code="profiling_refused")
    return None


def unknown_customer() -> DomainError:
    """The refusal for a reference that names nobody."""
    return NotFound("There is no customer with this id.")


def find_prediction(*, model: str, reference: str) -> tuple[Customer, Prediction]:
    """The customer and what the model said about her last, also after it expired; NotFound otherwise."""
    customer = find_customer(reference=reference)
    rows = Prediction.objects.filter(customer=customer, model__slug=model).select_related("model")
    row = rows.first()
    if row is None:
        raise NotFound("This model has said nothing about this customer.")
    return customer, row


def predictions_of(customer: Customer) -> list[Prediction]:
    """What every model said about a customer, by name of the model."""
    return list(Prediction.objects.filter(customer=customer).select_related("model").order_by("model__slug"))


def profiling_allowed(customer: Customer) -> bool:
    """Whether predictions about a customer may count: nothing is in the way of use, and she did not say no."""
    return bool(customer.consent_mask & 1 << SERVICE_BIT) and not said_no_to_profiling([customer.pk])


def standing_between(*, model_ids: Collection[int], customer_ids: Collection[int]) -> dict[tuple[int, int], Prediction]:
    """What stands, by model and customer; one query."""
    rows = Prediction.objects.filter(model__in=model_ids, customer__in=customer_ids)
    return {(row.model_id, row.customer_id): row for row in rows}


def list_models() -> QuerySet[PredictionModel]:
    """Every model, newest first."""
    return PredictionModel.objects.order_by("-registered_at", "-id")


class Use(NamedTuple):
    """How a model is used: people it says something about, its newest score, its newest version."""

    people: int
    scored_at: datetime | None
    version: str


def use_of(model: PredictionModel) -> Use:
    """The figures of a model, at most a minute old."""
    try:
        return cache.get_or_set(f"prediction-model:{model.pk}", lambda: _counted(model), COUNT_SECONDS) or Use(
            0, None, ""
        )
    except RedisError:
        return _counted(model)


def _counted(model: PredictionModel) -> Use:
    rows = Prediction.objects.filter(model=model)
    newest = rows.order_by("-scored_at").values_list("scored_at", "model_version").first()
    return Use(rows.aggregate(people=Count("customer_id"))["people"], *(newest or (None, "")))


def collect_predictions(customer_ids: Sequence[int], /) -> Iterator[dict[str, Any]]:
    """Every prediction about these customers in plain words (GDPR Art. 15(1)(h))."""
    rows = Prediction.objects.filter(customer_id__in=customer_ids).select_related("model")
    for row in rows.order_by("customer_id", "model__slug").iterator(chunk_size=2_000):
        yield {
            "model": row.model.slug,
            "score": f"{row.score.normalize():f}",
            "label": row.label,
            "model_version": row.model_version,
            "scored_at": row.scored_at.isoformat(),
            "expires_at": row.expires_at.isoformat(),
            "written_by": row.written_by,
        }
