"""The keys that sign access tokens in JWT form."""

from django.db import models


class SigningKey(models.Model):
    """An RSA key. It signs from `signs_from` until a newer one does, and is published until `published_until`.

    `private` is sealed by core.crypto; `public` is the JWK that everybody may read (RFC 7517).
    """

    id = models.BigAutoField(primary_key=True)
    kid = models.CharField(max_length=43, unique=True)
    private = models.TextField()
    public = models.JSONField()
    created_at = models.DateTimeField()
    signs_from = models.DateTimeField()
    published_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-signs_from", "-id"], name="signing_key_newest")]

    def __str__(self) -> str:
        return self.kid
