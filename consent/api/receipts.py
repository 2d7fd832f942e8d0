"""/consents/{id}/receipt."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.camel import CamelSerializer
from consent.selectors.ledger import find_entry
from consent.selectors.receipts import receipt_for
from core.api.views import ApiView


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
        return Response(receipt_for(find_entry(entry_id)), headers={"Cache-Control": "no-store"})
