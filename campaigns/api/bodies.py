"""What the addresses of campaigns share about the bodies they take."""

from typing import Any

from core.api.views import ScopedView
from core.errors import InvalidInput


class Bodies(ScopedView):
    """A body that is a JSON object."""

    abstract = True

    def body(self, *names: str) -> dict[str, Any]:
        """The object sent; with `names`, no other members than these."""
        data = self.request.data
        if not isinstance(data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        for name in data if names else ():
            if name not in names:
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        return dict(data)

    def reason(self) -> str:
        """Why, which may be left out as the whole body may; nothing else is taken."""
        reason = self.body("reason").get("reason", "") if self.request.data else ""
        if not isinstance(reason, str) or len(reason) > 300:
            raise InvalidInput("Invalid 'reason': a text of at most 300 characters.", param="reason")
        return reason
