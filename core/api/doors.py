"""Plain Django views that keep the rules of the API: for the paths where REST framework would cost too much."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from core.actors import Credential
from core.api import idempotency
from core.api.credentials import require_scope
from core.api.errors import MethodNotAllowed, check_acceptable, check_given_once, error_response
from core.api.gpc import hear
from core.api.throttling import admit
from core.errors import DomainError

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Door:
    """What a plain view declares; kept on it as `door` so that tests and the schema can read it."""

    scope: str
    resource: str
    methods: Collection[str]
    idempotent: bool
    from_pages: bool
    repeats: Collection[str]


def door(
    *,
    scope: str,
    resource: str = "api",
    methods: Collection[str] = ("POST",),
    idempotent: bool = True,
    from_pages: bool = False,
    repeats: Collection[str] = (),
) -> Callable[[View], View]:
    """Let `view(request, credential, ...)` be called only with the scope, inside the limits of `resource`.

    Refusals of any kind answer the error body of the API. With `idempotent` an Idempotency-Key on POST or PATCH is
    honoured; without the header it costs nothing. With `from_pages` publishable keys may enter too. No parameter
    but `repeats` may be given twice.
    """
    declared: Final = Door(scope, resource, frozenset(methods), idempotent, from_pages, repeats)

    def declare(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                credential = admit(request, resource)
                _check_method(request, declared.methods)
                check_acceptable(request)
                require_scope(credential, scope, from_pages=from_pages)
                check_given_once(request, but=repeats)
                hear(request, credential, ())
                if idempotent and request.method in idempotency.METHODS and (key := idempotency.key_of(request)):
                    return _once(view, request, credential, key, args, kwargs)
                return view(request, credential, *args, **kwargs)
            except DomainError as error:
                return error_response(error, request)

        entered.door = declared  # type: ignore[attr-defined]
        return entered

    return declare


def _check_method(request: HttpRequest, methods: Collection[str]) -> None:
    if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
        raise MethodNotAllowed("This verb is not offered here.", headers={"Allow": ", ".join(sorted(methods))})


def _once(
    view: View, request: HttpRequest, credential: Credential, key: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> HttpResponse:
    def work() -> HttpResponse:
        try:
            with transaction.atomic():
                return view(request, credential, *args, **kwargs)
        except DomainError as error:
            return error_response(error, request)

    return idempotency.once(request, credential, key, work)
