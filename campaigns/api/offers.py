"""/offers and /promotions: writing them, running them, their codes, and redeeming."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.api.offer_serializers import (
    CodeSerializer,
    CodesInputSerializer,
    CodesSerializer,
    OfferChangeSerializer,
    OfferInputSerializer,
    OfferSerializer,
    PromotionChangeSerializer,
    PromotionInputSerializer,
    PromotionSerializer,
    RedeemInputSerializer,
    RedemptionSerializer,
)
from campaigns.models import Code, Offer, Promotion
from campaigns.rules.offers import PromotionState
from campaigns.selectors.offers import (
    find_offer,
    find_promotion,
    list_codes,
    list_offers,
    list_promotions,
    offer_answer,
    promotion_answer,
)
from campaigns.services.offers import (
    change_offer,
    change_promotion,
    define_offer,
    define_promotion,
    make_codes,
    move_promotion,
)
from campaigns.services.redeeming import redeem_code
from campaigns.services.removing import delete_offer, delete_promotion
from core.api.gpc import Name, names_in
from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.selectors.customers import find_customer


class OfferViewSet(Bodies, ApiViewSet):
    """/api/v1/offers and /api/v1/offers/{offer_id}."""

    scopes = {
        "list": "offers:read",
        "create": "offers:write",
        "retrieve": "offers:read",
        "partial_update": "offers:write",
        "destroy": "offers:write",
    }
    tag = "Offers"
    queryset = Offer.objects.all()
    serializer_class = OfferSerializer

    @extend_schema(responses=OfferSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List offers."""
        page = self.list_page(list_offers(), filterset=None, now=timezone.now())
        return self.page_response(page, [offer_answer(row) for row in page.rows])

    @extend_schema(request=OfferInputSerializer, responses={201: OfferSerializer})
    def create(self, request: Request) -> Response:
        """Write a new offer.

        What a customer gets; promotions make it known.
        """
        self.only()
        offer = define_offer(values=self.body(), by=self.actor, now=timezone.now())
        return Response(offer_answer(offer), status=201, headers={"Location": f"/api/v1/offers/{offer.public_id}"})

    @extend_schema(responses=OfferSerializer)
    def retrieve(self, request: Request, offer_id: str) -> Response:
        """Read an offer."""
        self.only()
        return Response(offer_answer(find_offer(offer_id)))

    @extend_schema(request=OfferChangeSerializer, responses=OfferSerializer)
    def partial_update(self, request: Request, offer_id: str) -> Response:
        """Change an offer.

        Refused once a promotion that makes it was started.
        """
        self.only()
        offer = change_offer(offer=find_offer(offer_id), values=self.body(), by=self.actor, now=timezone.now())
        return Response(offer_answer(offer))

    @extend_schema(operation_id="deleteOffer", request=None, responses={204: None})
    def destroy(self, request: Request, offer_id: str) -> Response:
        """Delete an offer that no promotion makes.

        Refused (409) with the promotions that do.
        """
        self.only()
        delete_offer(offer=find_offer(offer_id), by=self.actor, now=timezone.now())
        return Response(status=204)


class PromotionFilter(FilterSet):  # type: ignore[misc]
    """What promotions can be narrowed by."""

    state = ChoiceFilter(choices=PromotionState.choices)


class PromotionViewSet(Bodies, ApiViewSet):
    """/api/v1/promotions and /api/v1/promotions/{promotion}; {promotion} is `prm_...` or a key."""

    scopes = {
        "list": "promotions:read",
        "retrieve": "promotions:read",
        **dict.fromkeys(("create", "partial_update", "destroy", "activate", "pause", "end"), "promotions:write"),
    }
    tag = "Promotions"
    queryset = Promotion.objects.all()
    serializer_class = PromotionSerializer
    filterset_class = PromotionFilter

    @extend_schema(responses=PromotionSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List promotions."""
        page = self.list_page(list_promotions(), filterset=PromotionFilter, now=timezone.now())
        return self.page_response(page, [promotion_answer(row) for row in page.rows])

    @extend_schema(request=PromotionInputSerializer, responses={201: PromotionSerializer})
    def create(self, request: Request) -> Response:
        """Write a new promotion.

        A draft; nobody sees it before it is activated.
        """
        self.only()
        promotion = define_promotion(values=self.body(), by=self.actor, now=timezone.now())
        address = f"/api/v1/promotions/{promotion.public_id}"
        return Response(promotion_answer(promotion), status=201, headers={"Location": address})

    @extend_schema(responses=PromotionSerializer)
    def retrieve(self, request: Request, promotion: str) -> Response:
        """Read a promotion."""
        self.only()
        return Response(promotion_answer(find_promotion(promotion)))

    @extend_schema(request=PromotionChangeSerializer, responses=PromotionSerializer)
    def partial_update(self, request: Request, promotion: str) -> Response:
        """Change a promotion.

        Once it was started, key, offer and variants stay.
        """
        self.only()
        found = find_promotion(promotion)
        changed = change_promotion(promotion=found, values=self.body(), by=self.actor, now=timezone.now())
        return Response(promotion_answer(changed))

    @extend_schema(operation_id="deletePromotion", request=None, responses={204: None})
    def destroy(self, request: Request, promotion: str) -> Response:
        """Delete a promotion that was never started.

        With its codes. Refused (409) once it was started: such a one can be ended.
        """
        self.only()
        delete_promotion(promotion=find_promotion(promotion), by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="activatePromotion", request=None, responses=PromotionSerializer)
    def activate(self, request: Request, promotion: str) -> Response:
        """Start a promotion, or go on with a paused one."""
        return self._move(promotion, PromotionState.ACTIVE)

    @extend_schema(operation_id="pausePromotion", request=None, responses=PromotionSerializer)
    def pause(self, request: Request, promotion: str) -> Response:
        """Pause a promotion.

        It is neither shown nor redeemed.
        """
        return self._move(promotion, PromotionState.PAUSED)

    @extend_schema(operation_id="endPromotion", request=None, responses=PromotionSerializer)
    def end(self, request: Request, promotion: str) -> Response:
        """End a promotion for good."""
        return self._move(promotion, PromotionState.ENDED)

    def _move(self, reference: str, to: str) -> Response:
        self.only()
        found = find_promotion(reference)
        return Response(promotion_answer(move_promotion(promotion=found, to=to, by=self.actor, now=timezone.now())))


class CodeViewSet(Bodies, ApiViewSet):
    """/api/v1/promotions/{promotion}/codes."""

    scopes = {"list": "promotions:read", "create": "promotions:write"}
    tag = "Promotions"
    queryset = Code.objects.all()
    serializer_class = CodeSerializer
    sort_fields = ("id",)
    default_sort = "-id"

    @extend_schema(operation_id="listCodes", responses=CodeSerializer(many=True))
    def list(self, request: Request, promotion: str) -> HttpResponse:  # type: ignore[override]
        """List the codes of a promotion."""
        page = self.list_page(list_codes(find_promotion(promotion)), filterset=None, now=timezone.now())
        return self.page_response(page, [_code(row) for row in page.rows])

    @extend_schema(operation_id="makeCodes", request=CodesInputSerializer, responses={201: CodesSerializer})
    def create(self, request: Request, promotion: str) -> Response:
        """Make codes.

        Nobody can guess them; each redeems `max_redemptions` times.
        """
        self.only()
        body = self.body("number", "max_redemptions", "prefix")
        for name in ("number", "max_redemptions"):
            if not isinstance(body.get(name, 1), int) or isinstance(body.get(name), bool):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        if not isinstance(body.get("prefix", ""), str):
            raise InvalidInput("Invalid 'prefix'", param="prefix")
        found = find_promotion(promotion)
        wanted = {"number": 1, **body}
        codes = make_codes(promotion=found, by=self.actor, now=timezone.now(), **wanted)
        return Response({"codes": [_code(row) for row in codes]}, status=201)


class RedeemCode(Bodies, ApiView):
    """POST /api/v1/promotions/redeem."""

    scopes = {"post": "promotions:write"}
    tag = "Promotions"

    def people_in_body(self, request: Request) -> list[Name]:
        """Whose code it is."""
        return names_in(request.data, ("userId",))

    @extend_schema(
        operation_id="redeemCode",
        summary="Redeem a code",
        request=RedeemInputSerializer,
        responses={201: RedemptionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Take one use of a code for a customer, all limits kept; the same order again answers the same redemption."""
        self.only()
        body = self.body("code", "userId", "orderId")
        for name in ("code", "userId"):
            if not body.get(name):
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        for name, value in body.items():
            if not isinstance(value, str) or len(value) > 100 or not value.isprintable():
                raise InvalidInput(f"Invalid '{name}'", param=name)
        customer = find_customer(reference=body["userId"])
        found = redeem_code(
            code=body["code"],
            customer=customer,
            order_id=body.get("orderId", ""),
            by=self.actor,
            now=timezone.now(),
        )
        answer = {
            "id": found.public_id,
            "code": found.code.code,
            "promotion": found.promotion.public_id,
            "userId": body["userId"],
            "orderId": found.order_id or None,
            "redeemedAt": found.redeemed_at,
        }
        return Response(answer, status=201)


def _code(row: Code) -> dict[str, Any]:
    return {
        "code": row.code,
        "max_redemptions": row.max_redemptions,
        "redeemed": row.redeemed,
        "created_at": row.created_at,
    }
