"""Scopes on views: every action declares one; a view without is refused when its class is made."""

from typing import Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from core.api.credentials import require_scope

ANY: Final = ""
"""Declared where every valid credential may enter."""


class HasScope(BasePermission):
    """Lets a request through when its credential has the scope that the view declares for the action."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or Forbidden with the scope that is missing."""
        scope, pages = scope_of(view, request.method or ""), getattr(view, "from_pages", False)
        require_scope(request.auth, scope, from_pages=pages)  # type: ignore[arg-type]
        return True


def scope_of(view: APIView, method: str) -> str:
    """The scope of the action or method about to run; ANY where nothing will run because the verb is not offered."""
    name = method.lower()
    action = getattr(view, "action", None) or ("get" if name == "head" else name)
    scopes: dict[str, str] = getattr(view, "scopes", {})
    return scopes[action] if name != "options" and hasattr(view, name) else ANY
