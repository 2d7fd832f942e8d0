"""GET /consents/simulate: what changes if this customer moves."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.rules.simulation import Difference
from consent.selectors.simulation import simulate_move
from core.api.views import ApiView
from core.errors import InvalidInput
from customers.selectors.customers import find_customer
from customers.services.telling import tell


class DifferenceSerializer(serializers.Serializer[object]):
    """One thing that is otherwise there."""

    topic = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class UseAfterSerializer(serializers.Serializer[object]):
    """One purpose here and there."""

    purpose = serializers.CharField()
    before = serializers.CharField(help_text="`allow` or `deny`.")
    whyBefore = serializers.CharField()  # noqa: N815
    after = serializers.CharField(help_text="`allow` or `deny`.")
    whyAfter = serializers.CharField()  # noqa: N815


class MoveSerializer(serializers.Serializer[object]):
    """What a move would change; nothing is stored."""

    subject = serializers.CharField()
    region = serializers.CharField(help_text="Whose rule holds now.")
    place = serializers.CharField(help_text="Whose rule would hold.")
    ruleSet = serializers.CharField()  # noqa: N815
    sensitiveUseLimited = serializers.BooleanField(  # noqa: N815
        help_text="Whether use of sensitive data is limited at the person's request: here, and there as well."
    )
    rules = DifferenceSerializer(many=True)
    clocks = DifferenceSerializer(many=True)
    uses = UseAfterSerializer(many=True)


class SimulateMove(ApiView):
    """GET /api/v1/consents/simulate."""

    scopes = {"get": "consent:read"}

    @extend_schema(
        operation_id="simulateMove",
        summary="What changes if this customer moves?",
        parameters=[
            OpenApiParameter("subject", str, required=True, description="`cus_...` or an external id."),
            OpenApiParameter("place", str, required=True, description="ISO 3166-1 or -2, such as US-CA."),
        ],
        responses=MoveSerializer,
        tags=["Consent"],
    )
    def get(self, request: Request) -> Response:
        """Rules, clocks of requests and the answer for every purpose, here and there. Nothing is stored."""
        self.only("subject", "place")
        query = request._request.GET
        for name in ("subject", "place"):
            if not query.get(name):
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        customer = find_customer(reference=query["subject"])
        move = simulate_move(customer=customer, place=query["place"], now=timezone.now())
        tell(
            to=str(self.actor), way="consent.record", kinds=("consent",), customer_ids=[customer.pk], now=timezone.now()
        )
        return Response(
            {
                "subject": query["subject"],
                "region": move.before.code,
                "place": move.after.code,
                "ruleSet": move.after.rule_set,
                "sensitiveUseLimited": customer.sensitive_limited,
                "rules": [_difference(row) for row in move.rules],
                "clocks": [_difference(row) for row in move.clocks],
                "uses": [
                    {
                        "purpose": use.purpose,
                        "before": use.before[0],
                        "whyBefore": use.before[1],
                        "after": use.after[0],
                        "whyAfter": use.after[1],
                    }
                    for use in move.uses
                ],
            }
        )


def _difference(row: Difference) -> dict[str, Any]:
    return {"topic": row.topic, "before": row.before, "after": row.after}
