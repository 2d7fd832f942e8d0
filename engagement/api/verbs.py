"""One address that plain views share by verb."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from core.api.errors import MethodNotAllowed, error_response

View = Callable[..., HttpResponse]


def by_method(**views: View) -> View:
    """A door for each verb: `by_method(GET=read, POST=write)`; they are kept as `doors` for tests and the schema."""

    @csrf_exempt
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        view = views.get("GET" if request.method == "HEAD" else request.method or "")
        if view is not None:
            return view(request, *args, **kwargs)
        error = MethodNotAllowed("This verb is not offered here.", headers={"Allow": ", ".join(sorted(views))})
        return error_response(error, request)

    entered.doors = tuple(view.door for view in views.values())  # type: ignore[attr-defined]
    return entered
