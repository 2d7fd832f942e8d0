"""Lists: offset pages exactly as documented, and signed keyset cursors for deep or incremental reading."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from core.crypto import digest, open_text, sign_text
from core.errors import Gone, InvalidInput

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_OFFSET: Final = 10_000
CURSOR_LIFE: Final = timedelta(hours=24)
PAGE_PARAMETERS: Final = frozenset({"limit", "offset", "cursor", "pagination", "sort", "count", "fields", "expand"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows and what goes beside it: the `pagination` member and the `Link` header."""

    rows: list[Any]
    pagination: dict[str, Any]
    links: dict[str, str]

    @property
    def link_header(self) -> str:
        """RFC 8288 value, or empty."""
        return ", ".join(f'<{url}>; rel="{rel}"' for rel, url in self.links.items())


def whole_number(request: HttpRequest, name: str, default: int, lowest: int, highest: int) -> int:
    """The parameter as an integer inside its bounds, else InvalidInput `Invalid '<name>'`."""
    raw = request.GET.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or not lowest <= int(raw) <= highest:
        raise InvalidInput(f"Invalid '{name}'", param=name)
    return int(raw)


def parse_sort(request: HttpRequest, allowed: Sequence[str], default: str) -> list[str]:
    """Field names with optional leading '-', ending in `id` so that the order is total."""
    raw = request.GET.get("sort", default)
    terms = [term.strip() for term in raw.split(",") if term.strip()]
    for term in terms:
        if term.lstrip("-") not in (*allowed, "id") or term.startswith("--"):
            raise InvalidInput("Invalid 'sort'", param="sort")
    if not any(term.lstrip("-") == "id" for term in terms):
        terms.append("-id" if terms and terms[-1].startswith("-") else "id")
    return terms


def paginate(
    request: HttpRequest,
    queryset: Any,
    *,
    sort_fields: Sequence[str],
    default_sort: str,
    now: datetime,
    total: Any = None,
) -> Page:
    """One page of `queryset`: by cursor when `cursor=` or `pagination=cursor` is given, else by offset.

    `total` may be a callable that counts cheaper than `queryset.count()`. In place of a queryset anything will do that
    has `read_page(order, position, first, end)`.
    """
    limit = whole_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    order = parse_sort(request, sort_fields, default_sort)
    mode = request.GET.get("pagination", "cursor" if "cursor" in request.GET else "offset")
    if mode not in ("offset", "cursor"):
        raise InvalidInput("Invalid 'pagination'", param="pagination")
    if mode == "cursor":
        return _cursor_page(request, queryset, limit, order, now)
    return _offset_page(request, queryset, limit, order, total or queryset.count)


def _offset_page(request: HttpRequest, queryset: Any, limit: int, order: list[str], count: Any) -> Page:
    offset = whole_number(request, "offset", 0, 0, 999_999_999)
    if offset > MAX_OFFSET:
        raise InvalidInput(f"Invalid 'offset': beyond {MAX_OFFSET} use pagination=cursor", param="offset")
    wanted = request.GET.get("count", "exact")
    if wanted not in ("exact", "estimate", "none"):
        raise InvalidInput("Invalid 'count'", param="count")
    total = None if wanted == "none" else count()
    rows = _read(queryset, order, None, offset, offset + limit + 1)
    links = {}
    if len(rows) > limit and offset + limit <= MAX_OFFSET:
        links["next"] = _link(request, offset=str(offset + limit))
    if offset:
        links["prev"] = _link(request, offset=str(max(0, offset - limit)))
    pagination = {"limit": limit, "offset": offset} | ({} if total is None else {"total": total})
    return Page(rows=rows[:limit], pagination=pagination, links=links)


def _cursor_page(request: HttpRequest, queryset: Any, limit: int, order: list[str], now: datetime) -> Page:
    scope = _scope_of(request, order)
    cursor = request.GET.get("cursor", "")
    position = _open_cursor(cursor, scope, now) if cursor else None
    rows = _read(queryset, order, position, 0, limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    pagination: dict[str, Any] = {"limit": limit, "has_more": more, "next_cursor": None}
    links = {}
    if more:
        pagination["next_cursor"] = _seal_cursor(order, rows[-1], scope, now)
        links["next"] = _link(request, cursor=pagination["next_cursor"], pagination="cursor")
    return Page(rows=rows, pagination=pagination, links=links)


def _read(queryset: Any, order: list[str], position: list[Any] | None, first: int, end: int) -> list[Any]:
    if hasattr(queryset, "read_page"):
        return list(queryset.read_page(order, position, first, end))
    if position is not None:
        queryset = queryset.filter(_after(order, position, queryset.model))
    return list(queryset.order_by(*order)[first:end])


def _scope_of(request: HttpRequest, order: list[str]) -> str:
    """What a cursor is bound to: path, filters and order; `limit` may change between pages."""
    filters = sorted((k, v) for k, v in request.GET.items() if k not in ("cursor", "limit", "pagination", "sort"))
    return digest(json.dumps([request.path, filters, order]))[:16]


def _seal_cursor(order: list[str], row: Any, scope: str, now: datetime) -> str:
    read = row.get if isinstance(row, dict) else partial(getattr, row)
    values = [read(term.lstrip("-")) for term in order]
    return sign_text("cursor", json.dumps([scope, int((now + CURSOR_LIFE).timestamp()), values], default=str))


def _open_cursor(text: str, scope: str, now: datetime) -> list[Any]:
    opened = open_text("cursor", text)
    if opened is None:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    bound_to, expires, values = json.loads(opened)
    if bound_to != scope:
        raise InvalidInput("Invalid 'cursor': it belongs to other filters or another order", param="cursor")
    if now.timestamp() > expires:
        raise Gone("This cursor has expired; start again.", param="cursor")
    return list(values)


def _after(order: list[str], values: list[Any], model: type[Model]) -> Q:
    """Rows behind the position in a total order, nulls last in ascending and first in descending order."""
    condition = Q()
    for index, term in enumerate(order):
        equal = Q(**{order[i].lstrip("-"): _typed(model, order[i], values[i]) for i in range(index)})
        condition |= equal & _beyond(term, _typed(model, term, values[index]))
    return condition & _bound(order[0], _typed(model, order[0], values[0]), model)


def _bound(term: str, value: Any, model: type[Model]) -> Q:
    """The same once more for the first column alone: with it an index is entered at the position, not at its start."""
    if value is None or (not term.startswith("-") and model._meta.get_field(term.lstrip("-")).null):
        return Q()
    return Q(**{f"{term.lstrip('-')}__{'lte' if term.startswith('-') else 'gte'}": value})


def _beyond(term: str, value: Any) -> Q:
    name = term.lstrip("-")
    if term.startswith("-"):
        return Q(**{f"{name}__isnull": False}) if value is None else Q(**{f"{name}__lt": value})
    return Q(pk__in=[]) if value is None else Q(**{f"{name}__gt": value}) | Q(**{f"{name}__isnull": True})


def _typed(model: type[Model], term: str, value: Any) -> Any:
    kind = model._meta.get_field(term.lstrip("-")).get_internal_type()
    return parse_datetime(value) if kind == "DateTimeField" and isinstance(value, str) else value


def _link(request: HttpRequest, **changes: str) -> str:
    query = {k: v for k, v in request.GET.items() if k not in ("offset", "cursor")} | changes
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"
