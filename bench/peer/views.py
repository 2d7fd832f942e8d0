"""The tutorial's views, and the same tuned by somebody who knows REST framework well."""

import hashlib
from typing import Any

from rest_framework import generics, pagination, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.peer.models import Customer, Event, Exposure, Promotion


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event as the tutorial writes it: the customer is fetched and the row created one by one."""

    userId = serializers.CharField(write_only=True)  # noqa: N815

    class Meta:
        model = Event
        fields = ["event_id", "userId", "type", "campaign", "element", "device", "occurred_at"]
        extra_kwargs = {"event_id": {"validators": []}}

    def create(self, validated_data: dict[str, Any]) -> Event:
        """One event, or the one that is there."""
        customer = Customer.objects.get(external_id=validated_data.pop("userId"))
        if not customer.tracking_allowed:
            raise serializers.ValidationError("consent")
        event, _ = Event.objects.get_or_create(
            event_id=validated_data.pop("event_id"), defaults={**validated_data, "customer": customer}
        )
        return event


class TutorialEvents(APIView):
    """`many=True` and save, as in the tutorial."""

    def post(self, request: Request) -> Response:
        """Store the batch."""
        serializer = EventSerializer(data=request.data["events"], many=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({"accepted": len(request.data["events"])}, status=202)


class PlainEventSerializer(serializers.Serializer[Any]):
    """The same fields without the model machinery."""

    event_id = serializers.UUIDField()
    userId = serializers.CharField()  # noqa: N815
    type = serializers.CharField(max_length=40)
    campaign = serializers.CharField(max_length=100)
    element = serializers.CharField(max_length=100, required=False, default="")
    device = serializers.CharField(max_length=20)
    occurred_at = serializers.DateTimeField()


class TunedEvents(APIView):
    """One query for the customers, one bulk_create."""

    def post(self, request: Request) -> Response:
        """Store the batch."""
        serializer = PlainEventSerializer(data=request.data["events"], many=True)
        serializer.is_valid(raise_exception=True)
        items = serializer.validated_data
        customers = {
            c.external_id: c
            for c in Customer.objects.filter(external_id__in={i["userId"] for i in items}, tracking_allowed=True).only(
                "id", "external_id"
            )
        }
        rows = [Event(customer=customers[item.pop("userId")], **item) for item in items if item["userId"] in customers]
        Event.objects.bulk_create(rows, ignore_conflicts=True)
        return Response({"accepted": len(rows)}, status=202)


class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A customer, as the tutorial shows it."""

    class Meta:
        model = Customer
        fields = [
            "id",
            "external_id",
            "email",
            "first_name",
            "last_name",
            "country",
            "status",
            "created_at",
            "updated_at",
        ]


class _Pages(pagination.PageNumberPagination):
    page_size = 200


class _Cursors(pagination.CursorPagination):
    page_size = 200
    ordering = "-created_at"


class PagedCustomers(generics.ListAPIView[Customer]):
    """Page numbers, with a count."""

    queryset = Customer.objects.filter(status="active").order_by("-created_at")
    serializer_class = CustomerSerializer
    pagination_class = _Pages


class CursorCustomers(PagedCustomers):
    """REST framework's own cursor."""

    pagination_class = _Cursors


class ConsentCheck(APIView):
    """May we, for one customer."""

    def get(self, request: Request) -> Response:
        """The flag."""
        customer = Customer.objects.get(external_id=request.query_params["subject"])
        return Response({"answer": "allow" if customer.tracking_allowed else "deny"})


class VariantSerializer(serializers.Serializer[Any]):
    """What a page is told."""

    key = serializers.CharField()
    variant = serializers.CharField()
    content = serializers.JSONField()
    offer = serializers.CharField(allow_blank=True)


class ServedPromotion(APIView):
    """What this user is shown: drawn by a hash the first time, and kept."""

    key = "bench"

    def get(self, request: Request) -> Response:
        """The variant."""
        customer = Customer.objects.get(external_id=request.query_params["userId"])
        promotion = Promotion.objects.get(key=self.key, active=True)
        variants = {one["key"]: one["content"] for one in promotion.variants}
        if not customer.tracking_allowed:
            return Response({"key": promotion.key, "variant": None})
        digest = hashlib.sha256(f"{promotion.pk}:{customer.pk}".encode()).digest()
        drawn = sorted(variants)[digest[0] % len(variants)]
        seen, _ = Exposure.objects.get_or_create(promotion=promotion, customer=customer, defaults={"variant": drawn})
        shown = {"key": promotion.key, "variant": seen.variant, "content": variants[seen.variant]}
        return Response(VariantSerializer({**shown, "offer": promotion.offer}).data)


class EvaluatedFlag(ServedPromotion):
    """The same for a flag."""

    key = "button"
