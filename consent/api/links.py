"""/consent/links."""

from collections.abc import Iterable

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.camel import CamelSerializer, StrictSerializer
from consent.api.requests import checked
from consent.rules.letters import LOCALES
from consent.services.preferences import issue_links
from core.api.gpc import Name, names_in
from core.api.views import ApiView
from customers.selectors.customers import find_customer

TAG = ["Consent"]


class LinksRequestSerializer(StrictSerializer):
    """Whose links, and what unsubscribing ends."""

    user_id = serializers.CharField(max_length=255, help_text="External id or public id (cus_...).")
    purpose = serializers.CharField(
        required=False, max_length=40, help_text="What unsubscribing ends; marketing by e-mail by default."
    )
    locale = serializers.ChoiceField(choices=LOCALES, default="en")


class LinksSerializer(CamelSerializer):
    """What a message to this person carries."""

    preferences_url = serializers.URLField()
    expires_at = serializers.DateTimeField(help_text="Until when the preference centre opens.")
    unsubscribe_url = serializers.URLField(help_text="Never expires; GET shows a page, POST unsubscribes.")
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="List-Unsubscribe and List-Unsubscribe-Post (RFC 8058)."
    )


class ConsentLinks(ApiView):
    """POST /api/v1/consent/links."""

    scopes = {"post": "consent:write"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Whose links."""
        return names_in(request.data, ("userId",))

    @extend_schema(
        operation_id="issueConsentLinks",
        summary="Links to a person's choices",
        request=LinksRequestSerializer,
        responses={201: LinksSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """The signed link to the preference centre, and the two headers for one-click unsubscribing.

        Put the link only into messages to this very person: whoever has it may change her choices. Both headers
        belong under the DKIM signature of the message.
        """
        data = checked(LinksRequestSerializer(data=request.data))
        customer = find_customer(reference=data["user_id"])
        links = issue_links(
            customer=customer, purpose=data.get("purpose", ""), locale=data["locale"], by=self.actor, now=timezone.now()
        )
        body = {
            "preferencesUrl": links.preferences,
            "expiresAt": links.expires_at,
            "unsubscribeUrl": links.unsubscribe,
            "headers": links.headers,
        }
        return Response(body, status=201, headers={"Cache-Control": "no-store"})
