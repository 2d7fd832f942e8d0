"""Whom an identity provider vouches for."""

from typing import Any

from core import audit
from core.actors import Actor, ActorKind
from core.errors import Unauthenticated
from core.models import StaffUser
from marketing_hub.security import Provider
from marketing_hub.system.accounts import actor_at, change_role

_UNKNOWN = "There is no active account here with a verified address that the provider names. Ask for an invitation."
_NO_ROLE = "The provider names no role for you here. Ask an administrator."


def recognise(*, claims: dict[str, Any], provider: Provider, ip: str, request_id: str) -> StaffUser:
    """The active member of staff with the verified e-mail address of the claims; nobody is ever made.

    Where the provider is set up with a claim for roles, the account gets the first role that a value of it stands
    for, and one without any is refused. Refusals (401) stand in the audit trail.
    """
    email = claims.get("email")
    verified = claims.get("email_verified") is True or (provider.trust_email and "email_verified" not in claims)
    known = isinstance(email, str) and verified and "\x00" not in email
    user = StaffUser.objects.filter(email=str(email).strip().lower(), is_active=True).first() if known else None
    role = provider.role_of(claims)
    if user is None or role is None:
        by = Actor(kind=ActorKind.STAFF, id=user.public_id if user else "unknown", ip=ip, request_id=request_id)
        audit.record(by=by, action="staff.single_sign_on_refused", target=by.id)
        raise Unauthenticated(_NO_ROLE if user else _UNKNOWN, code="sign_in_refused")
    by = actor_at(user, ip, request_id)
    return change_role(user=user, role=role, by=by) if role and role != user.role else user
