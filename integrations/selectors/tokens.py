"""Facts about OAuth tokens."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from oauth2_provider.models import AccessToken, RefreshToken

from core.crypto import digest
from core.models import StaffUser
from integrations.models import ApiClient
from integrations.selectors.clients import binding_of, grantable_scopes, with_binding
from integrations.selectors.signing import looks_like_jwt, verified_claims


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """A living token: whose (public id and OAuth id of the client), for what, from when to when (Unix seconds)."""

    id: str
    client_id: str
    oauth_client_id: str
    subject: str
    username: str
    scope: str
    issued: int
    expires: int
    audience: list[str]
    bound_to: tuple[str, str] = ("", "")


def describe_token(*, token: str, now: datetime) -> TokenFacts | None:
    """Facts about an access or refresh token that still works; None for any other text."""
    checksum = digest(token)
    tokens = with_binding(AccessToken.objects.select_related("application", "user"))
    access = tokens.filter(token_checksum=checksum).first()
    if access is not None:
        facts = _facts(access, "at", access.scope, access.expires, now)
        facts = replace(facts, bound_to=binding_of(access)) if facts else None
        return _as_signed(facts, token, now) if facts and looks_like_jwt(token) else facts
    refresh = (
        RefreshToken.objects.select_related("application", "user", "access_token")
        .filter(token_checksum=checksum, revoked__isnull=True, access_token__isnull=False)
        .first()
    )
    if refresh is None:
        return None
    life = timedelta(seconds=settings.OAUTH2_PROVIDER["REFRESH_TOKEN_EXPIRE_SECONDS"])
    return _facts(refresh, "rt", refresh.access_token.scope, refresh.access_token.expires + life, now)


def _as_signed(facts: TokenFacts, token: str, now: datetime) -> TokenFacts | None:
    """Id and audience as the JWT itself says; None when its signature holds no more."""
    claims = verified_claims(token=token, now=now)
    if claims is None:
        return None
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return replace(facts, id=claims["jti"], audience=audience)


def _facts(
    token: AccessToken | RefreshToken, kind: str, scope: str, expires: datetime, now: datetime
) -> TokenFacts | None:
    client: ApiClient | None = token.application
    user: StaffUser | None = token.user
    if client is None or client.disabled_at is not None or expires <= now:
        return None
    scopes = frozenset(scope.split()) & grantable_scopes(client=client, user=user)
    return TokenFacts(
        id=f"{kind}_{token.pk}",
        client_id=client.public_id,
        oauth_client_id=client.client_id,
        subject=user.public_id if user else client.client_id,
        username=user.public_id if user else "",
        scope=" ".join(sorted(scopes)),
        issued=int(token.created.timestamp()),
        expires=int(expires.timestamp()),
        audience=token.resource or [],
    )
