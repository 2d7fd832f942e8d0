"""The second factor of staff: codes of an authenticator app (TOTP, RFC 6238), and recovery codes beside it."""

import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp
import segno
from django.conf import settings
from django.db import transaction

from core import audit
from core.actors import Actor
from core.crypto import keyed_hash, seal, unseal
from core.errors import InvalidInput, InvalidState, Unauthenticated
from core.models import StaffUser
from marketing_hub.models import RecoveryCode, SecondFactor
from marketing_hub.system.accounts import actor_at, count_attempt, forget_attempts

STEP_S: Final = 30
RECOVERY_CODES: Final = 10
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_WRONG: Final = "This code is wrong, too old or used already."


def has_second_factor(user: StaffUser) -> bool:
    """Whether the account asks for a code after the password."""
    return SecondFactor.objects.filter(user=user).exists()


def required_roles() -> tuple[str, ...]:
    """The roles that ask for a second factor."""
    roles: tuple[str, ...] = settings.SECURITY.second_factor_roles
    return roles


def must_enrol(user: StaffUser) -> bool:
    """Whether the role asks for a second factor that the account does not have."""
    return user.role in required_roles() and not has_second_factor(user)


def new_secret() -> str:
    """A secret of 160 bits (RFC 4226 section 4), not kept anywhere yet."""
    return pyotp.random_base32()


def secret_uri(*, user: StaffUser, secret: str) -> str:
    """What an authenticator app reads from the square: brand, account and secret."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=settings.CONSOLE_BRAND)


def square(uri: str) -> str:
    """The address as a QR code, an SVG that needs neither script nor style."""
    made = segno.make(uri, error="m")
    return str(made.svg_inline(scale=5, border=3, dark="#000", light="#fff", svgclass=None, lineclass=None))


@transaction.atomic
def enrol(*, user: StaffUser, secret: str, code: str, by: Actor, now: datetime) -> list[str]:
    """The account asks for codes of this app from now on; the ten recovery codes, which cannot be read again.

    Refuses an account that has an app already, and a code that is not the app's.
    """
    user = StaffUser.objects.select_for_update().get(pk=user.pk)
    if has_second_factor(user):
        raise InvalidState("This account has an authenticator app already. Remove it first.")
    step = _step_of(secret, code, now)
    if step is None:
        raise InvalidInput("This is not the code that the app shows now.", param="code")
    sealed = seal(secret, f"second-factor:{user.public_id}")
    SecondFactor.objects.create(user=user, secret=sealed, confirmed_at=now, last_step=step)
    audit.record(by=by, action="staff.second_factor_added", target=user.public_id)
    return _new_recovery_codes(user)


@transaction.atomic
def renew_recovery_codes(*, user: StaffUser, by: Actor) -> list[str]:
    """Ten new recovery codes; the old ones are dead."""
    if not has_second_factor(user):
        raise InvalidState("This account has no authenticator app.")
    audit.record(by=by, action="staff.recovery_codes_renewed", target=user.public_id)
    return _new_recovery_codes(user)


@transaction.atomic
def remove_second_factor(*, user: StaffUser, by: Actor, reason: str = "") -> None:
    """The account asks for no code any more; refuses one that has no app."""
    gone, _ = SecondFactor.objects.filter(user=user).delete()
    if not gone:
        raise InvalidState("This account has no authenticator app.")
    RecoveryCode.objects.filter(user=user).delete()
    audit.record(by=by, action="staff.second_factor_removed", target=user.public_id, reason=reason)


def check_code(*, user: StaffUser, code: str, ip: str, request_id: str, now: datetime) -> None:
    """Return when it is the app's present code or an unused recovery code, which is used up then.

    Refuses a wrong or used code (401 `sign_in_refused`), and any code after too many failures (429), counted as
    those of passwords are: for the account and for the network address.
    """
    by = actor_at(user, ip, request_id)
    count_attempt(name=f"code {user.public_id}", ip=ip, now=now)
    if not _accepted(user, code.replace(" ", "").replace("-", "").lower(), now, by):
        audit.record(by=by, action="staff.code_refused", target=user.public_id)
        raise Unauthenticated(_WRONG, code="sign_in_refused")
    forget_attempts(name=f"code {user.public_id}", ip=ip)


@transaction.atomic
def _accepted(user: StaffUser, code: str, now: datetime, by: Actor) -> bool:
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        return False
    step = _step_of(unseal(factor.secret, f"second-factor:{user.public_id}"), code, now)
    if step is not None and step > factor.last_step:
        factor.last_step = step
        factor.save(update_fields=["last_step"])
        return True
    used = RecoveryCode.objects.filter(user=user, digest=_digest(user, code), used_at__isnull=True).update(used_at=now)
    if used:
        audit.record(by=by, action="staff.recovery_code_used", target=user.public_id)
    return bool(used)


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that this code belongs to: the present one or its neighbours (RFC 6238 section 5.2)."""
    present, totp = int(now.timestamp()) // STEP_S, pyotp.TOTP(secret)
    near, sent = (present - 1, present, present + 1), code if code.isascii() else ""
    fitting = [step for step in near if hmac.compare_digest(totp.generate_otp(step), sent)]
    return fitting[-1] if fitting else None


def _new_recovery_codes(user: StaffUser) -> list[str]:
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, digest=_digest(user, code)) for code in codes])
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _digest(user: StaffUser, code: str) -> str:
    return keyed_hash("recovery-code", f"{user.public_id} {code}")
