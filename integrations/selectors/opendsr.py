"""What controllers may learn of their own requests by OpenDSR 2.0."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from consent.models import DataRequest
from consent.rules.callbacks import AT_ONCE, CALLED_FOR, is_due, mark_of_body
from consent.rules.requests import State, needs_identity, needs_package, told_state
from consent.selectors.requests import opened, package_of
from core.errors import NotFound
from customers.models import Identity, IdentityKind
from integrations.models import ApiClient
from integrations.rules.opendsr import CONTROLLER_ID, DIGESTS, EMAIL, KINDS, SUPPORTED, VERSION, digest_of, status_of

WAITING: Final = "digests"
"""Under which name a request keeps the digests by which its person is still to be found."""
AT_A_TIME: Final = 20_000
_KINDS: Final = {EMAIL: IdentityKind.EMAIL, CONTROLLER_ID: IdentityKind.EXTERNAL_ID}
Digest = tuple[str, str, str]
"""Kind, format and digits."""


def processor_domain() -> str:
    """The domain that requests are received at, and that the certificate names."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def request_of_controller(*, controller: str, subject_request_id: str) -> DataRequest:
    """A request that this client (public id) sent; NotFound for every other, whether it exists or not."""
    try:
        number = str(UUID(subject_request_id))
    except ValueError:
        number = ""
    row = DataRequest.objects.filter(controller=controller, agent_message=number).first() if number else None
    if row is None:
        raise NotFound("You sent no request of this id.")
    return row


def status_now(request: DataRequest, /) -> str:
    """The status of the protocol."""
    unknown = needs_identity(request.kind) and request.verified_at is None
    return status_of(state=request.state, identity_open=unknown)


def discovery_answer(*, kid: str) -> dict[str, Any]:
    """What is supported here (section 6), and where the certificate of the key that signs now is."""
    certificate = reverse("opendsr-certificate", args=[kid])
    return {
        "api_version": VERSION,
        "supported_identities": [{"identity_type": kind, "identity_format": form} for kind, form in SUPPORTED],
        "supported_subject_request_types": list(KINDS),
        "processor_certificate": f"{settings.PUBLIC_URL}{certificate}",
    }


def received_answer(row: DataRequest, /, *, encoded_request: str) -> dict[str, Any]:
    """The receipt (section 7.3)."""
    return {
        "controller_id": row.controller,
        "expected_completion_time": _expected(row),
        "received_time": stamp(row.created_at),
        "encoded_request": encoded_request,
        "subject_request_id": row.agent_message,
    }


def status_answer(row: DataRequest, /) -> dict[str, Any]:
    """Where the request stands (section 8.3), and in an extension by what name the desk knows it.

    `results_url` opens for a client with the scope privacy:fulfil, as long as the package is kept.
    """
    answer = {
        "controller_id": row.controller,
        "expected_completion_time": _expected(row),
        "subject_request_id": row.agent_message,
        "request_status": status_now(row),
        "api_version": VERSION,
        "extensions": {processor_domain(): {"request_id": row.public_id, "state": told_state(row.state)}},
    }
    results = _results(row)
    return answer | {"results_url": results} if results else answer


def cancelled_answer(row: DataRequest, /, *, now: datetime) -> dict[str, Any]:
    """The receipt of a cancellation (section 9.2)."""
    return {
        "controller_id": row.controller,
        "subject_request_id": row.agent_message,
        "received_time": stamp(now),
        "api_version": VERSION,
    }


@dataclass(frozen=True, slots=True)
class ControllerCall:
    """A call that a controller waits for: where to, what to tell, and the mark by which this status is known."""

    request_id: int
    url: str
    body: bytes
    mark: str


def due_controller_calls(*, now: datetime) -> list[ControllerCall]:
    """What addresses of controllers have not been told, the oldest request first; at most AT_ONCE.

    Left are requests closed more than a week ago, statuses that could not be told in ATTEMPTS calls, and clients that
    are disabled.
    """
    clients = ApiClient.objects.filter(disabled_at=None).values("public_id")
    rows = DataRequest.objects.filter(controller__in=clients).exclude(Q(controller="") | Q(agent_facts__callbacks=[]))
    recent = rows.filter(Q(closed_at=None) | Q(closed_at__gt=now - CALLED_FOR)).order_by("pk")
    found: list[ControllerCall] = []
    for row in recent.iterator(chunk_size=500):
        found += _due_of(row)
        if len(found) >= AT_ONCE:
            break
    return found[:AT_ONCE]


def digests_waiting() -> dict[int, list[Digest]]:
    """The digests by which people are still to be found, by request; an address before a number."""
    rows = DataRequest.objects.exclude(controller="").filter(agent_facts__has_key=WAITING).order_by("pk")
    found = {pk: json.loads(opened(facts[WAITING])) for pk, facts in rows.values_list("pk", "agent_facts")}
    return {pk: [(kind, form, digits) for kind, form, digits in named] for pk, named in found.items()}


def owners_of(digests: Collection[Digest], /) -> dict[Digest, int]:
    """Whose identifiers have these digests, by row id of the customer: one walk over the identifiers of these kinds.

    There is no index by digest: four of them would make every new identifier dearer, for something asked now and then.
    """
    found = dict[Digest, int]()
    for kind in {kind for kind, _, _ in digests}:
        forms = [form for form in DIGESTS if any(one[:2] == (kind, form) for one in digests)]
        wanted, after = frozenset(digests), 0
        while rows := _identifiers(_KINDS[kind], after):
            for _, value, owner in rows:
                names = ((kind, form, digest_of(value, form)) for form in forms)
                found |= {name: owner for name in names if name in wanted}
            after = rows[-1][0]
    return found


def _identifiers(kind: str, after: int) -> list[tuple[int, str, int]]:
    rows = Identity.objects.filter(kind=kind, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", "value", "customer_id")[:AT_A_TIME])


def status_mark(row: DataRequest, /) -> str:
    """By what the status of this request as it is now is known again."""
    return mark_of_body(json.dumps(_called(row)).encode())


def stamp(at: datetime) -> str:
    """RFC 3339, in UTC."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _due_of(row: DataRequest) -> list[ControllerCall]:
    told, mark, calls = _called(row), status_mark(row), row.agent_facts.get("calls", {})
    return [
        ControllerCall(row.pk, url, json.dumps(told | {"status_callback_url": url}).encode(), mark)
        for url in row.agent_facts["callbacks"]
        if is_due(calls.get(url, {}), mark)
    ]


def _called(row: DataRequest) -> dict[str, Any]:
    """What a call tells (section 8.6), but for the address that is called."""
    return {name: value for name, value in status_answer(row).items() if name not in ("api_version", "extensions")}


def _expected(request: DataRequest) -> str:
    return f"{request.law_due.isoformat()}T00:00:00Z"


def _results(request: DataRequest) -> str:
    if request.state != State.DELIVERED or not needs_package(request.kind):
        return ""
    package = package_of(request)
    kept = package is not None and package.removed_at is None
    return f"{settings.PUBLIC_URL}/api/v1/privacy-requests/{request.public_id}/export" if kept else ""
