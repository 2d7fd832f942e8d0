"""/tags: every tag, with its namespace, colour and how many customers have it."""

from typing import Any

from django.utils import timezone
from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiViewSet
from customers.api.merges import checked
from customers.models import Tag, TagColour
from customers.selectors.customers import list_tags, worn_by
from customers.services.tags import colour_tag


class TagSerializer(serializers.Serializer[object]):
    """A tag. What stands before the first colon of its name is its namespace."""

    name = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)
    colour = serializers.ChoiceField(choices=TagColour.values)
    customers = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class TagChangeSerializer(serializers.Serializer[object]):
    """How the tag looks in the console."""

    colour = serializers.ChoiceField(choices=TagColour.values)


class TagFilter(FilterSet):  # type: ignore[misc]
    """What tags can be narrowed by."""

    namespace = CharFilter(method="inside", help_text="`loyalty` for `loyalty:gold` and its like.")

    def inside(self, queryset: Any, name: str, value: str) -> Any:
        """Tags of this namespace."""
        return queryset.filter(name__startswith=f"{value}:")


class TagViewSet(ApiViewSet):
    """/api/v1/tags."""

    scopes = {"list": "customers:read", "partial_update": "tags:write"}
    tag = "Tags"
    queryset = Tag.objects.all()
    filterset_class = TagFilter
    sort_fields = ("name", "created_at")
    default_sort = "name"

    @extend_schema(responses=TagSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List tags.

        By name; `customers` counts who has each.
        """
        page = self.list_page(list_tags(), filterset=TagFilter, now=timezone.now())
        worn = worn_by([row.pk for row in page.rows])
        return self.page_response(page, [tag_answer(row, worn.get(row.pk, 0)) for row in page.rows])

    @extend_schema(request=TagChangeSerializer, responses=TagSerializer)
    def partial_update(self, request: Request, name: str) -> Response:
        """Give a tag another colour."""
        self.only()
        sent = checked(TagChangeSerializer(data=request.data))
        row = colour_tag(name=name, colour=sent["colour"], by=self.actor, now=timezone.now())
        return Response(tag_answer(row, worn_by([row.pk]).get(row.pk, 0)))


def tag_answer(row: Tag, customers: int) -> dict[str, Any]:
    """A tag as partners see it."""
    return {
        "name": row.name,
        "namespace": row.namespace or None,
        "colour": row.colour,
        "customers": customers,
        "created_at": row.created_at,
    }
