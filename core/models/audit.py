"""The audit trail: append-only, refused by the database itself when anybody tries otherwise."""

from django.db import models
from django.db.models.functions import Now

from core.actors import ActorKind


class AuditEntry(models.Model):
    """One thing somebody did: who, what, to which object, what changed, why, in which request.

    Never holds personal data: `target` is a public id and `changes` names fields, with values only where the
    field is not personal. UPDATE and DELETE are refused by a trigger; the retention job drops old rows through
    a function that only it may call.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor_kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in ActorKind])
    actor_id = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=80)
    changes = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, default="")
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=128, default="")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["target", "-at"], name="audit_by_target"),
            models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
            models.Index(fields=["request_id"], name="audit_by_request"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class AuditSeal(models.Model):
    """The trail between two instants as one digest, chained to the seal before; append-only.

    `digest` is SHA-256 over the previous digest and each entry in order of (at, id). Written down outside, it proves
    that nothing before `until` was changed, removed or slipped in since.
    """

    id = models.BigAutoField(primary_key=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(unique=True)
    entries = models.BigIntegerField()
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.until} {self.digest[:12]}"
