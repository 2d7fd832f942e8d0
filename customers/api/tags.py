"""/users/{userId}/tags: the tags of a customer, in the literal camelCase contract."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import InvalidInput
from customers.api.customers import CustomerView
from customers.api.serializers import TagsChangeSerializer, TagsInputSerializer, TagsSerializer
from customers.models import Customer, TagOrigin
from customers.selectors.customers import find_customer, tag_names
from customers.services.tags import change_tags, replace_tags
from customers.services.telling import tell


class _TagsView(CustomerView):
    abstract = True
    tag = "Tags"

    def answer_tags(self, user_id: str, customer: Customer) -> Response:
        """The present set."""
        customer.refresh_from_db(fields=["updated_at"])
        tell(
            to=str(self.actor), way="customers.tags", kinds=("groups",), customer_ids=[customer.pk], now=timezone.now()
        )
        body = {"userId": user_id, "tags": tag_names(customer), "updatedAt": customer.updated_at}
        return Response(TagsSerializer(body).data)

    def names(self, member: str) -> list[object]:
        """The list under `member` of the body; [] when it is absent."""
        names = self.body().get(member, [])
        if not isinstance(names, list):
            raise InvalidInput(f"Invalid '{member}'", param=member)
        return names


class CustomerTags(_TagsView):
    """GET, PUT and PATCH /api/v1/users/{userId}/tags."""

    scopes = {"get": "customers:read", "put": "tags:write", "patch": "tags:write"}

    @extend_schema(
        operation_id="getTags",
        summary="Tags of a customer",
        responses=TagsSerializer,
    )
    def get(self, request: Request, user_id: str) -> Response:
        """The tags the customer has; `{userId}` is an external id or `cus_...`."""
        self.only()
        return self.answer_tags(user_id, find_customer(reference=user_id))

    @extend_schema(
        operation_id="replaceTags",
        summary="Replace the tags of a customer",
        request=TagsInputSerializer,
        responses=TagsSerializer,
    )
    def put(self, request: Request, user_id: str) -> Response:
        """The customer has exactly these tags afterwards: what is not listed comes off."""
        self.only()
        self._known_members({"tags"})
        if "tags" not in self.body():
            raise InvalidInput("Missing required field 'tags'", code="missing_field", param="tags")
        customer = find_customer(reference=user_id)
        self.check_leaving(customer)
        replace_tags(
            customer=customer, tags=self.names("tags"), origin=TagOrigin.API, by=self.actor, now=timezone.now()
        )
        return self.answer_tags(user_id, customer)

    @extend_schema(
        operation_id="changeTags",
        summary="Put tags on and take tags off",
        request=TagsChangeSerializer,
        responses=TagsSerializer,
    )
    def patch(self, request: Request, user_id: str) -> Response:
        """Tags of `add` are on and those of `remove` are off afterwards; all others stay."""
        self.only()
        self._known_members({"add", "remove", "expires_at"})
        sent = TagsChangeSerializer(data={"expires_at": self.body().get("expires_at")})
        sent.is_valid(raise_exception=True)
        customer = find_customer(reference=user_id)
        self.check_leaving(customer)
        change_tags(
            customer_ids=[customer.pk],
            add=self.names("add"),
            remove=self.names("remove"),
            expires_at=sent.validated_data["expires_at"],
            origin=TagOrigin.API,
            by=self.actor,
            now=timezone.now(),
        )
        return self.answer_tags(user_id, customer)

    def _known_members(self, known: set[str]) -> None:
        for name in self.body():
            if name not in known:
                raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name))


class CustomerTagDetail(_TagsView):
    """DELETE /api/v1/users/{userId}/tags/{tag}."""

    scopes = {"delete": "tags:write"}

    @extend_schema(
        operation_id="removeTag",
        summary="Take one tag off",
        responses={200: TagsSerializer},
    )
    def delete(self, request: Request, user_id: str, tag: str) -> Response:
        """The customer does not have this tag afterwards, whether or not it had."""
        self.only()
        customer = find_customer(reference=user_id)
        self.check_leaving(customer)
        change_tags(customer_ids=[customer.pk], remove=[tag], origin=TagOrigin.API, by=self.actor, now=timezone.now())
        return self.answer_tags(user_id, customer)
