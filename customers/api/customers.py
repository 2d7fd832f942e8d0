"""/customers: list, create, and one customer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of, is_unchanged
from core.api.gpc import Name, names_in
from core.api.pagination import paginate
from core.api.views import ApiView, ApiViewSet, ScopedView, apply_filters
from core.errors import InvalidInput
from core.ids import is_public_id
from customers.api.serializers import CustomerAnswerSerializer, CustomerInputSerializer, CustomerSerializer
from customers.models import Customer
from customers.rules.told import kinds_of
from customers.selectors.answers import (
    Row,
    Shape,
    answers,
    columns_for,
    encode,
    parse_fields,
    raw_rows,
    records,
    shape_for,
)
from customers.selectors.counts import count_for
from customers.selectors.criteria import criteria
from customers.selectors.customers import find_customer, list_customers
from customers.selectors.expansions import expand, parse_expand
from customers.selectors.filters import CustomerQueryFilter
from customers.selectors.pages import CustomerPages
from customers.selectors.recipients import (
    Barrier,
    barrier_for,
    check_leaving,
    kept_back,
    those_kept_back,
    those_leaving,
)
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.telling import note_told

SHAPING = [
    OpenApiParameter("fields", str, description="Fields to answer, separated by commas; `id` always comes."),
    OpenApiParameter("expand", str, description="Blocks to add, separated by commas: `segments`, `consent`."),
]


class Shaping(ScopedView):
    """What the addresses of customers share: the shape of answers and a body that is an object."""

    abstract = True
    tag = "Customers"

    def shape(self) -> Any:
        """Fields and blocks that the query string asks for, less what this credential may not see."""
        query = self.request._request.GET
        fields = parse_fields(query.get("fields"))
        blocks, reader = parse_expand(query.get("expand", "")), self.credential.client_id
        return shape_for(fields=fields, blocks=blocks, sees_pii=self.sees_pii, reader=reader)

    def leaving(self, rows: Sequence[Row]) -> tuple[list[Row], dict[str, dict[str, int]]]:
        """Those of the rows that may go to this client, and how many are kept back by the reason, for the answer."""
        barrier = barrier_for(self.credential.client_id, now=timezone.now())
        if barrier is None:
            return list(rows), {}
        held = kept_back(rows, barrier)
        return [row for row in rows if row.id not in held], {"withheld": dict(Counter(held.values()))} if held else {}

    def check_leaving(self, customer: Customer) -> None:
        """Forbidden, with the reason, unless data of this person may go to this client."""
        check_leaving(self.credential.client_id, customer_ids=[customer.pk], now=timezone.now())

    def told(self, way: str, rows: Iterable[Row], shape: Shape) -> None:
        """Note that this client is told about the people of these rows; of tombstones nothing is told."""
        note_told(
            to=f"client:{self.credential.client_id}",
            way=way,
            kinds=kinds_of((*shape.fields, *shape.blocks)),
            customer_ids=[row.id for row in rows if getattr(row, "deleted_at", None) is None],
        )

    def body(self) -> dict[str, Any]:
        """The JSON object sent; InvalidInput when it is something else."""
        data = self.request.data
        if not isinstance(data, dict):
            raise InvalidInput("The body must be a JSON object.", code="malformed_json")
        return data

    def answer(
        self, customer: Customer, *, status: int = 200, merged_from: str = "", location: str = ""
    ) -> HttpResponse:
        """One customer in the shape asked for, with its entity tag; names the absorbed visitor that was asked for."""
        shape, (rows, withheld) = self.shape(), self.leaving(rows_of(customer))
        place = {"Location": location} if location else {}
        if not rows:
            stored = {"id": customer.public_id, "object": "customer", **withheld}
            return json_response(stored, status=status, headers=place)
        data = answers(rows, shape)[0]
        self.told("customers.record", rows, shape)
        if merged_from != customer.public_id and is_public_id(merged_from, "cus"):
            data["merged_from"] = merged_from
        if shape.redacted and not data.get("deleted"):
            data["redacted"] = list(shape.redacted)
        return json_response(data, status=status, headers={"ETag": etag_for(customer)} | place)


class CustomerView(Shaping, ApiView):
    """A single address of customers."""

    abstract = True


class CustomerViewSet(Shaping, ApiViewSet):
    """/api/v1/customers and /api/v1/customers/{id}; {id} is `cus_...` or an external id, percent-encoded."""

    scopes = {
        "list": "customers:read",
        "create": "customers:write",
        "retrieve": "customers:read",
        "partial_update": "customers:write",
        "update": "customers:write",
        "destroy": "customers:delete",
    }
    queryset = list_customers()
    filterset_class = CustomerQueryFilter

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Whoever has the identifiers that the customer is to have."""
        return names_in(request.data, ("external_id", "email", "phone"))

    @extend_schema(parameters=SHAPING, responses=CustomerSerializer(many=True))
    def list(self, request: Request) -> HttpResponse:
        """List customers.

        The people you know, newest first; visitors and tombstones on demand. `_after` includes the instant itself,
        `_before` does not. People whose data may not go to your company are in no page and in no `total`; `withheld`
        says how many of those asked for they are, by the reason.
        """
        query, shape = request._request.GET, self.shape()
        barrier = barrier_for(self.credential.client_id, now=timezone.now())
        pages, whole = self._pages(query, shape, barrier), "include_deleted" in query
        page = paginate(
            request._request,
            pages,
            sort_fields=("created_at", "updated_at"),
            default_sort="-created_at",
            now=timezone.now(),
            total=lambda: count_for(pages.customers, query),
        )
        rows, withheld = page.rows, self._left_out(query, barrier) if barrier else {}
        data = answers(rows, shape) if whole else records(rows, shape)
        body = {"data": data, "pagination": page.pagination, **withheld}
        self.told("customers.list", rows, shape)
        if shape.redacted:
            body["redacted"] = shape.redacted
        return json_response(body, headers={"Link": page.link_header} if page.links else {})

    def _pages(self, query: QueryDict, shape: Shape, barrier: Barrier | None) -> CustomerPages:
        """What may not leave through the barrier is not asked for, so that pages are full and totals are right."""
        return CustomerPages(
            asked=query,
            fixed=barrier is None and query.keys().isdisjoint(_of_upper_floors()),
            columns=Row._fields if "include_deleted" in query else columns_for(shape.fields),
            narrow=lambda: those_leaving(self._asked(query), barrier) if barrier else self._asked(query),
        )

    def _asked(self, query: QueryDict) -> QuerySet[Any]:
        return apply_filters(query, self.get_queryset(), CustomerQueryFilter, _of_upper_floors())

    def _left_out(self, query: QueryDict, barrier: Barrier) -> dict[str, dict[str, int]]:
        """How many of all those asked for may not leave, by the reason: beside a total and on the first page."""
        if "cursor" in query or query.get("count") == "none":
            return {}
        asked = those_kept_back(self._asked(query), barrier)
        counts = {why: count_for(rows, query) for why, rows in asked.items()}
        found = {why: count for why, count in counts.items() if count}
        return {"withheld": found} if found else {}

    @extend_schema(request=CustomerInputSerializer, responses={201: CustomerAnswerSerializer})
    def create(self, request: Request) -> HttpResponse:
        """Create a customer.

        Refused when an identifier belongs to another customer or to a person on the suppression list. Of somebody whose
        data may not go to your company only `id`, `object` and `withheld` are answered: nothing that we knew or added.
        """
        self.only("fields", "expand")
        customer = create_customer(properties=self.body(), by=self.actor, now=timezone.now())
        return self.answer(customer, status=201, location=f"/api/v1/customers/{customer.public_id}")

    @extend_schema(
        parameters=[*SHAPING, OpenApiParameter("include_deleted", bool, description="Answer a tombstone, not 404.")],
        responses=CustomerAnswerSerializer,
    )
    def retrieve(self, request: Request, reference: str) -> HttpResponse:
        """Read a customer.

        An absorbed visitor answers as who absorbed it, and `merged_from` names it.
        """
        self.only("fields", "expand", "include_deleted")
        wants_deleted = request._request.GET.get("include_deleted") == "true"
        customer = find_customer(reference=reference, include_deleted=wants_deleted)
        self.check_leaving(customer)
        if is_unchanged(request._request, etag_for(customer)):
            return HttpResponse(status=304, headers={"ETag": etag_for(customer)})
        return self.answer(customer, merged_from=reference)

    @extend_schema(request=CustomerInputSerializer, responses=CustomerAnswerSerializer)
    def partial_update(self, request: Request, reference: str) -> HttpResponse:
        """Change some fields of a customer.

        The given fields change; null empties one; of `attributes` only the named keys change.
        """
        return self._update(reference, replace=False)

    @extend_schema(request=CustomerInputSerializer, responses=CustomerAnswerSerializer)
    def update(self, request: Request, reference: str) -> HttpResponse:
        """Replace a customer.

        The given fields are the whole profile; what is left out is emptied.
        """
        return self._update(reference, replace=True)

    def _update(self, reference: str, *, replace: bool) -> HttpResponse:
        self.only("fields", "expand")
        customer = find_customer(reference=reference)
        self.check_leaving(customer)
        updated = update_customer(
            customer=customer,
            properties=self.body(),
            replace=replace,
            expected_xid=self._expected_xid(customer),
            by=self.actor,
            now=timezone.now(),
        )
        return self.answer(updated)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, reference: str) -> Response:
        """Delete a customer.

        Everything personal is gone; incremental readers see a tombstone.
        """
        self.only()
        customer = find_customer(reference=reference)
        delete_customer(
            customer=customer,
            reason="deleted by API client",
            expected_xid=self._expected_xid(customer),
            by=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)

    def _expected_xid(self, customer: Customer) -> int | None:
        """Check If-Match against the present version; the version the write must still find, if one was named."""
        self.check_unchanged(etag_for(customer))
        given = self.request._request.headers.get("If-Match", "*")
        return None if given.strip() == "*" else customer.xid


def _of_upper_floors() -> frozenset[str]:
    """The filters that are not those of customers themselves."""
    return frozenset(criterion.name for criterion in criteria())


def rows_of(customer: Customer) -> list[Row]:
    """The raw row of one customer."""
    return list(raw_rows(Customer.objects.filter(pk=customer.pk)))


def etag_for(customer: Customer) -> str:
    """Changes whenever the row, its tags, its consent or its segments change."""
    return etag_of(customer.public_id, customer.xid, expand(name="segments", customer_ids=[customer.pk]))


def json_response(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Encoded once, by msgspec; outside REST framework's renderers."""
    return HttpResponse(encode(body), status=status, content_type="application/json", headers=headers or {})
