"""/fields: the data dictionary, and what people decided about each field."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView
from customers.models import ConflictRule, Format, PiiClass
from customers.selectors.governance import Entry, find_field, list_fields
from customers.services.governance import MAX_ALLOWED, MAX_SOURCES, change_field

_NAME = OpenApiParameter(
    "name", str, OpenApiParameter.PATH, description="`country`, or `attributes.<key>` for a custom attribute."
)


_FORMATS = f"{', '.join(Format.values)}; empty: any."


class QualityRuleSerializer(serializers.Serializer[object]):
    """What values are measured by."""

    required = serializers.BooleanField(  # type: ignore[assignment]
        help_text="Every known customer should have a value."
    )
    format = serializers.CharField(allow_blank=True, help_text=_FORMATS)
    allowed = serializers.ListField(child=serializers.CharField(), help_text="Empty: any value.")


class FieldSerializer(serializers.Serializer[object]):
    """One field: what it means, how it is handled, who owns it, which values are right, and whose value stands."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    meaning = serializers.CharField()
    unit = serializers.CharField()
    options = serializers.ListField(child=serializers.CharField())
    pii_class = serializers.ChoiceField(choices=PiiClass.values)
    purpose = serializers.CharField()
    origin = serializers.CharField(help_text="How values come about.")
    owner = serializers.CharField(help_text="Who answers for the field; empty when nobody does.")
    governed = serializers.BooleanField(help_text="Whether systems write it, so that they can disagree.")
    archived = serializers.BooleanField()
    sources = serializers.ListField(child=serializers.CharField(), help_text="Systems that fill it, the first first.")
    conflict = serializers.ChoiceField(choices=ConflictRule.values)
    quality = QualityRuleSerializer()
    decided_at = serializers.DateTimeField(allow_null=True, help_text="Null while the defaults hold.")


class FieldListSerializer(serializers.Serializer[object]):
    """Every field: at most 525."""

    data = FieldSerializer(many=True)  # type: ignore[assignment]


class FieldChangeSerializer(serializers.Serializer[object]):
    """The parts to change."""

    owner = serializers.CharField(required=False, allow_blank=True, max_length=120)
    sources = serializers.ListField(child=serializers.CharField(), required=False, max_length=MAX_SOURCES)
    conflict = serializers.ChoiceField(choices=ConflictRule.values, required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]
    format = serializers.CharField(allow_blank=True, required=False, help_text=_FORMATS)
    allowed = serializers.ListField(child=serializers.CharField(), required=False, max_length=MAX_ALLOWED)


class Fields(ApiView):
    """GET /api/v1/fields."""

    scopes = {"get": "customers:read"}
    tag = "Data quality"

    @extend_schema(operation_id="listFields", responses=FieldListSerializer)
    def get(self, request: Request) -> Response:
        """Read the data dictionary.

        Every field of a customer, custom attributes included, in one answer.
        """
        self.only()
        return Response({"data": [field_answer(entry) for entry in list_fields()]})


class FieldDetail(ApiView):
    """/api/v1/fields/{name}."""

    scopes = {"get": "customers:read", "patch": "customers:write"}
    tag = "Data quality"

    @extend_schema(operation_id="getField", parameters=[_NAME], responses=FieldSerializer)
    def get(self, request: Request, name: str) -> Response:
        """Read one field."""
        self.only()
        return Response(field_answer(find_field(name)))

    @extend_schema(
        operation_id="updateField", parameters=[_NAME], request=FieldChangeSerializer, responses=FieldSerializer
    )
    def patch(self, request: Request, name: str) -> Response:
        """Decide about a field.

        The conflict rule holds from the next write on, the quality rule from the next audit on.
        """
        self.only()
        sent = request.data if isinstance(request.data, dict) else {"": request.data}
        return Response(field_answer(change_field(name=name, values=sent, by=self.actor, now=timezone.now())))


def field_answer(entry: Entry) -> dict[str, Any]:
    """A field as partners see it."""
    policy = entry.policy
    return {
        "name": entry.name,
        "label": entry.label,
        "type": entry.type,
        "meaning": entry.meaning,
        "unit": entry.unit,
        "options": list(entry.options),
        "pii_class": entry.pii_class,
        "purpose": entry.purpose,
        "origin": entry.origin,
        "owner": entry.owner,
        "governed": entry.governed,
        "archived": entry.archived,
        "sources": list(policy.sources),
        "conflict": policy.conflict,
        "quality": {"required": policy.required, "format": policy.format, "allowed": list(policy.allowed)},
        "decided_at": entry.decided_at,
    }
