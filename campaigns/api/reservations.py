"""/promotions/reserve and /promotions/reservations: keeping a use of a code for an order under way."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.api.offer_serializers import ReservationSerializer, ReserveInputSerializer
from campaigns.services.redeeming import release_reservation, reserve_code
from core.api.gpc import Name, names_in
from core.api.views import ApiView
from core.errors import InvalidInput
from customers.selectors.customers import find_customer


class ReserveCode(Bodies, ApiView):
    """POST /api/v1/promotions/reserve."""

    scopes = {"post": "promotions:write"}
    tag = "Promotions"

    def people_in_body(self, request: Request) -> list[Name]:
        """Whose code it is."""
        return names_in(request.data, ("userId",))

    @extend_schema(
        operation_id="reserveCode",
        summary="Keep a use of a code",
        request=ReserveInputSerializer,
        responses={201: ReservationSerializer},
    )
    def post(self, request: Request) -> Response:
        """For an order under way, 15 minutes unless said otherwise; redeeming the same order uses it."""
        self.only()
        body = self.body("code", "userId", "orderId", "minutes")
        words = {name: _word(body, name) for name in ("code", "userId", "orderId")}
        minutes = body.get("minutes", 15)
        if not isinstance(minutes, int) or isinstance(minutes, bool):
            raise InvalidInput("Invalid 'minutes': send a whole number.", param="minutes")
        kept = reserve_code(
            code=words["code"],
            customer=find_customer(reference=words["userId"]),
            order_id=words["orderId"],
            minutes=minutes,
            by=self.actor,
            now=timezone.now(),
        )
        answer = {
            "id": kept.public_id,
            "code": kept.code.code,
            "promotion": kept.promotion.public_id,
            "orderId": kept.order_id,
            "expiresAt": kept.expires_at,
        }
        return Response(answer, status=201)


class ReleaseReservation(ApiView):
    """DELETE /api/v1/promotions/reservations/{reservation}."""

    scopes = {"delete": "promotions:write"}
    tag = "Promotions"

    @extend_schema(operation_id="releaseReservation", summary="Give a kept use back", responses={204: None})
    def delete(self, request: Request, reservation: str) -> Response:
        """The order was given up; the use is free for others at once."""
        self.only()
        release_reservation(public_id=reservation, by=self.actor)
        return Response(status=204)


def _word(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not value:
        raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    if not isinstance(value, str) or len(value) > 100 or not value.isprintable():
        raise InvalidInput(f"Invalid '{name}'", param=name)
    return value
