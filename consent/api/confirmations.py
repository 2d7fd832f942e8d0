"""/consent/confirmations: double opt-in by e-mail."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.camel import CamelSerializer, StrictSerializer
from consent.api.requests import checked
from consent.models import Confirmation, ConfirmationKind, ConfirmationState
from consent.rules.letters import LOCALES
from consent.selectors.confirmations import find_confirmation
from consent.services.confirmations import Question, ask_confirmation
from core.api.gpc import Name, names_in
from core.api.views import ApiView
from customers.selectors.customers import find_customer

TAG = ["Consent"]


class QuestionSerializer(StrictSerializer):
    """Who is asked, about what, in which language."""

    user_id = serializers.CharField(max_length=255, help_text="External id or public id (cus_...).")
    purposes = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1, max_length=20)
    locale = serializers.ChoiceField(choices=LOCALES, default="en")
    form_id = serializers.RegexField(
        r"^[A-Za-z0-9._:/#+-]{1,120}$", default="api", help_text="The form that the wish came from."
    )


class ConfirmationSerializer(CamelSerializer):
    """A question by e-mail and what became of it; never the address."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=ConfirmationKind.choices)
    state = serializers.ChoiceField(choices=ConfirmationState.choices)
    purposes = serializers.ListField(child=serializers.CharField())
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    letters = serializers.IntegerField(help_text="How many letters have left.")


class Confirmations(ApiView):
    """POST /api/v1/consent/confirmations."""

    scopes = {"post": "consent:write"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Who is asked."""
        return names_in(request.data, ("userId",))

    @extend_schema(
        operation_id="askConfirmation",
        summary="Ask for confirmation by e-mail",
        request=QuestionSerializer,
        responses={202: ConfirmationSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """A letter with a link goes to the customer's address; `pending_doi` is recorded at once.

        The yes counts once confirmed by the button behind the link, within seven days. Asking again for the same
        sends the same link again, three times at most.
        """
        data = checked(QuestionSerializer(data=request.data))
        customer = find_customer(reference=data.pop("user_id"))
        row = ask_confirmation(customer=customer, question=Question(**data), by=self.actor, now=timezone.now())
        return Response(confirmation_body(row), status=202)


class ConfirmationDetail(ApiView):
    """GET /api/v1/consent/confirmations/{id}."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="getConfirmation", summary="State of a confirmation", responses=ConfirmationSerializer, tags=TAG
    )
    def get(self, request: Request, confirmation_id: str) -> Response:
        """Whether the person has confirmed."""
        return Response(confirmation_body(find_confirmation(confirmation_id)))


def confirmation_body(row: Confirmation) -> dict[str, Any]:
    """A question as plain JSON values."""
    return {
        "id": row.public_id,
        "kind": row.kind,
        "state": row.state,
        "purposes": list(row.purposes),
        "askedAt": row.asked_at,
        "expiresAt": row.expires_at,
        "closedAt": row.closed_at,
        "letters": row.letters,
    }
