"""What the proxies in front say about a caller: its address and its certificate, believed from them alone."""

import base64
import binascii
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.actors import inside
from integrations.rules.certificates import names_in
from integrations.rules.dpop import CERTIFICATE, CERTIFICATE_NAMES, thumbprint

GetResponse = Callable[[HttpRequest], HttpResponse]
VERIFIED: Final = "SUCCESS"
"""What nginx, Apache and HAProxy-style proxies say of a certificate whose chain of authorities holds."""
_MOST_BYTES: Final = 16_384


class Proxies:
    """Puts the caller's own address into REMOTE_ADDR and the thumbprint of its certificate beside it.

    Both come from headers of the proxy, and only when the connection itself comes from one of TRUSTED_PROXIES.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta, ours = request.META, settings.SECURITY
        if _trusted(str(meta.get("REMOTE_ADDR", "")), ours.trusted_proxies):
            if ours.trust_proxy_headers:
                meta["REMOTE_ADDR"] = caller_of(
                    str(meta.get("HTTP_X_FORWARDED_FOR", "")), str(meta.get("REMOTE_ADDR", "")), ours.trusted_proxies
                )
            if ours.certificate_header and (sent := meta.get(ours.certificate_header)):
                meta[CERTIFICATE] = certificate_thumbprint(str(sent))
                if ours.certificate_verified_header and meta.get(ours.certificate_verified_header) == VERIFIED:
                    meta[CERTIFICATE_NAMES] = "\n".join(certificate_names(str(sent)))
        return self.get_response(request)


def caller_of(forwarded: str, peer: str, proxies: tuple[str, ...]) -> str:
    """The last address that no proxy of ours has: what stands before it anybody can write; `peer` without one."""
    for hop in reversed(forwarded.split(",")):
        address = hop.strip().removeprefix("[").partition("]")[0]
        if not _is_address(address):
            return peer
        if not _trusted(address, proxies):
            return address
        peer = address
    return peer


def certificate_thumbprint(sent: str) -> str:
    """`x5t#S256` (RFC 8705) of a certificate: PEM, percent-encoded or not, or the form of RFC 9440; else empty."""
    made = _read(sent)
    return thumbprint(made.public_bytes(Encoding.DER)) if made else ""


def certificate_names(sent: str) -> list[str]:
    """The names in it as clients are registered for them: its subject, and its alternative names."""
    made = _read(sent)
    return names_in(made) if made else []


def _read(sent: str) -> x509.Certificate | None:
    try:
        if sent.startswith(":"):
            return x509.load_der_x509_certificate(base64.b64decode(sent.strip(":"), validate=True))
        text = unquote_to_bytes(sent[:_MOST_BYTES]).replace(b"\t", b"\n")
        return x509.load_pem_x509_certificate(text)
    except (ValueError, binascii.Error):
        return None


@lru_cache(maxsize=4_096)
def _trusted(address: str, proxies: tuple[str, ...]) -> bool:
    return inside(address, proxies)


def _is_address(text: str) -> bool:
    return inside(text, ("0.0.0.0/0", "::/0"))
