"""Writing the audit trail: one call by name in each service, inside its transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.actors import Actor
from core.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done: action, target (public id), changes and reason as in `record`."""

    action: str
    target: str
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def record(*, by: Actor, action: str, target: str, changes: dict[str, Any] | None = None, reason: str = "") -> None:
    """Append one entry; it stands or falls with the caller's transaction.

    `target` is a public id. `changes` maps field names to [before, after], with values only for fields that hold
    no personal data.
    """
    record_many(by=by, deeds=[Deed(action=action, target=target, changes=changes or {}, reason=reason)])


def record_many(*, by: Actor, deeds: Sequence[Deed]) -> None:
    """Append many entries in one statement; they stand or fall with the caller's transaction."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            actor_kind=by.kind,
            actor_id=by.id,
            action=deed.action,
            target=deed.target,
            changes=deed.changes,
            reason=deed.reason,
            ip=by.ip or None,
            request_id=by.request_id,
        )
        for deed in deeds
    )
