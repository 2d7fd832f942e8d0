"""Signing documents with the key of access tokens, and the X.509 certificate by which others verify them."""

import base64
import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.conf import settings

from core.errors import NotFound
from integrations.models import SigningKey
from integrations.selectors.opendsr import processor_domain
from integrations.selectors.signing import list_published
from integrations.services.signing import current_key, private_key

TERM: Final = timedelta(days=365)
OVERLAP: Final = timedelta(days=30)
"""For so long two certificates of one key hold, so that a clock or a cache may lag behind."""


def sign_object(*, body: bytes, now: datetime) -> dict[str, str]:
    """The OpenDSR headers of this JSON object: our domain, and its RSA signature (PKCS #1 v1.5, SHA-256) as base64.

    Only JSON objects: access tokens are signed by the same key, and none begins with a brace, so that no signature
    over what others chose is ever that of a token.
    """
    if not body.startswith(b"{"):
        raise ValueError("only JSON objects are signed")
    key = current_key(now=now)
    signature = _rsa(key.kid, key.private).sign(body, PKCS1v15(), SHA256())
    return {
        "X-OpenDSR-Processor-Domain": processor_domain(),
        "X-OpenDSR-Signature": base64.b64encode(signature).decode(),
    }


def certificate_of(*, kid: str, now: datetime) -> str:
    """The self-signed certificate (RFC 5280) of a published key for our domain, as PEM; NotFound for any other key.

    Nothing is stored: terms of a year follow one another from when the key first signed, and within a term the
    certificate is the same to the byte.
    """
    key = next((one for one in list_published(now=now) if one.kid == kid), None)
    if key is None:
        raise NotFound("There is no certificate of this name; /discovery says where the present one is.")
    return _certificate(key.kid, key.private, processor_domain(), settings.CONTROLLER["name"], _begins(key, now))


def _begins(key: SigningKey, now: datetime) -> datetime:
    return key.signs_from + max((now - key.signs_from) // TERM, 0) * TERM


@lru_cache(maxsize=8)
def _certificate(kid: str, sealed: str, domain: str, owner: str, begins: datetime) -> str:
    private = _rsa(kid, sealed)
    named = [(NameOID.COMMON_NAME, domain), (NameOID.ORGANIZATION_NAME, owner)]
    name = x509.Name([x509.NameAttribute(kind, text[:64]) for kind, text in named if text])
    serial = hashlib.sha256(f"{kid} {domain} {owner} {begins.isoformat()}".encode()).digest()[:16]
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private.public_key(),
        serial_number=int.from_bytes(serial) | 1,
        not_valid_before=begins - OVERLAP,
        not_valid_after=begins + TERM + OVERLAP,
        extensions=[],
    )
    domains = x509.SubjectAlternativeName([x509.DNSName(domain)])
    made = builder.add_extension(domains, critical=False).sign(private, SHA256())
    return made.public_bytes(Encoding.PEM).decode()


@lru_cache(maxsize=8)
def _rsa(kid: str, sealed: str) -> RSAPrivateKey:
    key = load_pem_private_key(private_key(kid=kid, sealed=sealed).as_pem(private=True), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("signing keys are RSA keys")
    return key
