"""What an access token is bound to."""

from django.db import models


class TokenBinding(models.Model):
    """The key (RFC 9449) and the certificate (RFC 8705) that a caller must hold beside a token, as thumbprints.

    Tokens without a row are opened by whoever has them. The row is found by the digest of the token and kept until
    the token can neither be used nor refreshed.
    """

    checksum = models.CharField(max_length=64, primary_key=True)
    key = models.CharField(max_length=43, default="", blank=True)
    certificate = models.CharField(max_length=43, default="", blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"binding of {self.checksum[:8]}"
