"""/customers/{id}/purchases: what a customer bought and gave back."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiViewSet
from customers.api.serializers import PurchaseInputSerializer, PurchaseSerializer
from customers.models import Purchase
from customers.rules.money import minor_units
from customers.selectors.customers import find_customer, list_purchases
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.telling import tell


class PurchaseViewSet(ApiViewSet):
    """/api/v1/customers/{id}/purchases."""

    scopes = {"list": "customers:read", "create": "customers:write"}
    tag = "Customers"
    queryset = Purchase.objects.all()
    sort_fields = ("purchased_at",)
    default_sort = "-purchased_at"

    @extend_schema(
        operation_id="listPurchases",
        summary="Purchases of a customer",
        responses=PurchaseSerializer(many=True),
    )
    def list(self, request: Request, reference: str) -> Response:  # type: ignore[override]
        """Orders and refunds, newest first."""
        customer = find_customer(reference=reference)
        page = self.list_page(list_purchases(customer), filterset=None, now=timezone.now())
        tell(
            to=str(self.actor),
            way="customers.purchases",
            kinds=("orders",),
            customer_ids=[customer.pk],
            now=timezone.now(),
        )
        return self.page_response(page, [_shown(purchase) for purchase in page.rows])

    @extend_schema(
        operation_id="recordPurchase",
        summary="Record a purchase",
        request=PurchaseInputSerializer,
        responses={201: PurchaseSerializer},
    )
    def create(self, request: Request, reference: str) -> HttpResponse:
        """The order counts at once; an `order_id` that is recorded already answers 409."""
        self.only()
        sent = PurchaseInputSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        purchase = record_purchase(
            purchase=NewPurchase(
                customer_id=find_customer(reference=reference).pk,
                order_id=values["order_id"],
                amount=values["amount"],
                currency=values["currency"],
                purchased_at=values["date"],
                lines=values["lines"],
                quantity=values["quantity"],
            ),
            source=self.actor.id,
            by=self.actor,
            now=timezone.now(),
        )
        return Response(_shown(purchase), status=201)


def _shown(purchase: Purchase) -> dict[str, Any]:
    return {
        "id": purchase.public_id,
        "order_id": purchase.order_id,
        "amount": float(purchase.amount),
        "amount_minor": minor_units(purchase.amount, purchase.currency),
        "currency": purchase.currency,
        "date": purchase.purchased_at,
        "lines": purchase.lines,
        "quantity": purchase.quantity,
        "source": purchase.source,
    }
