"""Verbs of the device flow (RFC 8628): a device asks for codes, a member of staff decides, the device fetches a token.

Both codes are kept as digests only. What was allowed is fetched once, and nothing outlives its ten minutes.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from oauth2_provider.models import DeviceGrant

from core import audit
from core.actors import Actor
from core.crypto import digest, new_secret
from core.errors import InvalidState
from core.models import StaffUser
from integrations.models import ApiClient
from integrations.rules.devices import LETTERS, LONGEST_S, PAUSE_S, SHOWN, SLOWER_S, is_too_soon, shown_code
from integrations.selectors.devices import Waiting, find_waiting
from integrations.services.clients import MODE

LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Codes:
    """The code that the device keeps, and the one that a person types."""

    device_code: str
    user_code: str


@dataclass(frozen=True, slots=True)
class Poll:
    """What the device is told (RFC 8628 section 3.5), and with `authorized` by whom and for what."""

    status: str
    user: StaffUser | None = None
    scopes: tuple[str, ...] = ()


def begin_device(*, client: ApiClient, scopes: list[str], now: datetime) -> Codes:
    """Fresh codes for a device of this client that asks for `scopes`."""
    typed = "".join(secrets.choice(LETTERS) for _ in range(SHOWN))
    codes = Codes(new_secret(f"mhd_{MODE}_"), shown_code(typed))
    grant = DeviceGrant.objects.create(
        client_id=client.client_id,
        device_code=digest(codes.device_code),
        user_code=digest(typed),
        scope=" ".join(sorted(set(scopes))),
        interval=PAUSE_S,
        expires=now + LIFE,
    )
    DeviceGrant.objects.filter(pk=grant.pk).update(last_checked=now - timedelta(seconds=PAUSE_S))
    return codes


@transaction.atomic
def decide_device(*, user_code: str, allow: bool, user: StaffUser, by: Actor, now: datetime) -> Waiting:
    """The person lets the device act for them, within what they may do themselves, or sends it away.

    Refuses a code that is unknown, has expired or was decided on (NotFound), and to allow nothing at all.
    """
    waiting = find_waiting(user_code=user_code, user=user, now=now, lock=True)
    if allow and not waiting.scopes:
        raise InvalidState("You may do nothing of what this device asks for, so there is nothing to allow.")
    DeviceGrant.objects.filter(pk=waiting.grant.pk).update(
        status=DeviceGrant.AUTHORIZED if allow else DeviceGrant.DENIED, user=user, scope=" ".join(waiting.scopes)
    )
    action = "client.device_allowed" if allow else "client.device_denied"
    scopes = list(waiting.scopes)
    audit.record(by=by, action=action, target=waiting.client.public_id, changes={"scopes": [None, scopes]})
    return waiting


@transaction.atomic
def poll_device(*, client: ApiClient, device_code: str, now: datetime) -> Poll | None:
    """What stands of the code; allowed, it is used up by this. None for a code that is not this client's."""
    known = DeviceGrant.objects.filter(device_code=digest(device_code), client_id=client.client_id)
    grant = known.select_for_update(of=("self",)).select_related("user").first()
    if grant is None:
        return None
    if now >= grant.expires:
        return Poll("expired_token")
    if grant.status == DeviceGrant.DENIED:
        return Poll("access_denied")
    if grant.status == DeviceGrant.AUTHORIZED:
        grant.delete()
        return Poll("authorized", grant.user, tuple(grant.scope.split()))
    soon = is_too_soon(last=grant.last_checked, interval=grant.interval, now=now)
    slower = min(grant.interval + SLOWER_S, LONGEST_S) if soon else grant.interval
    known.update(last_checked=now, interval=slower)
    return Poll("slow_down" if soon else "authorization_pending")


def forget_device_codes(*, now: datetime) -> None:
    """Codes that have expired are gone."""
    DeviceGrant.objects.filter(expires__lt=now).delete()
