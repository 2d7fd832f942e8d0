"""Staff accounts: who may sign in, with which role; attempts are counted so that guessing does not pay."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core import audit, meter
from core.actors import Actor, ActorKind
from core.crypto import keyed_hash
from core.errors import Conflict, InvalidInput, InvalidState, NotFound, RateLimited, Unauthenticated
from core.models import Role, SignInGuard, StaffUser

WRONG = "The e-mail address or the password is wrong."


def sign_in(*, email: str, password: str, ip: str, request_id: str, now: datetime) -> StaffUser:
    """The active member of staff with this address and password; the failures of the address are forgotten.

    Refuses a wrong pair (401), and any pair once the address has failed settings.SIGN_IN_FAILURES_ALLOWED times or
    the caller's network address has failed too often (429 `sign_in_locked`, `extra["retry_at"]` in ISO 8601). An
    address that nobody has counts, locks and takes as long as one that somebody has.
    """
    email = email.strip().lower()
    count_attempt(name=email, ip=ip, now=now)
    user = StaffUser.objects.filter(email=email).first()
    encoded = user.password if user else _password_of_nobody()
    if not check_password(password, encoded) or user is None or not user.is_active:
        if user:
            audit.record(by=actor_at(user, ip, request_id), action="staff.sign_in_refused", target=user.public_id)
        raise Unauthenticated(WRONG, code="sign_in_refused")
    with transaction.atomic():
        forget_attempts(name=email, ip=ip)
        action = "staff.password_accepted" if hasattr(user, "second_factor") else "staff.signed_in"
        audit.record(by=actor_at(user, ip, request_id), action=action, target=user.public_id)
    return user


def note_sign_in(*, user: StaffUser, ip: str, request_id: str, means: str) -> None:
    """The audit trail tells that the account signed in with more or other than its password."""
    audit.record(by=actor_at(user, ip, request_id), action="staff.signed_in", target=user.public_id, reason=means)


def count_attempt(*, name: str, ip: str, now: datetime) -> None:
    """One attempt more for this name and this network address; 429 `sign_in_locked` when either had too many."""
    window = _window_of_address()
    level = meter.take(f"sign-in:{ip}", [window])
    if not level.granted:
        raise _locked(now + timedelta(seconds=level.levels[0].resets_in), now)
    _count_attempt(name, now)


def forget_attempts(*, name: str, ip: str) -> None:
    """The last attempt was right: the name begins anew, and the network address gets it back."""
    meter.give_back(f"sign-in:{ip}", [_window_of_address()])
    SignInGuard.objects.filter(address_hash=_guard_key(name)).delete()


def _window_of_address() -> meter.Window:
    return meter.Window("sign-in", settings.SIGN_IN_FAILURES_PER_ADDRESS, settings.SIGN_IN_LOCK_MINUTES * 60)


@lru_cache(maxsize=1)
def _password_of_nobody() -> str:
    return make_password("a password that nobody has")


def actor_at(user: StaffUser, ip: str, request_id: str) -> Actor:
    """The account as the one who acts, from this network address."""
    return Actor(kind=ActorKind.STAFF, id=user.public_id, ip=ip, request_id=request_id)


def _guard_key(email: str) -> str:
    return keyed_hash("sign-in", email)


@transaction.atomic
def _count_attempt(email: str, now: datetime) -> None:
    """Count before the password is looked at, so that parallel guesses cannot pass the limit together."""
    key = _guard_key(email)
    SignInGuard.objects.bulk_create([SignInGuard(address_hash=key, updated_at=now)], ignore_conflicts=True)
    guard = SignInGuard.objects.select_for_update().get(address_hash=key)
    if guard.locked_until and now < guard.locked_until:
        raise _locked(guard.locked_until, now)
    guard.failures = 1 if guard.locked_until else guard.failures + 1
    full = guard.failures >= settings.SIGN_IN_FAILURES_ALLOWED
    guard.locked_until = now + timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES) if full else None
    guard.updated_at = now
    guard.save(update_fields=["failures", "locked_until", "updated_at"])


def _locked(until: datetime, now: datetime) -> RateLimited:
    seconds = max(1, round((until - now).total_seconds()))
    minutes = -(-seconds // 60)
    return RateLimited(
        f"Too many failed attempts. Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
        code="sign_in_locked",
        extra={"retry_at": until.isoformat()},
        headers={"Retry-After": str(seconds)},
    )


@transaction.atomic
def create_staff(*, email: str, name: str, role: str, password: str | None, by: Actor, now: datetime) -> StaffUser:
    """A new active account; without a password it cannot sign in until `set_first_password`.

    Refuses an unknown role, an address that is not one or is taken, and a password that is too weak.
    """
    email = email.strip().lower()
    user = StaffUser(
        public_id=StaffUser.new_public_id(), email=email, name=name.strip() or email, role=role, created_at=now
    )
    _check_role(role)
    _valid("email", validate_email, email)
    if StaffUser.objects.filter(email=email).exists():
        raise Conflict("Somebody has this e-mail address already.", code="duplicate_email", param="email")
    if password is not None:
        _valid("password", validate_password, password, user)
    user.set_password(password)
    user.save(force_insert=True)
    audit.record(by=by, action="staff.created", target=user.public_id, changes={"role": [None, role]})
    return user


def invite_staff(*, email: str, name: str, role: str, by: Actor, now: datetime) -> tuple[StaffUser, str]:
    """A new account without a password, and the token (shown once, good for three days) that lets its owner set one."""
    user = create_staff(email=email, name=name, role=role, password=None, by=by, now=now)
    return user, default_token_generator.make_token(user)


@transaction.atomic
def set_first_password(*, public_id: str, token: str, password: str, by: Actor) -> StaffUser:
    """The invited person's password is set and the token is used up; refuses a used, old or foreign token."""
    user = StaffUser.objects.select_for_update().filter(public_id=public_id, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        raise NotFound("This invitation is used or has expired; ask for a new one.", code="invitation_expired")
    return _put_password(user, password, by)


@transaction.atomic
def change_password(*, user: StaffUser, old: str, new: str, by: Actor) -> StaffUser:
    """The password is `new` and every other session ends; refuses a wrong `old` and a weak `new`."""
    user = StaffUser.objects.select_for_update().get(pk=user.pk)
    if not check_password(old, user.password):
        raise InvalidInput("The present password is wrong.", code="sign_in_refused", param="old")
    return _put_password(user, new, by)


def _put_password(user: StaffUser, password: str, by: Actor) -> StaffUser:
    _valid("password", validate_password, password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    audit.record(by=by, action="staff.password_set", target=user.public_id)
    return user


@transaction.atomic
def change_role(*, user: StaffUser, role: str, by: Actor) -> StaffUser:
    """The account has `role` from its next request on; refuses to take the last superuser's role."""
    _check_role(role)
    user = _locked_account(user)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    _check_a_superuser_stays()
    audit.record(by=by, action="staff.role_changed", target=user.public_id, changes={"role": [before, role]})
    return user


@transaction.atomic
def deactivate_staff(*, user: StaffUser, by: Actor) -> StaffUser:
    """The account may not sign in and its sessions end; refuses one's own account and the last superuser."""
    if by.id == user.public_id:
        raise InvalidState("You cannot deactivate your own account.")
    return _set_active(user, False, by)


@transaction.atomic
def reactivate_staff(*, user: StaffUser, by: Actor) -> StaffUser:
    """The account may sign in again with its old password."""
    return _set_active(user, True, by)


def _set_active(user: StaffUser, active: bool, by: Actor) -> StaffUser:
    user = _locked_account(user)
    user.is_active = active
    user.save(update_fields=["is_active"])
    _check_a_superuser_stays()
    audit.record(by=by, action=f"staff.{'re' if active else 'de'}activated", target=user.public_id)
    return user


def _locked_account(user: StaffUser) -> StaffUser:
    """The account as it is now, locked together with all superusers, so that two cannot remove each other."""
    locked = StaffUser.objects.select_for_update().order_by("pk")
    list(locked.filter(role=Role.SUPERUSER))
    return locked.get(pk=user.pk)


def _check_a_superuser_stays() -> None:
    if not StaffUser.objects.filter(role=Role.SUPERUSER, is_active=True).exists():
        raise InvalidState("The last superuser cannot be removed.", code="last_superuser")


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise InvalidInput(f"The role must be one of {', '.join(Role.values)}.", param="role")


def _valid(param: str, check: object, *values: object) -> None:
    try:
        check(*values)  # type: ignore[operator]
    except ValidationError as refusal:
        raise InvalidInput(" ".join(refusal.messages), param=param) from None


@transaction.atomic
def choose_time_zone(*, user: StaffUser, time_zone: str, by: Actor) -> StaffUser:
    """The person reads instants in `time_zone` from now on; refuses a name that is not in the IANA database."""
    if time_zone not in available_timezones():
        raise InvalidInput("This time zone is not known.", param="time_zone")
    user = StaffUser.objects.select_for_update().get(pk=user.pk)
    before, user.time_zone = user.time_zone, time_zone
    user.save(update_fields=["time_zone"])
    audit.record(by=by, action="staff.time_zone_chosen", target=user.public_id, changes={"zone": [before, time_zone]})
    return user
