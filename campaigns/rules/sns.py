"""Whether a message really comes from Amazon SNS: its signature, and where its certificate may stand.

Amazon Simple Notification Service developer guide, "Verifying the signatures of Amazon SNS messages": the named
members, each followed by its value, a line feed after both, signed with RSA (PKCS #1 v1.5) by SHA-1 (version 1) or
SHA-256 (version 2) with the key of the certificate at `SigningCertURL`.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
_MEMBERS_OF_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMING: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    NOTIFICATION: _MEMBERS_OF_NOTIFICATION,
    CONFIRMATION: _CONFIRMING,
    "UnsubscribeConfirmation": _CONFIRMING,
}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303
_HOST: Final = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?")


class NotFromSns(ValueError):
    """The message does not prove that Amazon SNS sent it; the text says what is wrong."""


def is_of_sns(url: object) -> bool:
    """Whether an address lies with Amazon SNS itself: https, its own host of a region, no other port, nobody's name."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable():
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and port in (None, 443) and not parts.username and not parts.password
    return plain and bool(_HOST.fullmatch(parts.hostname or ""))


def certificate_url(message: Mapping[str, Any]) -> str:
    """Where the certificate stands; NotFromSns unless that is with Amazon SNS."""
    url = message.get("SigningCertURL")
    if not is_of_sns(url) or not urlsplit(str(url)).path.endswith(".pem"):
        raise NotFromSns("The certificate does not stand with Amazon SNS.")
    return str(url)


def canonical(message: Mapping[str, Any]) -> bytes:
    """What was signed; NotFromSns when a member is missing."""
    names = _MEMBERS.get(str(message.get("Type")))
    if names is None:
        raise NotFromSns("There is no message of this type.")
    lines = []
    for name in names:
        value = message.get(name)
        if value is None and name == "Subject":
            continue
        if not isinstance(value, str):
            raise NotFromSns(f"{name} is missing.")
        lines += [name, value]
    return "".join(f"{line}\n" for line in lines).encode()


def check_signature(message: Mapping[str, Any], *, certificate: bytes, now: datetime) -> None:
    """Nothing when this certificate, valid now, signed the message; NotFromSns otherwise."""
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    if algorithm is None:
        raise NotFromSns("There is no such version of signatures.")
    try:
        found = load_pem_x509_certificate(certificate)
        signature = b64decode(str(message.get("Signature")), validate=True)
    except (ValueError, binascii.Error) as error:
        raise NotFromSns("Certificate or signature cannot be read.") from error
    key = found.public_key()
    if not found.not_valid_before_utc <= now <= found.not_valid_after_utc or not isinstance(key, RSAPublicKey):
        raise NotFromSns("The certificate is not valid.")
    try:
        key.verify(signature, canonical(message), PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise NotFromSns("The signature is wrong.") from error
