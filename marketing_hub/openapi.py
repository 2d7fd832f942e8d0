"""The OpenAPI 3.1 document: how a view becomes an operation, and what every operation shares."""

from typing import Any, Final

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from core.api import idempotency
from core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET
from core.api.scopes import scope_of
from core.api.views import ScopedView

_VERBS: Final = {
    "list": "list",
    "retrieve": "get",
    "create": "create",
    "update": "replace",
    "partial_update": "update",
    "destroy": "delete",
}
_QUERY: Final = OpenApiParameter.QUERY
_HEADER: Final = OpenApiParameter.HEADER
_LIST_PARAMETERS: Final = (
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        _QUERY,
        description="Rows a page; any other value is refused.",
    ),
    OpenApiParameter(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0},
        _QUERY,
        description="Rows to skip; beyond this bound use `pagination=cursor`.",
    ),
    OpenApiParameter(
        "pagination",
        {"type": "string", "enum": ["offset", "cursor"], "default": "offset"},
        _QUERY,
        description="`cursor` begins keyset paging, whose pages cost the same however deep.",
    ),
    OpenApiParameter("cursor", str, _QUERY, description="`next_cursor` of the page before; good for 24 hours."),
    OpenApiParameter(
        "count",
        {"type": "string", "enum": ["exact", "estimate", "none"], "default": "exact"},
        _QUERY,
        description="Whether `pagination.total` is counted.",
    ),
    OpenApiParameter("sort", str, _QUERY, description="Fields, comma-separated, `-` in front for descending."),
)
_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": 255},
    _HEADER,
    description="Repeats of the request with this key within 24 hours have one effect and get the same answer.",
)


class Envelope:
    """The shape of a page, for the document only; pages are cut by `core.api.pagination`."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The documented envelope around the rows."""
        page = {"$ref": "#/components/schemas/Pagination"}
        return {
            "type": "object",
            "required": ["data", "pagination"],
            "properties": {"data": schema, "pagination": page},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """None: they are declared with the others."""
        return []


class HubSchema(AutoSchema):
    """Operations named like `listCustomers`, with what the views declare."""

    view: ScopedView  # type: ignore[override]

    def get_operation_id(self) -> str:
        """Verb and noun of a resource; the action's own name where there is one."""
        noun = type(self.view).__name__.removesuffix("ViewSet").removesuffix("View")
        action = getattr(self.view, "action", None) or self.method.lower()
        if action in _VERBS:
            plural = noun if noun.endswith("s") else f"{noun}s"
            return _VERBS[action] + (plural if action == "list" else noun.removesuffix("s"))
        head, *rest = action.split("_")
        return head + "".join(word.title() for word in rest) + noun

    def get_summary(self) -> str:
        """The first sentence of the docstring."""
        return _paragraphs(super().get_description())[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """The docstring and the scope."""
        text = super().get_description()
        scope = scope_of(self.view, self.method)
        return f"{text}\n\nNeeds the scope `{scope}`." if scope else text

    def get_tags(self) -> list[str]:
        """What the view says, else the first word of the address."""
        return [getattr(self.view, "tag", None) or tag_of(self.path)]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """A token with the scope, or a key."""
        return security_of(scope_of(self.view, self.method))

    def get_override_parameters(self) -> list[Any]:
        """Paging and filters of lists, Idempotency-Key of writes."""
        parameters: list[Any] = []
        if getattr(self.view, "action", None) == "list":
            parameters += _LIST_PARAMETERS
        if self.method in idempotency.METHODS:
            names = {getattr(self.view, "action", None), self.method.lower()}
            required = bool(names & self.view.key_required)
            parameters.append(OpenApiParameter(_KEY.name, _KEY.type, _HEADER, required, description=_KEY.description))
        return parameters

    def get_filter_backends(self) -> list[Any]:
        """The declared filters, read through django-filter."""
        listed = getattr(self.view, "action", None) == "list" and getattr(self.view, "filterset_class", None)
        return [DjangoFilterBackend] if listed else []

    def _get_paginator(self) -> Envelope:
        return Envelope()


def _paragraphs(text: str) -> list[str]:
    return [part for part in text.split("\n") if part.strip()] or [""]


def tag_of(path: str) -> str:
    """`/api/v1/customers/{id}` belongs to `Customers`."""
    word = path.removeprefix("/api/v1").strip("/").split("/")[0].split("{")[0]
    return word.replace("-", " ").replace("_", " ").capitalize() or "Other"


def security_of(scope: str) -> list[dict[str, list[str]]]:
    """An access token with the scope, an API key, or a token that is bound to the certificate of the connection."""
    token = {"oauth2": [scope] if scope else []}
    return [token, {"apiKey": []}, {**token, "mutualTLS": []}]
