"""/consents/{id}/consumers."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import data_of
from consent.api.camel import CamelSerializer
from consent.selectors.consumers import consumers_of
from consent.selectors.ledger import find_entry
from core.api.views import ApiView
from customers.selectors.recipients import check_leaving


class ConsumerSerializer(CamelSerializer):
    """One consumer and one way it acted under the consent."""

    consumer = serializers.CharField(
        help_text="client:cli_..., staff:usr_..., system:system, or a campaign of ours: campaign:cmp_..."
    )
    name = serializers.CharField()
    how = serializers.CharField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    times = serializers.IntegerField()
    after_the_end = serializers.BooleanField()


class ConsentConsumers(ApiView):
    """GET /api/v1/consents/{id}/consumers."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="listConsentConsumers",
        summary="Who acted under a consent that ended",
        responses=data_of("ConsentConsumers", ConsumerSerializer),
        tags=["Consent"],
    )
    def get(self, request: Request, entry_id: str) -> Response:
        """For an entry that says no: who held tokens, who received the person's data, and what we sent ourselves."""
        entry = find_entry(entry_id)
        check_leaving(self.credential.client_id, customer_ids=[entry.customer_id], now=timezone.now())
        return Response({"data": ConsumerSerializer(consumers_of(entry), many=True).data})
