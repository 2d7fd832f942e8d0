"""The base of every REST view: credential, scope, filters, pages, actor. Nouns only declare."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django_filters import FilterSet
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.actors import Actor, Credential
from core.api import idempotency
from core.api.conditional import check_unchanged_since_read, is_unchanged
from core.api.credentials import actor_of
from core.api.errors import check_given_once, wants_problem
from core.api.gpc import Name, hear
from core.api.pagination import PAGE_PARAMETERS, Page, paginate
from core.api.scopes import HasScope
from core.api.throttling import admit
from core.errors import DomainError, InvalidInput, Problem


class Principal:
    """The user object of REST framework for a machine: signed in, and nothing more."""

    is_authenticated = True
    is_active = True

    def __init__(self, credential: Credential) -> None:
        self.pk = credential.client_id
        self.credential = credential


class HubAuthentication(BaseAuthentication):
    """OAuth access tokens and API keys, in headers only."""

    def authenticate(self, request: Request) -> tuple[Principal, Credential]:
        """The principal and its credential, counted against its limits; raises the refusal otherwise."""
        view = (request.parser_context or {}).get("view")
        credential = admit(request._request, getattr(view, "resource", "api"))
        return Principal(credential), credential

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'


class Negotiation(DefaultContentNegotiation):
    """By the quality of what is accepted (RFC 9110); refusals of any kind can be problem details."""

    def get_accept_list(self, request: Request) -> list[str]:
        """What the caller takes; whoever takes nothing but problem details gets JSON when there is no problem."""
        sent = request.META.get("HTTP_ACCEPT")
        taken = [str(kind) for kind in request._request.accepted_types] if sent else ["*/*"]
        return [*taken, "*/*"] if wants_problem(request._request) else taken


class ScopedView(APIView):
    """What all REST views share. `scopes` maps each action (or lower-case method) to its scope.

    `resource` names the windows that calls are counted in. Every POST and PATCH honours Idempotency-Key;
    `key_required` names the actions (or methods) that refuse to work without. A view that `streams` its body must not
    have it read into memory, and sees to the key itself.
    """

    scopes: ClassVar[dict[str, str]] = {}
    resource: ClassVar[str] = "api"
    key_required: ClassVar[frozenset[str]] = frozenset()
    streams: ClassVar[bool] = False
    abstract: ClassVar[bool] = True
    admitted = False
    authentication_classes = [HubAuthentication]
    permission_classes = [HasScope]
    content_negotiation_class = Negotiation
    metadata_class = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        abstract = cls.__dict__.get("abstract", False)
        if not abstract and not cls.scopes:
            raise TypeError(f"{cls.__name__} declares no scopes")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check credential, limits and scope; then let the handler run once for each Idempotency-Key.

        A Global Privacy Control signal is heard before an answer is read, so that the answer knows of it, and after
        anything was written, so that people who are new are heard too.
        """
        super().initial(request, *args, **kwargs)
        check_given_once(request._request)
        self.admitted = True
        if request.method in SAFE_METHODS:
            hear(request._request, self.credential, ())
        name = (request.method or "").lower()
        if request.method in idempotency.METHODS and hasattr(self, name) and not self.streams:
            required = getattr(self, "action", None) in self.key_required or name in self.key_required
            if key := idempotency.key_of(request._request, required=required):
                setattr(self, name, partial(self._once, getattr(self, name), key))

    def options(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """204; which verbs are offered stands in `Allow`."""
        return Response(status=204)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer; when the signal changed what was written, without the entity tag of before."""
        made = super().finalize_response(request, response, *args, **kwargs)
        heard = self.admitted and request.method not in SAFE_METHODS
        if heard and hear(request._request, self.credential, self._people_named(request)):
            made.headers.pop("ETag", None)
        return made

    def _people_named(self, request: Request) -> Iterable[Name]:
        try:
            return self.people_in_body(request)
        except (ParseError, UnsupportedMediaType):
            return ()  # a body that is not JSON names nobody

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """What the body calls the people it is about; see `core.api.gpc`. Must take any body, also a wrong one."""
        return ()

    def _once(self, handler: Callable[..., Response], key: str, request: Request, /, *args: Any, **kw: Any) -> Any:
        def work() -> HttpResponse:
            try:
                with transaction.atomic():
                    response: Response = handler(request, *args, **kw)
            except (DomainError, Http404) as refusal:
                response = self.handle_exception(refusal)
            made: HttpResponse = self.finalize_response(request, response, *args, **kw)
            return made.render() if isinstance(made, Response) else made

        return idempotency.once(request._request, self.credential, key, work)

    def only(self, *names: str) -> None:
        """Refuse every parameter of the query string but these."""
        for name in self.request._request.GET:
            if name not in names:
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)

    def tagged(self, data: Any, etag: str) -> Response:
        """One object with its entity tag, or 304 when the caller has this version already."""
        unchanged = is_unchanged(self.request._request, etag)
        return Response(status=304, headers={"ETag": etag}) if unchanged else Response(data, headers={"ETag": etag})

    def check_unchanged(self, etag: str) -> None:
        """412 or 428 unless the caller may overwrite the version with this entity tag."""
        check_unchanged_since_read(self.request._request, self.credential, etag)

    @property
    def credential(self) -> Credential:
        """The credential of this request."""
        credential: Credential = self.request.auth  # type: ignore[assignment]
        return credential

    @property
    def actor(self) -> Actor:
        """Who is asking, as services and audit see it."""
        return actor_of(self.credential, self.request._request)

    @property
    def sees_pii(self) -> bool:
        """Whether personal fields may be shown to this credential."""
        return "customers.pii:read" in self.credential.scopes

    def list_page(
        self, queryset: QuerySet[Any], *, filterset: type[FilterSet] | None, now: datetime, total: Any = None
    ) -> Page:
        """Filter, sort and cut `queryset` by the query string; refuses unknown parameters and invalid values."""
        request = self.request._request
        queryset = apply_filters(request.GET, queryset, filterset)
        return paginate(
            request,
            queryset,
            sort_fields=getattr(self, "sort_fields", ("created_at", "updated_at")),
            default_sort=getattr(self, "default_sort", "-created_at"),
            now=now,
            total=total,
        )

    def page_response(self, page: Page, data: list[Any], **extra: Any) -> Response:
        """The documented envelope of a list."""
        headers = {"Link": page.link_header} if page.links else {}
        return Response({"data": data, "pagination": page.pagination, **extra}, headers=headers)


class ApiView(ScopedView):
    """A REST view for a single address."""

    abstract = True


class ApiViewSet(ScopedView, GenericViewSet):  # type: ignore[type-arg]
    """A REST resource; subclasses declare `queryset`, `serializer_class`, `filterset_class` and `scopes`."""

    abstract = True
    filterset_class: ClassVar[type[FilterSet] | None] = None

    def list(self, request: Request) -> HttpResponse:
        """One page."""
        page = self.list_page(self.get_queryset(), filterset=self.filterset_class, now=timezone.now())
        return self.page_response(page, list(self.get_serializer(page.rows, many=True).data))


def apply_filters(
    parameters: Any, queryset: QuerySet[Any], filterset: type[FilterSet] | None, also: frozenset[str] = frozenset()
) -> QuerySet[Any]:
    """`queryset` narrowed by the declared filters; unknown parameters and invalid values are refused by name."""
    known = set(filterset.base_filters) if filterset else set()
    for name in parameters:
        if name not in known and name not in PAGE_PARAMETERS and name not in also:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
        if name in known and not parameters[name]:
            raise InvalidInput(f"Invalid '{name}'", param=name)
    if filterset is None:
        return queryset
    filters = filterset(parameters, queryset=queryset)
    if not filters.is_valid():
        details = [Problem(name, "invalid_parameter", str(errors[0])) for name, errors in filters.errors.items()]
        raise InvalidInput(f"Invalid '{details[0].param}'", param=details[0].param, details=details)
    for name, value in filters.form.cleaned_data.items():
        if isinstance(value, datetime):
            filters.form.cleaned_data[name] = _in_utc(name, value)
    narrowed: QuerySet[Any] = filters.qs
    return narrowed


def _in_utc(name: str, value: datetime) -> datetime:
    """PostgreSQL knows fewer offsets and years than Python."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"Invalid '{name}'", param=name) from None
