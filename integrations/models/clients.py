"""API clients and what they prove themselves with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from oauth2_provider.models import AbstractApplication

from core.actors import inside
from core.ids import new_id

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Tier(models.TextChoices):
    """Rate classes; their limits stand in settings.API_TIERS."""

    STANDARD = "standard", "Standard"
    PARTNER = "partner", "Partner"
    UNLIMITED = "unlimited", "Unlimited (load tests)"


class TokenFormat(models.TextChoices):
    """What an access token looks like: random text, or a signed JWT that others can check too (RFC 9068)."""

    OPAQUE = "opaque", "Opaque"
    JWT = "jwt", "Signed (JWT, RFC 9068)"


class AuthMethod(models.TextChoices):
    """How a confidential client proves itself at the token endpoint (RFC 7591 section 2)."""

    SECRET = "client_secret", "Client secret"
    KEY = "private_key_jwt", "Key of its own (private_key_jwt)"
    CERTIFICATE = "tls_client_auth", "Certificate of an authority (tls_client_auth, RFC 8705)"


class Binding(models.TextChoices):
    """Whether a client may get tokens that open for whoever has them."""

    NONE = "none", "As the client asks"
    DPOP = "dpop", "Always to a key (DPoP, RFC 9449)"
    CERTIFICATE = "certificate", "Always to its certificate (mTLS, RFC 8705)"


class ApiClient(AbstractApplication):  # type: ignore[misc]
    """An OAuth 2 client. `scopes` bounds what any of its tokens may do; `networks` from where it may call.

    `grants` lists the grant types it may use; `first_success_at` is its first answer 2xx. The inherited
    `client_secret` stays empty: secrets are rows of ApiClientSecret, so that two can be valid at once. A client that
    signs has public keys in `jwks` instead; those of `jwks_uri` are a copy that was read at `jwks_read_at`. One that
    connects with a certificate is known by `certificate_name` (`dn:CN=...`, `dns:...`, rules.certificates).
    `canary_share` per cent of its calls are answered by the next version of the API, since `canary_since`; the
    instant stays when the share is 0 again.
    """

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    grants = models.JSONField(default=list)
    tier = models.CharField(max_length=20, choices=Tier, default=Tier.STANDARD)
    token_format = models.CharField(max_length=10, choices=TokenFormat, default=TokenFormat.OPAQUE)
    auth_method = models.CharField(max_length=20, choices=AuthMethod, default=AuthMethod.SECRET)
    token_binding = models.CharField(max_length=20, choices=Binding, default=Binding.NONE)
    certificate_name = models.CharField(max_length=300, default="", db_default="", blank=True)
    jwks = models.JSONField(default=list)
    jwks_uri = models.CharField(max_length=500, default="", blank=True)
    jwks_read_at = models.DateTimeField(null=True)
    networks = models.JSONField(default=list)
    owner = models.CharField(max_length=120, default="", blank=True)
    contact = models.EmailField(default="", db_default="", blank=True)
    if_match_required = models.BooleanField(default=False)
    disabled_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    first_success_at = models.DateTimeField(null=True)
    canary_share = models.PositiveSmallIntegerField(default=0, db_default=0)
    canary_since = models.DateTimeField(null=True)

    class Meta(AbstractApplication.Meta):  # type: ignore[misc]
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        constraints = [
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="api_client_tier_known"),
            models.CheckConstraint(
                condition=Q(token_format__in=TokenFormat.values), name="api_client_token_format_known"
            ),
            models.CheckConstraint(condition=Q(auth_method__in=AuthMethod.values), name="api_client_auth_method_known"),
            models.CheckConstraint(condition=Q(token_binding__in=Binding.values), name="api_client_binding_known"),
            models.CheckConstraint(
                condition=Q(canary_share=0) | Q(canary_share__lte=100, canary_since__isnull=False),
                name="api_client_canary_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @staticmethod
    def new_public_id() -> str:
        """A fresh client id (`cli_...`)."""
        return new_id("cli")

    @property
    def is_public(self) -> bool:
        """Whether it is an app in other people's hands, which can keep no secret (RFC 6749 section 2.1)."""
        return bool(self.client_type == self.CLIENT_PUBLIC)

    @property
    def keeps_secret(self) -> bool:
        """Whether it proves itself with a secret."""
        return not self.is_public and bool(self.auth_method == AuthMethod.SECRET)

    def is_usable(self, request: object) -> bool:
        """Whether tokens may be issued to and used by this client (asked at issuance and on every call)."""
        address = getattr(request, "headers", {}).get("REMOTE_ADDR", "")
        return self.disabled_at is None and (not self.networks or inside(address, self.networks))

    def allows_grant_type(self, *grant_types: str) -> bool:
        """Whether it was registered for one of these grant types."""
        return not set(grant_types).isdisjoint(self.grants)

    def get_allowed_schemes(self) -> list[str]:
        """Redirects go to https, or to http on the loopback interface for native apps (RFC 8252 section 7.3)."""
        return ["https", "http"] if is_loopback(self.redirect_uris.split()) else ["https"]


def is_loopback(uris: Sequence[str]) -> bool:
    """Whether every plain http address among them names this machine itself."""
    return all(urlsplit(uri).hostname in LOOPBACK for uri in uris if uri.startswith("http:"))


class ApiClientSecret(models.Model):
    """One secret of a client, hashed; two may be valid at once while a partner rotates."""

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"secret of {self.client_id}"

    def is_valid(self, now: datetime) -> bool:
        """Whether it still opens the door."""
        return self.revoked_at is None and now < self.expires_at


class UsedAssertion(models.Model):
    """A client assertion that was accepted, so that it is not accepted again before it has expired."""

    digest = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest


class ApiKey(models.Model):
    """A key of a client for the `X-API-Key` header, hashed; `prefix` and `hint` identify it to people.

    One with `origins` is publishable: web pages of these origins may carry it, it only sends events and records what
    visitors decide on a banner, and as it is no secret it stands readable in `text`.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True)
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    hint = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    networks = models.JSONField(default=list)
    origins = models.JSONField(default=list)
    text = models.CharField(max_length=80, default="", blank=True)
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["client", "-created_at"], name="api_key_of_client")]

    def __str__(self) -> str:
        return self.public_id

    @staticmethod
    def new_public_id() -> str:
        """A fresh key id (`key_...`)."""
        return new_id("key")
