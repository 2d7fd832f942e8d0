"""/customers/search: customers by a tree of filters."""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from core.api.credentials import require_scope
from core.api.gpc import Name
from core.api.pagination import MAX_LIMIT, Page, paginate
from core.crypto import digest
from core.errors import InvalidInput
from customers.api.customers import CustomerView, json_response
from customers.api.segments import known
from customers.api.serializers import WITHHELD_HELP, CustomerSerializer, StretchSerializer
from customers.rules.searches import OPERANDS, named_in, read_groups
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Node, RuleError, to_json
from customers.selectors.answers import Shape, columns_for, encode, parse_fields, records, shape_for
from customers.selectors.expansions import parse_expand
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.searching import FoundPages, hidden_conditions
from customers.services.segments import checked_rule, refused_rule

SORTS: Final = ("created_at", "updated_at")
_DIRECTIONS: Final = {"ASCENDING": "", "DESCENDING": "-"}


class FilterSerializer(serializers.Serializer[object]):
    """One condition. `type`, `window`, `currency` and `where` are those of the criterion in the segment grammar."""

    property = serializers.CharField(help_text="Such as country, tags, attributes.plan, consent.marketing_email.")
    operator = serializers.ChoiceField(choices=list(OPERANDS))
    value = serializers.JSONField(required=False)
    values = serializers.ListField(child=serializers.JSONField(), required=False, help_text="For IN and NOT_IN.")
    high_value = serializers.JSONField(required=False, help_text="The upper end of BETWEEN.")
    type = serializers.CharField(required=False, help_text="The type of event that events.<field> counts.")
    currency = serializers.CharField(required=False)
    window = serializers.DictField(required=False)
    where = serializers.ListField(child=serializers.DictField(), required=False)


class FilterGroupSerializer(serializers.Serializer[object]):
    """Filters that must all hold."""

    filters = FilterSerializer(many=True)


class SortSerializer(serializers.Serializer[object]):
    """One column of the order."""

    property = serializers.ChoiceField(choices=[*SORTS, "id"])
    direction = serializers.ChoiceField(choices=list(_DIRECTIONS), required=False)


class CustomerSearchSerializer(serializers.Serializer[object]):
    """Filter groups of which one must hold, or a `rule` of the segment grammar; never both, never neither."""

    filter_groups = FilterGroupSerializer(many=True, required=False)
    rule = serializers.DictField(required=False)
    sorts = SortSerializer(many=True, required=False)
    fields = serializers.ListField(child=serializers.CharField(), required=False)  # type: ignore[assignment]
    expand = serializers.ListField(child=serializers.CharField(), required=False)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MAX_LIMIT)
    cursor = serializers.CharField(required=False)


class FoundSerializer(serializers.Serializer[object]):
    """A page of those who were found, and where the next begins."""

    data = CustomerSerializer(many=True)  # type: ignore[assignment]
    pagination = StretchSerializer()
    redacted = serializers.ListField(child=serializers.CharField(), required=False)
    withheld = serializers.DictField(child=serializers.IntegerField(), required=False, help_text=WITHHELD_HELP)


class CustomerSearch(CustomerView):
    """POST /api/v1/customers/search."""

    scopes = {"post": "customers:read"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Whoever has an identifier that a filter asks for."""
        return named_in(request.data.get("filter_groups") if isinstance(request.data, dict) else None)

    @extend_schema(
        operation_id="searchCustomers",
        summary="Search customers by a tree of filters",
        request=CustomerSearchSerializer,
        responses=FoundSerializer,
    )
    def post(self, request: Request) -> HttpResponse:
        """The people you know for whom all filters of one group hold, newest first, by cursor.

        Filters on identifiers, names, birth date, personal attributes, events and signals need customers.pii:read.
        """
        self.only()
        body = known(self.body(), "filter_groups", "rule", "sorts", "fields", "expand", "limit", "cursor")
        shape, using, now = self._shape(body), grammar(), timezone.now()
        node = _rule_of(body, using)
        if any(hidden_conditions(node=node, grammar=using)):
            require_scope(self.credential, "customers.pii:read")
        try:
            pages = FoundPages(node=node, grammar=using, columns=columns_for(shape.fields), now=now)
        except RuleError as refusal:
            raise refused_rule(refusal=refusal, at="") from refusal
        page = self._page(request._request, body, pages, node)
        rows, withheld = self.leaving(page.rows)
        self.told("customers.search", rows, shape)
        redacted = {"redacted": list(shape.redacted)} if shape.redacted else {}
        return json_response({"data": records(rows, shape), "pagination": page.pagination, **redacted, **withheld})

    def _shape(self, body: Mapping[str, Any]) -> Shape:
        fields = _names(body, "fields")
        blocks = parse_expand(",".join(_names(body, "expand") or ()))
        wanted = parse_fields(None if fields is None else ",".join(fields))
        reader = self.credential.client_id
        return shape_for(fields=wanted, blocks=blocks, sees_pii=self.sees_pii, reader=reader)

    def _page(self, request: HttpRequest, body: Mapping[str, Any], pages: FoundPages, node: Node) -> Page:
        """Cut as a list is cut: the members of the body stand for the parameters of a query string."""
        asked = QueryDict(mutable=True)
        asked.update({"pagination": "cursor", "rule": digest(encode(to_json(node)).decode())})
        for name in ("limit", "cursor"):
            if body.get(name) is not None:
                asked[name] = _plain(body, name)
        if sort := _sort(body):
            asked["sort"] = sort
        listed = copy(request)
        listed.GET = asked  # type: ignore[assignment]
        return paginate(listed, pages, sort_fields=SORTS, default_sort="-created_at", now=timezone.now())


def _rule_of(body: Mapping[str, Any], using: Grammar) -> Node:
    if ("filter_groups" in body) == ("rule" in body):
        message = "Send filter_groups, or a rule; to read everybody use GET /api/v1/customers."
        raise InvalidInput(message, code="missing_field", param="filter_groups")
    if "rule" in body:
        return checked_rule(raw=body["rule"], using=using)
    try:
        return read_groups(body["filter_groups"], using)
    except RuleError as refusal:
        raise refused_rule(refusal=refusal, at="/filter_groups") from refusal


def _names(body: Mapping[str, Any], name: str) -> list[str] | None:
    given = body.get(name)
    if given is not None and not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
        raise InvalidInput(f"Invalid '{name}': send a list of names.", param=name)
    return given


def _plain(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int if name == "limit" else str):
        raise InvalidInput(f"Invalid '{name}'", param=name)
    return str(value)


def _sort(body: Mapping[str, Any]) -> str:
    """The order as a query string would say it."""
    given = body.get("sorts", [])
    if not isinstance(given, list) or len(given) > len(SORTS) + 1:
        raise InvalidInput("Invalid 'sorts': send a list of columns.", param="sorts")
    terms = []
    for index, one in enumerate(given):
        shaped = isinstance(one, dict) and set(one) <= {"property", "direction"}
        direction = _DIRECTIONS.get(str(one.get("direction", "ASCENDING"))) if shaped else None
        if direction is None or one.get("property") not in (*SORTS, "id"):
            message = f"Invalid 'sorts': property {', '.join(SORTS)} or id, direction ASCENDING or DESCENDING."
            raise InvalidInput(message, param=f"sorts[{index}]")
        terms.append(f"{direction}{one['property']}")
    return ",".join(terms)
