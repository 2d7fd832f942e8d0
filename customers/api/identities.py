"""/customers/{id}/identities: under which identifiers a customer is recognised."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiViewSet
from customers.api.serializers import IdentityInputSerializer, IdentitySerializer, LinkedSerializer
from customers.models import Identity
from customers.selectors.customers import find_customer, list_identities
from customers.services.identities import link_identity
from customers.services.telling import tell


class IdentityViewSet(ApiViewSet):
    """/api/v1/customers/{id}/identities."""

    scopes = {"list": "customers:read", "create": "customers:write"}
    tag = "Customers"
    queryset = Identity.objects.all()
    sort_fields = ("created_at",)
    default_sort = "created_at"

    @extend_schema(
        operation_id="listIdentities",
        summary="Identifiers of a customer",
        responses=IdentitySerializer(many=True),
    )
    def list(self, request: Request, reference: str) -> Response:  # type: ignore[override]
        """Every identifier, oldest first; values only with customers.pii:read."""
        customer = find_customer(reference=reference)
        page = self.list_page(list_identities(customer), filterset=None, now=timezone.now())
        kinds = ("identifiers",) if self.sees_pii else ("record",)
        tell(
            to=str(self.actor), way="customers.identities", kinds=kinds, customer_ids=[customer.pk], now=timezone.now()
        )
        extra = {} if self.sees_pii else {"redacted": ["value"]}
        return self.page_response(page, [self._shown(identity) for identity in page.rows], **extra)

    @extend_schema(
        operation_id="linkIdentity",
        summary="Link an identifier",
        request=IdentityInputSerializer,
        responses={200: LinkedSerializer},
    )
    def create(self, request: Request, reference: str) -> Response:
        """The customer is recognised by it from now on; a visitor known by it becomes part of the customer."""
        self.only()
        sent = IdentityInputSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        customer = link_identity(
            customer=find_customer(reference=reference),
            kind=sent.validated_data["kind"],
            value=sent.validated_data["value"],
            by=self.actor,
            now=timezone.now(),
        )
        return Response({"id": customer.public_id, "identities": [*map(self._shown, list_identities(customer))]})

    def _shown(self, identity: Identity) -> dict[str, object]:
        shown: dict[str, object] = dict(IdentitySerializer(identity).data)
        if not self.sees_pii:
            del shown["value"]
        return shown
