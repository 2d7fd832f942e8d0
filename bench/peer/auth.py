"""The peer's credential check, in a module of its own because REST framework imports it early."""

from typing import Any

from rest_framework import authentication, exceptions
from rest_framework.request import Request

from bench.peer.models import Token


class _User:
    is_authenticated = True


class TokenAuthentication(authentication.BaseAuthentication):
    """A bearer token, one query a request."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        """The user behind the token."""
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = Token.objects.filter(key=key, active=True).first()
        if token is None:
            raise exceptions.AuthenticationFailed
        return _User(), token
