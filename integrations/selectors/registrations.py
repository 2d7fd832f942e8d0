"""Questions about clients that register themselves, and what lets them."""

from datetime import datetime

from django.db.models import F, Q, QuerySet

from core.crypto import digest
from core.errors import NotFound
from integrations.models import ApiClient, Registration, RegistrationToken
from integrations.rules.registrations import token_state


def list_registration_tokens() -> QuerySet[RegistrationToken]:
    """All initial access tokens, dead ones included, in no order."""
    return RegistrationToken.objects.all()


def narrow_to_state(rows: QuerySet[RegistrationToken], *, living: bool, now: datetime) -> QuerySet[RegistrationToken]:
    """Those that still let clients in, or those that do not."""
    alive = Q(revoked_at__isnull=True, expires_at__gt=now, uses__lt=F("most_uses"))
    return rows.filter(alive if living else ~alive)


def state_of(token: RegistrationToken, now: datetime) -> str:
    """`revoked`, `expired`, `used` (as often as it may be), else `active`."""
    return token_state(
        revoked_at=token.revoked_at, expires_at=token.expires_at, uses=token.uses, most_uses=token.most_uses, now=now
    )


def find_registration_token(*, public_id: str) -> RegistrationToken:
    """By public id; NotFound otherwise."""
    row = RegistrationToken.objects.filter(public_id=public_id).first()
    if row is None:
        raise NotFound(f"There is no registration token {public_id}.")
    return row


def find_registration(*, client: ApiClient) -> Registration | None:
    """How this client registered itself; None when staff registered it."""
    return Registration.objects.select_related("token").filter(client=client).first()


def find_opened(*, client_id: str, secret: str) -> Registration | None:
    """What the registration access token opens: the registration of the client with this OAuth id, or nothing."""
    rows = Registration.objects.select_related("client", "token").filter(digest=digest(secret), ended_at__isnull=True)
    return rows.filter(client__client_id=client_id, client__disabled_at__isnull=True).first()
