"""/consent/{userId}, /consent/visitors/{anonymousId}, /consent/history/{userId} and /consents."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import (
    ConsentBatchAnswerSerializer,
    ConsentSerializer,
    CursorSerializer,
    HistoryEntrySerializer,
    RecordedSerializer,
    data_of,
)
from consent.api.bodies import recorded_body
from consent.api.requests import PEOPLE, checked, checked_or_refused, in_camel_case, instant, item_error
from consent.api.serializers import (
    BatchShapeSerializer,
    ConsentBatchSerializer,
    ConsentRecordSerializer,
    NamedRecordSerializer,
    entries_of,
    named_of,
)
from consent.models import ConsentEvent
from consent.selectors.answers import consent_answer, history_answer
from consent.selectors.ledger import history_of
from consent.services.batches import MAX_BATCH, NamedEntries, NamedResult, record_named
from core.api.conditional import etag_of
from core.api.gpc import Name, gpc_on, names_in
from core.api.views import ApiView, apply_filters
from core.errors import DomainError, InvalidInput, NotFound
from customers.models import Customer, IdentityKind
from customers.selectors.customers import all_ids, find_by_identity, find_customer
from customers.services.identities import normalised
from customers.services.telling import tell

TAG = ["Consent"]
PAST = [
    OpenApiParameter("at", str, description="Ask the past: an instant with an offset."),
    OpenApiParameter("region", str, description="Ask what would hold there: ISO 3166-1 or -2."),
]


_VERSIONED: Final = ("customerId", "region", "gpcFirstSeenAt", "sensitiveUseLimited")
"""What an ETag of somebody's consent rests on, beside the purposes."""


class ConsentView(ApiView):
    """What the addresses of one person share."""

    abstract = True

    def consent_of(self, customer: Customer) -> Response:
        """Every purpose with its answer, at `at` and in `region` when the query asks so."""
        request = self.request._request
        apply_filters(request.GET, ConsentEvent.objects.none(), None, also=frozenset({"at", "region"}))
        now = timezone.now()
        tell(
            to=str(self.actor), way="consent.record", kinds=("consent",), customer_ids=[customer.pk], now=timezone.now()
        )
        at = instant(request, "at")
        body = consent_answer(customer=customer, at=at or now, known_at=now, place=request.GET.get("region"))
        version = [purpose | {"name": ""} for purpose in body["purposes"]]
        return self.tagged(body, etag_of(*(body[name] for name in _VERSIONED), version))

    def record(self, person: NamedEntries, token: bool) -> Response:
        """Record one person's entries: 201, or 200 when they only repeat what is on record.

        A refusal is answered, not raised: it must not undo a signal that the same request carried.
        """
        now, gpc = timezone.now(), gpc_on(self.request._request)
        result = record_named(people=[person], by=self.actor, now=now, gpc=gpc, tokens=token)[0]
        if isinstance(result, DomainError):
            return self.handle_exception(in_camel_case(result))
        new = any(outcome.recorded for outcome in result.recorded.outcomes)
        return Response(recorded_body(result), status=201 if new else 200)


class Consent(ConsentView):
    """GET and POST /api/v1/consent/{userId}."""

    scopes = {"get": "consent:read", "post": "consent:write"}

    @extend_schema(
        operation_id="getConsent", summary="Consent of a person", parameters=PAST, responses=ConsentSerializer, tags=TAG
    )
    def get(self, request: Request, user_id: str) -> Response:
        """Every purpose: the state, whether we may process, why, and what proves it."""
        return self.consent_of(find_customer(reference=user_id))

    @extend_schema(
        operation_id="recordConsent",
        summary="Record consent of a person",
        request=ConsentRecordSerializer,
        responses={201: RecordedSerializer, 200: RecordedSerializer},
        tags=TAG,
    )
    def post(self, request: Request, user_id: str) -> Response:
        """Append 1 to 50 entries to the ledger; all or none. Answers with a consent token for what is now allowed."""
        data = checked(ConsentRecordSerializer(data=request.data))
        person = NamedEntries(user_id=user_id, place=data.get("region", ""), entries=entries_of(data))
        return self.record(person, data["token"])


class VisitorConsent(ConsentView):
    """GET and POST /api/v1/consent/visitors/{anonymousId}."""

    scopes = {"get": "consent:read", "post": "consent:write"}

    @extend_schema(
        operation_id="getVisitorConsent",
        summary="Consent of a visitor",
        parameters=PAST,
        responses=ConsentSerializer,
        tags=TAG,
    )
    def get(self, request: Request, anonymous_id: str) -> Response:
        """As for a customer; 404 for a visitor never seen."""
        kind, value = normalised(kind=IdentityKind.ANONYMOUS_ID, value=anonymous_id)
        customer = find_by_identity(kind=kind, value=value)
        if customer is None:
            raise NotFound("There is no visitor with this id.")
        return self.consent_of(customer)

    @extend_schema(
        operation_id="recordVisitorConsent",
        summary="Record consent of a visitor",
        request=ConsentRecordSerializer,
        responses={201: RecordedSerializer, 200: RecordedSerializer},
        tags=TAG,
    )
    def post(self, request: Request, anonymous_id: str) -> Response:
        """As for a customer; a visitor we have not met is created."""
        data = checked(ConsentRecordSerializer(data=request.data))
        person = NamedEntries(anonymous_id=anonymous_id, place=data.get("region", ""), entries=entries_of(data))
        return self.record(person, data["token"])


class ConsentHistory(ApiView):
    """GET /api/v1/consent/history/{userId}."""

    scopes = {"get": "consent:read"}
    sort_fields = ("recorded_at",)
    default_sort = "-recorded_at"

    @extend_schema(
        operation_id="listConsentHistory",
        summary="Ledger of a person",
        responses=data_of("ConsentHistory", HistoryEntrySerializer, pagination=CursorSerializer()),
        tags=TAG,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """Every entry of the person and of visitors she absorbed, newest first."""
        customer = find_customer(reference=user_id, include_deleted=True)
        page = self.list_page(history_of(all_ids(customer)), filterset=None, now=timezone.now())
        tell(
            to=str(self.actor),
            way="consent.history",
            kinds=("consent",),
            customer_ids=[customer.pk],
            now=timezone.now(),
        )
        return self.page_response(page, [history_answer(row) for row in page.rows])


class ConsentBatch(ApiView):
    """POST /api/v1/consents."""

    scopes = {"post": "consent:write"}
    key_required = frozenset({"post"})

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Everybody of the batch, also those whose entries are wrong."""
        sent = request.data.get("consents") if isinstance(request.data, dict) else None
        return names_in(sent[:MAX_BATCH] if isinstance(sent, list) else None, PEOPLE)

    @extend_schema(
        operation_id="recordConsents",
        summary="Record consent of up to 100 people",
        request=ConsentBatchSerializer,
        responses={200: ConsentBatchAnswerSerializer, 207: ConsentBatchAnswerSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Per person all entries or none, with a verdict each: 200 all recorded, 207 mixed, 400 none."""
        data = checked(BatchShapeSerializer(data=request.data))
        items = [checked_or_refused(NamedRecordSerializer(data=item)) for item in data["consents"]]
        people = [named_of(item) for item in items if isinstance(item, dict)]
        now, gpc = timezone.now(), gpc_on(request._request)
        done = iter(
            record_named(people=people, by=self.actor, now=now, gpc=gpc, tokens=data["tokens"]) if people else ()
        )
        results = [next(done) if isinstance(item, dict) else item for item in items]
        good, verdicts = sum(isinstance(result, NamedResult) for result in results), self._verdicts(results)
        if not good:
            message = "Nobody's consent was recorded; the results say why."
            raise InvalidInput(message, code="batch_rejected", extra={"results": verdicts})
        return Response({"results": verdicts}, status=200 if good == len(results) else 207)

    def _verdicts(self, results: Sequence[NamedResult | Exception]) -> list[dict[str, Any]]:
        return [
            {"index": index, "status": "recorded", "consent": recorded_body(result)}
            if isinstance(result, NamedResult)
            else {"index": index, "status": "refused", "error": item_error(result, self.request._request)}
            for index, result in enumerate(results)
        ]
