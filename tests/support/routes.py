"""The addresses of the product, read from its URL map."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from core.api.scopes import ANY
from core.api.views import ScopedView


@dataclass(frozen=True)
class Route:
    """One verb at one address; `scope` is None where the view declares none."""

    path: str
    method: str
    scope: str | None
    action: str
    view: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def filled(self, value: str = "unknown") -> str:
        """The address with `value` for each variable, or a number where one is wanted."""
        path = re.sub(r"<int:[^>]+>", "999999", self.path)
        return "/" + re.sub(r"<[^>]+>", value, path)

    @property
    def template(self) -> str:
        """The address as OpenAPI writes it."""
        return "/" + re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", self.path)


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the product and its pattern."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield route, entry


def api_routes(prefix: str = "api/v1/") -> list[Route]:
    """Every verb below `prefix`, with the scope that its view declares."""
    return [route for path, entry in patterns() if path.startswith(prefix) for route in _verbs(path, entry.callback)]


def _verbs(path: str, callback: Any) -> Iterator[Route]:
    doors = getattr(callback, "doors", None) or tuple(filter(None, [getattr(callback, "door", None)]))
    if doors:
        yield from (Route(path, m, door.scope, m.lower(), callback) for door in doors for m in sorted(door.methods))
        return
    view = getattr(callback, "cls", None)
    if view is None or not issubclass(view, ScopedView):
        yield Route(path, "GET", None, "", callback)
        return
    offered = getattr(callback, "actions", None) or {
        name: name for name in view.http_method_names if hasattr(view, name)
    }
    for method, action in offered.items():
        if method not in ("head", "options"):
            yield Route(path, method.upper(), view.scopes.get(action), action, view)


__all__ = ["ANY", "Route", "api_routes", "patterns"]
