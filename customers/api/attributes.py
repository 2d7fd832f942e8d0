"""/attributes: definitions of custom attributes."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiViewSet
from core.errors import InvalidInput
from customers.api.customers import CustomerView, Shaping, json_response
from customers.api.serializers import AttributeChangeSerializer, AttributeInputSerializer, AttributeSerializer
from customers.models import AttributeDefinition
from customers.rules.attributes import json_schema
from customers.selectors.attributes import attribute_rules, find_definition
from customers.services.attributes import archive_attribute, change_attribute, define_attribute


class AttributeViewSet(Shaping, ApiViewSet):
    """/api/v1/attributes and /api/v1/attributes/{key}."""

    scopes = {
        "list": "customers:read",
        "create": "customers:write",
        "retrieve": "customers:read",
        "partial_update": "customers:write",
    }
    tag = "Attributes"
    queryset = AttributeDefinition.objects.all()
    serializer_class = AttributeSerializer
    sort_fields = ("key", "created_at", "updated_at")
    default_sort = "key"

    @extend_schema(responses=AttributeSerializer(many=True))
    def list(self, request: Request) -> HttpResponse:
        """List attribute definitions.

        Archived ones included; there are at most 500.
        """
        return super().list(request)

    @extend_schema(request=AttributeInputSerializer, responses={201: AttributeSerializer})
    def create(self, request: Request) -> Response:
        """Define an attribute.

        Values of the attribute may be stored from now on.
        """
        self.only()
        body = dict(self.body())
        for name in ("key", "type"):
            if not isinstance(body.get(name), str):
                raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        definition = define_attribute(
            key=body.pop("key"), value_type=body.pop("type"), values=body, by=self.actor, now=timezone.now()
        )
        return Response(AttributeSerializer(definition).data, status=201)

    @extend_schema(responses=AttributeSerializer)
    def retrieve(self, request: Request, key: str) -> Response:
        """Read an attribute definition."""
        self.only()
        return Response(AttributeSerializer(find_definition(key)).data)

    @extend_schema(request=AttributeChangeSerializer, responses=AttributeSerializer)
    def partial_update(self, request: Request, key: str) -> Response:
        """Change or archive an attribute definition.

        Other words or handling; `archived` takes no new values. Key and type never change.
        """
        self.only()
        body: dict[str, Any] = dict(self.body())
        find_definition(key)
        archived = body.pop("archived", False)
        if archived not in (True, False):
            raise InvalidInput("Invalid 'archived'", param="archived")
        now = timezone.now()
        definition = change_attribute(key=key, values=body, by=self.actor, now=now) if body else find_definition(key)
        if archived:
            definition = archive_attribute(key=key, by=self.actor, now=now)
        return Response(AttributeSerializer(definition).data)


class AttributesSchema(CustomerView):
    """GET /api/v1/attributes/schema."""

    scopes = {"get": "customers:read"}
    tag = "Attributes"

    @extend_schema(
        operation_id="getAttributesSchema",
        summary="JSON Schema of attributes",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> HttpResponse:
        """JSON Schema (2020-12) of the `attributes` object of a customer."""
        self.only()
        return json_response(json_schema(attribute_rules()))
