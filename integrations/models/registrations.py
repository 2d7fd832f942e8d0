"""Clients that register themselves (RFC 7591): what lets them in, and what they look after themselves with."""

from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from integrations.models.clients import ApiClient


class RegistrationToken(models.Model):
    """An initial access token, hashed: whoever has it may register clients, `most_uses` of them at most.

    `scopes` and `grants` bound what each of them may have. The text is shown once, when staff issue it.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    grants = models.JSONField(default=list)
    most_uses = models.PositiveIntegerField()
    uses = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(uses__lte=F("most_uses")), name="registration_token_not_overused"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="registration_token_newest")]

    def __str__(self) -> str:
        return self.public_id

    @staticmethod
    def new_public_id() -> str:
        """A fresh id (`irt_...`)."""
        return new_id("irt")


class Registration(models.Model):
    """A client that registered itself: by which token, and the digest of the one it looks after itself with.

    `scopes` are those it last registered: where the client has others now, staff changed them. `told` holds what is
    only kept to be told again. With `ended_at` the client is no longer its own to look after.
    """

    client = models.OneToOneField(ApiClient, on_delete=models.CASCADE, primary_key=True, related_name="registration")
    token = models.ForeignKey(RegistrationToken, on_delete=models.PROTECT, related_name="registrations")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    told = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"registration of {self.client_id}"
