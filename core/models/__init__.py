"""Tables of the foundation."""

from core.models.audit import AuditEntry, AuditSeal
from core.models.idempotency import IdempotencyKey
from core.models.jobs import Job, JobQuerySet, JobState
from core.models.outbox import Cursor, OutboxMessage
from core.models.users import Role, SignInGuard, StaffUser
from core.models.views import SavedView

__all__ = [
    "AuditEntry",
    "AuditSeal",
    "Cursor",
    "IdempotencyKey",
    "Job",
    "JobQuerySet",
    "JobState",
    "OutboxMessage",
    "Role",
    "SavedView",
    "SignInGuard",
    "StaffUser",
]
