"""/consent/tokens and /consent/tokens/{jti}."""

from collections.abc import Iterable

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import ConsentTokenSerializer, ConsentTokenStateSerializer
from consent.api.bodies import issued_body
from consent.api.requests import PEOPLE, checked, in_camel_case
from consent.api.serializers import ConsentTokenRequestSerializer, named_of
from consent.selectors.answers import token_answer
from consent.selectors.tokens import find_token
from consent.services.batches import issue_named
from consent.services.tokens import revoke_token
from core.api.gpc import Name, gpc_on, names_in
from core.api.views import ApiView
from core.errors import DomainError

TAG = ["Consent tokens"]


class ConsentTokens(ApiView):
    """POST /api/v1/consent/tokens."""

    scopes = {"post": "consent:write"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """For whom the token is to be."""
        return names_in(request.data, PEOPLE)

    @extend_schema(
        operation_id="issueConsentToken",
        summary="Issue a consent token",
        request=ConsentTokenRequestSerializer,
        responses={201: ConsentTokenSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """A signed token for what the person's record allows, or, where the place is opt-out, for what she was told.

        403 `consent_required` names each purpose that is not allowed, 403 `suppressed` a person to be left alone. A
        refusal is answered, not raised: it must not undo a signal that the same request carried.
        """
        data = checked(ConsentTokenRequestSerializer(data=request.data))
        purposes, notices = data.pop("purposes", []), data.pop("notices", [])
        try:
            issued = issue_named(
                person=named_of(data),
                purposes=purposes,
                notices=notices,
                by=self.actor,
                now=timezone.now(),
                gpc=gpc_on(request._request),
            )
        except DomainError as refusal:
            return self.handle_exception(in_camel_case(refusal))
        return Response(issued_body(issued), status=201, headers={"Cache-Control": "no-store"})


class ConsentTokenDetail(ApiView):
    """GET and DELETE /api/v1/consent/tokens/{jti}."""

    scopes = {"get": "consent:read", "delete": "consent:write"}

    @extend_schema(
        operation_id="getConsentToken",
        summary="State of a consent token",
        responses=ConsentTokenStateSerializer,
        tags=TAG,
    )
    def get(self, request: Request, jti: str) -> Response:
        """For whom and what it was issued, and whether it still holds."""
        return Response(token_answer(find_token(jti), timezone.now()))

    @extend_schema(operation_id="revokeConsentToken", summary="Revoke a consent token", responses={204: None}, tags=TAG)
    def delete(self, request: Request, jti: str) -> Response:
        """The token proves nothing from now on; repeating it changes nothing."""
        revoke_token(jti=jti, by=self.actor, now=timezone.now())
        return Response(status=204)
