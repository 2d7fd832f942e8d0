"""Consent receipts: one for each entry of the ledger, signed with Ed25519 (RFC 8037), checked against the ledger.

Nothing is stored: key and content follow from HUB_MASTER_KEY and the entry. The public key stands in /oauth/jwks.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from consent.models import ConsentEvent
from consent.rules.receipts import Controller, Facts, receipt_of
from consent.rules.vocabulary import Channel, Purpose
from consent.selectors.catalogue import catalogue
from consent.selectors.ledger import chain_of
from core.crypto import derived_key
from core.errors import Gone
from customers.models import Customer

ALGORITHM: Final = "Ed25519"
TYPE: Final = "consent-receipt+json"
KID: Final = "consent-receipt-1"
MAX_LENGTH: Final = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a receipt is genuine, and whether the ledger still says so; `why` is for people."""

    genuine: bool
    in_ledger: bool
    why: str


def receipt_for(row: ConsentEvent, /) -> dict[str, Any]:
    """The receipt of an entry (from `find_entry`) and its signed form (`jws`, compact)."""
    receipt = _content(row)
    payload = json.dumps(receipt, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    header = {"alg": ALGORITHM, "kid": KID, "typ": TYPE}
    return {"receipt": receipt, "jws": jws.serialize_compact(header, payload, _key(), algorithms=[ALGORITHM])}


def find_own_entry(*, customer: Customer, number: int) -> ConsentEvent:
    """An entry of this person by its database id; Gone for one of somebody else."""
    rows = ConsentEvent.objects.select_related("purpose", "notice")
    row = rows.filter(pk=number, customer_id=customer.pk).first()
    if row is None:
        raise Gone("There is no such receipt.", code="link_ended")
    return row


def receipt_key() -> dict[str, Any]:
    """The public key as it stands in the key set (RFC 7517)."""
    return {**_key().as_dict(private=False), "kid": KID, "use": "sig", "alg": ALGORITHM}


def verify_receipt(text: str, /) -> Verdict:
    """Whether a receipt is ours and unaltered, and the ledger holds the very entry, its chain unbroken.

    `text` is the downloaded file or its signed form alone; what the file says in plain must be what was signed.
    """
    signed, plain = _parts(text)
    try:
        opened = jws.deserialize_compact(signed, _key(), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return Verdict(False, False, "The signature is not ours, or the receipt was altered.")
    if opened.protected.get("typ") != TYPE or len(text) > MAX_LENGTH:
        return Verdict(False, False, "This is signed by us, but it is no consent receipt.")
    said = json.loads(opened.payload or b"{}")
    if plain is not None and plain != said:
        return Verdict(False, False, "The file says something else than what was signed.")
    row = ConsentEvent.objects.filter(public_id=said.get("record_id", "")).first()
    if row is None or row.hash != said["ledger"]["hash"]:
        return Verdict(True, False, "The signature is ours, but the ledger does not hold this entry.")
    if chain_of(row.customer_id) is not None:
        return Verdict(True, False, "The ledger of this person was altered.")
    return Verdict(True, True, f"Genuine: entry {row.seq} of {row.subject}, {row.event}, {row.occurred_at:%Y-%m-%d}.")


def _parts(text: str) -> tuple[str, Any]:
    """The signed form, and what a downloaded file says beside it; None when it is the signed form alone."""
    try:
        file = json.loads(text)
    except (ValueError, RecursionError):
        return text.strip(), None
    return (str(file.get("jws", "")), file.get("receipt", {})) if isinstance(file, dict) else ("", None)


def _content(row: ConsentEvent) -> dict[str, Any]:
    notice, purpose = row.notice, row.purpose
    facts = Facts(
        record_id=row.public_id,
        subject=row.subject,
        seq=row.seq,
        hash=row.hash,
        event=row.event,
        basis=row.legal_basis,
        source=row.source,
        place=row.place,
        rule_set=row.rule_set,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        valid_until=row.valid_until,
        purpose=purpose.key,
        purpose_name=purpose.name,
        kind=Purpose(purpose.kind),
        channel=Channel(purpose.channel),
        notice={name: getattr(notice, name) for name in ("public_id", "version", "locale", "sha256", "text")}
        if notice
        else None,
        evidence=sorted(row.evidence),
    )
    return receipt_of(facts, Controller(**settings.CONTROLLER), catalogue().rule_of(row.place), settings.PUBLIC_URL)


def _key() -> OKPKey:
    seed = derived_key("consent-receipt:1")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": _text(seed), "x": _text(public), "kid": KID})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
