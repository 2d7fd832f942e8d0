"""Authorised agents that ask for people by the Data Rights Protocol (11 CCR 7063)."""

from django.db import models

from core.models.base import PublicId, TimeStamped


class RightsAgent(PublicId, TimeStamped):
    """One agent of the network, registered by staff with the public key of its entry in the service directory.

    `relies_on_email` says that its check of a person's e-mail address is enough for us; otherwise we write to her.
    Of the token it made last only the digest is kept; `paired_at` is the instant its signed wish was issued at.
    """

    id_prefix = "agt"

    name = models.CharField(max_length=120, unique=True)
    agent_id = models.CharField(max_length=60, unique=True)
    verify_key = models.CharField(max_length=44)
    web_url = models.CharField(max_length=300, blank=True, default="")
    identity_assurance_url = models.CharField(max_length=300, blank=True, default="")
    contact = models.CharField(max_length=254, blank=True, default="")
    relies_on_email = models.BooleanField(default=False)
    ended_on = models.DateField(null=True, blank=True)
    token_digest = models.CharField(max_length=64, blank=True, default="", db_index=True, editable=False)
    paired_at = models.DateTimeField(null=True, editable=False)
