"""/privacy-requests: what partners may open, read and move; approvals are for people only."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import django_filters
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.requests import checked
from consent.models import DataRequest
from consent.rules.requests import Channel, KeptFor, Kind, Question, Refusal, State, Verb, moves_from
from consent.selectors.requests import (
    explanation,
    history_of_request,
    list_requests,
    local_day,
    request_for,
    steps_of,
)
from consent.services import request_decisions as decisions
from consent.services import requests as desk
from consent.services.requests import NewRequest
from core.api.gpc import Name, names_in
from core.api.views import ApiView, ApiViewSet
from customers.selectors.recipients import rows_leaving, withheld_for

TAG = ["Privacy requests"]
READ, WRITE = "privacy:read", "privacy:write"


class PrivacyRequestSerializer(serializers.Serializer[object]):
    """A request, its dates and what may follow. Never says who asked."""

    id = serializers.CharField()
    type = serializers.ChoiceField(choices=Kind.values)
    state = serializers.ChoiceField(choices=State.values)
    allowed = serializers.ListField(child=serializers.CharField(), help_text="States that may follow.")
    regime = serializers.CharField()
    channel = serializers.ChoiceField(choices=Channel.values)
    received_at = serializers.DateTimeField()
    received_on = serializers.DateField(help_text="Local date of the place.")
    law_due = serializers.DateField(help_text="Last lawful day.")
    safe_due = serializers.DateField(help_text="The day we work towards.")
    short_due = serializers.DateField(help_text="30 or 45 plain days.")
    acknowledge_by = serializers.DateField()
    paused_for = serializers.CharField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    duplicate_of = serializers.CharField(allow_null=True)
    refusal_code = serializers.CharField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class NewPrivacyRequestSerializer(serializers.Serializer[object]):
    """What comes in. Give the address, the customer, or both."""

    type = serializers.ChoiceField(choices=Kind.values)
    email = serializers.CharField(required=False, max_length=254)
    customer = serializers.CharField(required=False, max_length=255, help_text="`cus_...` or an external id.")
    place = serializers.CharField(required=False, max_length=6, help_text="ISO 3166-1 or -2, such as DE or US-CA.")
    regime = serializers.CharField(required=False, max_length=20, help_text="Such as EU/DE; by place when absent.")
    verb = serializers.ChoiceField(choices=Verb.values, required=False)
    purpose = serializers.ChoiceField(
        choices=KeptFor.values, required=False, help_text="Limits an erasure to what is kept for it; the person stays."
    )
    locale = serializers.CharField(required=False, max_length=12)
    agent = serializers.CharField(required=False, max_length=120)
    details = serializers.CharField(required=False, max_length=5000)
    received_at = serializers.DateTimeField(required=False)
    backdated_because = serializers.CharField(required=False, max_length=300)


class StepReasonSerializer(serializers.Serializer[object]):
    """A word for the history; the letter of an extension says it too."""

    reason = serializers.CharField(max_length=300)


class StepNoteSerializer(serializers.Serializer[object]):
    """A word for the history, if there is one."""

    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class IdentityProofSerializer(serializers.Serializer[object]):
    """How the requester's identity was established."""

    how = serializers.CharField(max_length=40)


class RequesterQuestionSerializer(serializers.Serializer[object]):
    """What to ask the requester."""

    question = serializers.ChoiceField(choices=Question.values)
    text = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class ClarifySerializer(serializers.Serializer[object]):
    """The question; it goes to the requester by letter."""

    text = serializers.CharField(max_length=1000)


class RefusalSerializer(serializers.Serializer[object]):
    """Ground and reason; with `parts` only those places of the privacy registry are refused, and the rest goes on.

    Of an erasure only `customers.purchases` can be: the orders then keep their numbers while the person is erased.
    """

    code = serializers.ChoiceField(choices=Refusal.values)
    reason = serializers.CharField(max_length=500)
    parts = serializers.ListField(child=serializers.CharField(max_length=80), required=False, max_length=50)


class TimelineEntrySerializer(serializers.Serializer[object]):
    """One thing that happened."""

    at = serializers.DateTimeField()
    by = serializers.CharField()
    what = serializers.CharField()
    text = serializers.CharField()


class PrivacyTaskSerializer(serializers.Serializer[object]):
    """One task in one system."""

    action = serializers.CharField()
    system = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "failed", "done", "skipped"])
    rows = serializers.IntegerField(allow_null=True)
    attempts = serializers.IntegerField()


class DeadlineExplanationSerializer(serializers.Serializer[object]):
    """Both dates and why, with every clock row they were computed from."""

    regime = serializers.CharField()
    law = serializers.CharField()
    law_due = serializers.DateField()
    safe_due = serializers.DateField()
    short_due = serializers.DateField()
    acknowledge_by = serializers.DateField()
    extension = serializers.ChoiceField(choices=["none", "accepted", "refused"])
    extension_notice_by = serializers.DateField(allow_null=True)
    days_stopped = serializers.IntegerField()
    paused_for = serializers.CharField(allow_null=True)
    why = serializers.ListField(child=serializers.CharField())
    rule_set = serializers.CharField()
    holiday_set = serializers.CharField()
    clock = serializers.ListField(child=serializers.DictField())
    stale = serializers.BooleanField()


class PrivacyRequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    type = django_filters.ChoiceFilter(field_name="kind", choices=Kind.choices)
    state = django_filters.ChoiceFilter(choices=State.choices)
    due_before = django_filters.DateFilter(field_name="safe_due", lookup_expr="lt")

    class Meta:
        model = DataRequest
        fields: Sequence[str] = ()


def body_of(row: DataRequest) -> dict[str, Any]:
    """The request as it is answered."""
    return {
        "id": row.public_id,
        "type": row.kind,
        "state": row.state,
        "allowed": moves_from(row.state),
        "regime": row.regime,
        "channel": row.channel,
        "received_at": row.received_at,
        "received_on": row.received_on,
        "law_due": row.law_due,
        "safe_due": row.safe_due,
        "short_due": row.short_due,
        "acknowledge_by": row.ack_due,
        "paused_for": row.paused_for or None,
        "verified_at": row.verified_at,
        "duplicate_of": row.duplicate_of.public_id if row.duplicate_of else None,
        "refusal_code": row.refusal_code or None,
        "closed_at": row.closed_at,
    }


class PrivacyRequestViewSet(ApiViewSet):
    """/api/v1/privacy-requests and /api/v1/privacy-requests/{id}."""

    scopes = {"list": READ, "create": WRITE, "retrieve": READ}
    key_required = frozenset({"create"})
    queryset = list_requests().select_related("duplicate_of")
    filterset_class = PrivacyRequestFilter
    sort_fields = ("created_at", "safe_due")

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Whose data it is about."""
        return names_in(request.data, ("customer", "email"))

    @extend_schema(operation_id="listPrivacyRequests", responses=PrivacyRequestSerializer(many=True), tags=TAG)
    def list(self, request: Request) -> HttpResponse:
        """List privacy requests.

        Those of people whose data may not go to your company are in no page and in no `total`.
        """
        now = timezone.now()
        rows = rows_leaving(self.get_queryset(), "customer", recipient=self.credential.client_id, now=now)
        page = self.list_page(rows, filterset=self.filterset_class, now=now)
        return self.page_response(page, [body_of(row) for row in page.rows])

    @extend_schema(
        operation_id="openPrivacyRequest",
        request=NewPrivacyRequestSerializer,
        responses={202: PrivacyRequestSerializer},
        tags=TAG,
    )
    def create(self, request: Request) -> HttpResponse:
        """Open a privacy request.

        Its clock starts on the local day of receipt. The answer is the same whether we know the person or not.
        """
        data = checked(NewPrivacyRequestSerializer(data=request.data))
        new = NewRequest(
            kind=data.pop("type"),
            contact=data.pop("email", ""),
            channel=Channel.AGENT if data.get("agent") else Channel.API,
            **data,
        )
        row = desk.open_request(new=new, by=self.actor, now=timezone.now())
        headers = {"Location": f"/api/v1/privacy-requests/{row.public_id}"}
        return Response(self._as_sent(row), status=202, headers=headers)

    def _as_sent(self, row: DataRequest) -> dict[str, Any]:
        """The answer to whoever brought it; an earlier request of somebody we may not tell it about is not named."""
        person = row.customer_id if row.duplicate_of else None
        hidden = bool(person and withheld_for(self.credential.client_id, customer_ids=[person]))
        return body_of(row) | ({"duplicate_of": None} if hidden else {})

    @extend_schema(operation_id="getPrivacyRequest", responses=PrivacyRequestSerializer, tags=TAG)
    def retrieve(self, request: Request, request_id: str) -> HttpResponse:
        """Read a privacy request."""
        self.only()
        return Response(body_of(request_for(self.credential.client_id, reference=request_id, now=timezone.now())))


class PrivacyRequestTimeline(ApiView):
    """GET /api/v1/privacy-requests/{id}/timeline."""

    scopes = {"get": READ}

    @extend_schema(
        operation_id="getPrivacyRequestTimeline",
        responses=inline_serializer(
            "PrivacyRequestTimeline",
            {"events": TimelineEntrySerializer(many=True), "tasks": PrivacyTaskSerializer(many=True)},
        ),
        tags=TAG,
    )
    def get(self, request: Request, request_id: str) -> Response:
        """What happened, newest first, and how each task stands."""
        self.only()
        row = request_for(self.credential.client_id, reference=request_id, now=timezone.now())
        events = [{"at": e.at, "by": e.by, "what": e.kind, "text": e.text} for e in history_of_request(row)]
        tasks = [
            {"action": s.action, "system": s.name, "state": s.state, "rows": s.rows, "attempts": s.attempts}
            for s in steps_of(row)
        ]
        return Response({"events": events, "tasks": tasks})


class PrivacyRequestDeadline(ApiView):
    """GET /api/v1/privacy-requests/{id}/deadline/explain."""

    scopes = {"get": READ}

    @extend_schema(operation_id="explainPrivacyRequestDeadline", responses=DeadlineExplanationSerializer, tags=TAG)
    def get(self, request: Request, request_id: str) -> Response:
        """Why the answer is due when it is."""
        self.only()
        now = timezone.now()
        row = request_for(self.credential.client_id, reference=request_id, now=now)
        return Response(explanation(row, local_day(row.regime, now)))


Step = Callable[..., DataRequest]


def _asked(**facts: Any) -> Step:
    """Ask the requester, with these facts settled by the address."""

    def step(*, request: DataRequest, **given: Any) -> DataRequest:
        return desk.ask_requester(request=request, **(given | facts))

    return step


def _refuse(*, request: DataRequest, parts: Sequence[str] = (), **given: Any) -> DataRequest:
    return decisions.refuse_request(request=request, parts=parts, **given)


def _step(name: str, summary: str, takes: type[serializers.Serializer[object]] | None, do: Step, **renamed: str) -> Any:
    """The view of one step: it reads its body, makes one call, answers the request."""

    class StepView(ApiView):
        scopes = {"post": WRITE}

        @extend_schema(
            operation_id=f"{name}PrivacyRequest",
            summary=summary,
            request=takes,
            responses=PrivacyRequestSerializer,
            tags=TAG,
        )
        def post(self, request: Request, request_id: str) -> Response:
            data = checked(takes(data=request.data)) if takes else {}
            facts = {renamed.get(key, key): value for key, value in data.items()}
            now = timezone.now()
            asked = request_for(self.credential.client_id, reference=request_id, now=now)
            row = do(request=asked, by=self.actor, now=now, **facts)
            return Response(body_of(row))

    StepView.__name__ = f"{name.capitalize()}PrivacyRequest"
    return StepView


STEPS = {
    "acknowledge": _step(
        "acknowledge",
        "Tell the requester that we have it",
        None,
        desk.acknowledge_request,
    ),
    "verify": _step("verify", "Establish the requester's identity", IdentityProofSerializer, desk.verify_request),
    "clarify": _step("clarify", "Ask what is meant", ClarifySerializer, _asked(question="clarification")),
    "pause": _step(
        "pause", "Ask and stop the clock, where the law lets it", RequesterQuestionSerializer, _asked(must_pause=True)
    ),
    "resume": _step("resume", "The answer is here", StepNoteSerializer, desk.resume_request, note="text"),
    "extend": _step("extend", "Use the law's extension", StepReasonSerializer, desk.extend_request),
    "refuse": _step("refuse", "Refuse all or a part", RefusalSerializer, _refuse),
    "withdraw": _step(
        "withdraw", "Close as withdrawn", StepReasonSerializer, decisions.withdraw_request, reason="text"
    ),
    "deliver": _step("deliver", "Close as answered", StepNoteSerializer, decisions.deliver_request, note="text"),
}
"""Each step below /api/v1/privacy-requests/{id}/."""
