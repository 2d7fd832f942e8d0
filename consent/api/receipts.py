"""/consents/{id}/receipt."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.camel import CamelSerializer
from consent.selectors.ledger import find_entry
from consent.selectors.receipts import receipt_for
from core.api.views import ApiView
from customers.services.telling import tell


class ReceiptSerializer(CamelSerializer):
    """A receipt with the fields of ISO/IEC TS 27560, and the same signed (JWS, Ed25519; key in /oauth/jwks)."""

    receipt = serializers.DictField()
    jws = serializers.CharField()


class ConsentReceipt(ApiView):
    """GET /api/v1/consents/{id}/receipt."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="getConsentReceipt",
        summary="Receipt of a ledger entry",
        responses=ReceiptSerializer,
        tags=["Consent"],
    )
    def get(self, request: Request, entry_id: str) -> Response:
        """Proof for the person: what was agreed or refused, to which words, when. The same entry, the same bytes."""
        entry, now = find_entry(entry_id), timezone.now()
        tell(to=str(self.actor), way="consent.receipt", kinds=("consent",), customer_ids=[entry.customer_id], now=now)
        return Response(receipt_for(entry), headers={"Cache-Control": "no-store"})
