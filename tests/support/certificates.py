"""Certificates of partners, signed by themselves."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate in the forms that proxies send."""

    pem: str
    base64: str
    thumbprint: str


def make_certificate(name: str, *, dns: str = "", uri: str = "") -> Certificate:
    """A fresh one, with alternative names where they are given."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    dated = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    others: list[x509.GeneralName] = [x509.DNSName(dns)] if dns else []
    others += [x509.UniformResourceIdentifier(uri)] if uri else []
    if others:
        dated = dated.add_extension(x509.SubjectAlternativeName(others), critical=False)
    made = dated.not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    printed = base64.urlsafe_b64encode(made.fingerprint(hashes.SHA256())).decode().rstrip("=")
    der = base64.b64encode(made.public_bytes(Encoding.DER)).decode()
    return Certificate(made.public_bytes(Encoding.PEM).decode(), der, printed)
