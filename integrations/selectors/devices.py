"""Questions about devices that wait for a member of staff (RFC 8628)."""

from dataclasses import dataclass
from datetime import datetime

from oauth2_provider.models import DeviceGrant

from core.crypto import digest
from core.errors import NotFound
from core.models import StaffUser
from integrations.models import ApiClient
from integrations.rules.devices import typed_code
from integrations.selectors.clients import find_active, grantable_scopes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits: of which client, and what of its wishes this person may allow."""

    grant: DeviceGrant
    client: ApiClient
    scopes: tuple[str, ...]


def find_waiting(*, user_code: str, user: StaffUser, now: datetime, lock: bool = False) -> Waiting:
    """The device that shows this code; NotFound for one that is wrong, has expired or was decided on.

    With `lock` nobody else decides until the transaction ends.
    """
    letters = typed_code(user_code)
    grants = DeviceGrant.objects.filter(
        user_code=digest(letters), status=DeviceGrant.AUTHORIZATION_PENDING, expires__gt=now
    )
    found = list((grants.select_for_update() if lock else grants)[:2]) if letters else []
    client = find_active(client_id=found[0].client_id) if len(found) == 1 else None
    if client is None:
        raise NotFound("No device waits with this code. Codes hold ten minutes and work once: start again there.")
    allowed = grantable_scopes(client=client, user=user)
    return Waiting(found[0], client, tuple(scope for scope in found[0].scope.split() if scope in allowed))
