"""Writing the audit trail: one call by name in each service, inside its transaction."""

from typing import Any

from core.actors import Actor
from core.models import AuditEntry


def record(*, by: Actor, action: str, target: str, changes: dict[str, Any] | None = None, reason: str = "") -> None:
    """Append one entry; it stands or falls with the caller's transaction.

    `target` is a public id. `changes` maps field names to [before, after], with values only for fields that hold
    no personal data.
    """
    AuditEntry.objects.create(
        actor_kind=by.kind,
        actor_id=by.id,
        action=action,
        target=target,
        changes=changes or {},
        reason=reason,
        ip=by.ip or None,
        request_id=by.request_id,
    )
