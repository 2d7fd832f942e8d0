"""Privacy requests at each station of their way."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from consent.models import DataRequest, RequestStep
from consent.rules.requests import Kind
from consent.selectors.redactions import others_found
from consent.services.redactions import take_out
from consent.services.request_decisions import approve_request
from consent.services.request_steps import run_step
from consent.services.requests import NewRequest, open_request, verify_request
from core.actors import Actor, ActorKind
from customers.models import Customer, Identity
from tests.factories.consent import make_person

ONE = Actor(kind=ActorKind.STAFF, id="usr_one", label="Mara Fox")
TWO = Actor(kind=ActorKind.STAFF, id="usr_two", label="Leo Brandt")


def make_subject(email: str = "jane.silva@example.com", **facts: Any) -> Customer:
    """A German customer with an e-mail address and consent on record."""
    person = make_person(email=email, first_name="Jane", **facts)
    Identity.objects.create(customer=person, kind="email", value=email)
    return person


def make_request(kind: str = Kind.ACCESS, now: datetime | None = None, **facts: Any) -> DataRequest:
    """A request that has just come in, from Germany unless told otherwise."""
    known = {"channel": "email", "contact": "jane.silva@example.com", "place": "DE"}
    return open_request(new=NewRequest(kind=kind, **(known | facts)), by=ONE, now=now or timezone.now())


def work(request: DataRequest, now: datetime | None = None, rounds: int = 8) -> DataRequest:
    """Run every task whose turn comes, as the workers do."""
    at = now or timezone.now()
    for _ in range(rounds):
        open_ones = RequestStep.objects.filter(request=request, state__in=("waiting", "failed"))
        for pk in open_ones.order_by("order").values_list("pk", flat=True):
            run_step(step_id=pk, now=at)
        at += timedelta(hours=2)
    return DataRequest.objects.get(pk=request.pk)


def make_reviewed(kind: str = Kind.ACCESS, now: datetime | None = None, **facts: Any) -> DataRequest:
    """A request whose requester is known and whose data is collected."""
    at = now or timezone.now()
    request = make_request(kind, at, **facts)
    verify_request(request=request, how="account sign-in", by=ONE, now=at)
    return work(request, at)


def request_example() -> dict[str, str]:
    """The address of a request that waits for review."""
    make_subject(f"jane.silva{DataRequest.objects.count()}@example.com")
    return {"public_id": make_reviewed(contact=f"jane.silva{DataRequest.objects.count()}@example.com").public_id}


def package_example() -> dict[str, str]:
    """The address of a request whose package is built."""
    address = request_example()
    request = DataRequest.objects.get(**address)
    work(approve_request(request=request, by=ONE, now=timezone.now()))
    return address


def request_task_example() -> dict[str, Any]:
    """The address of a task of a request."""
    address = request_example()
    step = RequestStep.objects.filter(request__public_id=address["public_id"]).earliest("pk")
    return address | {"pk": step.pk}


def redaction_example() -> dict[str, Any]:
    """The address of a decision to take a text out of a package."""
    address = request_example()
    request = DataRequest.objects.get(**address)
    decision = take_out(request=request, text="Tara Doe", reason="A neighbour", by=ONE, now=timezone.now())
    return address | {"pk": decision.pk}


def other_example() -> dict[str, Any]:
    """The address of somebody else's address found in what was collected."""
    address = f"jane.other{DataRequest.objects.count()}@example.com"
    make_subject(address, attributes={"note": "ask tara.doe@example.com"})
    request = make_reviewed(contact=address)
    return {"public_id": request.public_id, "text_hash": others_found(request)[0].text_hash}


__all__ = [
    "ONE",
    "TWO",
    "make_request",
    "make_reviewed",
    "make_subject",
    "other_example",
    "package_example",
    "redaction_example",
    "request_example",
    "request_task_example",
    "work",
]
