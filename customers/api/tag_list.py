"""/tags: every tag, with its namespace, colour and how many customers have it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.credentials import require_scope
from core.api.views import ApiViewSet
from core.errors import InvalidInput
from customers.api.merges import checked
from customers.api.segments import SegmentView, stored_rule
from customers.models import Tag, TagColour, TagRule
from customers.selectors.customers import list_tags, worn_by
from customers.selectors.tag_rules import given_by, rules_of_tags
from customers.services.tag_rules import define_tag_rule, end_tag_rule
from customers.services.tags import colour_tag


class TagRuleSerializer(serializers.Serializer[object]):
    """The rule by which a tag comes and goes: whoever is in the segment has it."""

    segment = serializers.CharField(help_text="Slug of the segment.")
    given = serializers.IntegerField(help_text="Customers who have the tag from the rule; others gave the rest.")
    since = serializers.DateTimeField()
    failure = serializers.CharField(allow_null=True, help_text="Why the rule rests at the moment.")


class TagSerializer(serializers.Serializer[object]):
    """A tag. What stands before the first colon of its name is its namespace."""

    name = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)
    colour = serializers.ChoiceField(choices=TagColour.values)
    customers = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    rule = TagRuleSerializer(allow_null=True)


class TagRuleInputSerializer(serializers.Serializer[object]):
    """A segment by slug or id; or a rule of the segment grammar, as `rule` or in `words`, of which one is made."""

    segment = serializers.CharField(required=False)
    rule = serializers.DictField(required=False)
    words = serializers.CharField(required=False)


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
        return self.page_response(page, tag_answers(page.rows))

    @extend_schema(request=TagChangeSerializer, responses=TagSerializer)
    def partial_update(self, request: Request, name: str) -> Response:
        """Give a tag another colour."""
        self.only()
        sent = checked(TagChangeSerializer(data=request.data))
        row = colour_tag(name=name, colour=sent["colour"], by=self.actor, now=timezone.now())
        return Response(tag_answers([row])[0])


class TagRuleView(SegmentView):
    """POST and DELETE /api/v1/tags/{name}/rule."""

    scopes = {"post": "tags:write", "delete": "tags:write"}
    tag = "Tags"

    @extend_schema(
        operation_id="defineTagRule",
        summary="Give a tag by rule",
        request=TagRuleInputSerializer,
        responses={201: TagSerializer},
    )
    def post(self, request: Request, name: str) -> Response:
        """Whoever is in the segment has the tag from now on, and no longer once she has left it.

        Tags that others put on stay as they are. A rule of your own becomes a segment and needs segments:write.
        """
        self.only()
        body = self.known_members("segment", "rule", "words")
        if not isinstance(body.get("segment", ""), str):
            raise InvalidInput("Invalid 'segment'", param="segment")
        own = "rule" in body or "words" in body
        if own:
            require_scope(self.credential, "segments:write")
        made = define_tag_rule(
            name=name,
            segment=body.get("segment", ""),
            rule=stored_rule(body) if own else None,
            by=self.actor,
            now=timezone.now(),
        )
        return Response(tag_answers([made.tag])[0], status=201)

    @extend_schema(operation_id="endTagRule", summary="Leave a tag to people again", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """What the rule gave comes off within seconds; what others put on stays."""
        self.only()
        end_tag_rule(name=name, by=self.actor, now=timezone.now())
        return Response(status=204)


def tag_answers(rows: Sequence[Tag]) -> list[dict[str, Any]]:
    """Tags as partners see them; three queries."""
    ids = [row.pk for row in rows]
    worn, rules = worn_by(ids), rules_of_tags(ids)
    given = given_by(list(rules.values()))
    return [_answer(row, worn.get(row.pk, 0), rules.get(row.pk), given) for row in rows]


def _answer(row: Tag, customers: int, rule: TagRule | None, given: Mapping[int, int]) -> dict[str, Any]:
    return {
        "name": row.name,
        "namespace": row.namespace or None,
        "colour": row.colour,
        "customers": customers,
        "created_at": row.created_at,
        "rule": rule
        and {
            "segment": rule.segment.slug,
            "given": given.get(rule.pk, 0),
            "since": rule.created_at,
            "failure": rule.failure or None,
        },
    }
