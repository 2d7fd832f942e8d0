"""The consent receipt: what an entry of the ledger says, under the names of ISO/IEC TS 27560:2023.

Pure and repeatable: the same entry always gives the same receipt, byte for byte, so a receipt can be checked against
the ledger years later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.vocabulary import SHARING_PURPOSES, Channel, Purpose, Regime

SCHEMA: Final = "ISO/IEC TS 27560:2023"
MANDATORY: Final = (
    "schema_version", "record_id", "pii_principal_id", "privacy_notice", "language", "purposes", "pii_information",
    "pii_controllers", "storage_locations", "retention_period", "jurisdiction", "recipient_third_parties",
    "withdrawal_method", "parties", "events",
)  # fmt: skip
"""Fields a record must have (TS 27560 clause 6); the others are mandatory under the GDPR."""

_PII_OF_CHANNEL: Final[Mapping[Channel, tuple[str, ...]]] = {
    Channel.EMAIL: ("name", "e-mail address"),
    Channel.SMS: ("name", "phone number"),
    Channel.PHONE: ("name", "phone number"),
    Channel.PUSH: ("device identifier",),
    Channel.POST: ("name", "postal address"),
    Channel.COOKIE: ("device identifier", "behaviour on our sites and with our messages"),
    Channel.ADS_AUDIENCE: ("e-mail address as hash", "interests derived from behaviour"),
    Channel.PARTNER_SHARE: ("profile", "behaviour"),
}
_RIGHTS: Final = {
    "gdpr": (
        "access",
        "rectification",
        "erasure",
        "restriction",
        "portability",
        "objection",
        "withdrawal",
        "complaint",
    ),
    "us": ("know", "correct", "delete", "opt out of sale and sharing", "limit use", "no retaliation"),
}
_US: Final = frozenset({Regime.US})


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the processing."""

    name: str
    address: str
    contact: str
    storage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One entry of the ledger, as far as a receipt tells it. `notice` has id, version, locale, sha256 and text."""

    record_id: str
    subject: str
    seq: int
    hash: str
    event: str
    basis: str
    source: str
    place: str
    rule_set: str
    occurred_at: datetime
    recorded_at: datetime
    valid_until: datetime | None
    purpose: str
    purpose_name: str
    kind: Purpose
    channel: Channel
    notice: Mapping[str, Any] | None = None
    evidence: Sequence[str] = field(default_factory=tuple)


def receipt_of(facts: Facts, controller: Controller, rule: JurisdictionRule, base_url: str) -> dict[str, Any]:
    """The receipt: all mandatory fields of TS 27560, those the GDPR adds, and where the ledger proves it."""
    return {
        "receipt_id": facts.record_id.replace("con_", "rcp_", 1),
        "schema_version": SCHEMA,
        "record_id": facts.record_id,
        "pii_principal_id": facts.subject,
        "privacy_notice": dict(facts.notice) if facts.notice else None,
        "language": facts.notice["locale"] if facts.notice else None,
        "purposes": [_purpose(facts)],
        "pii_information": list(_PII_OF_CHANNEL.get(facts.channel, ("profile",))),
        "pii_controllers": ["controller"],
        "storage_locations": [controller.storage] if controller.storage else ["premises of the controller"],
        "retention_period": "for good, as proof (GDPR Art. 7(1)); the data itself as long as the purpose holds",
        "processing_method": "automated",
        "processing_locations": [controller.storage] if controller.storage else ["premises of the controller"],
        "geographic_restrictions": [],
        "jurisdiction": {"place": facts.place or "unknown", "rule": rule.code, "rule_set": facts.rule_set},
        "recipient_third_parties": ["partners named in the notice"] if facts.kind in SHARING_PURPOSES else [],
        "withdrawal_method": f"{base_url}/p/ (signed link in every message), {base_url}/privacy/request",
        "privacy_rights": list(_RIGHTS["us" if rule.regime in _US else "gdpr"]),
        "parties": [_party(controller)],
        "events": [_event(facts)],
        "ledger": {"seq": facts.seq, "hash": facts.hash, "evidence": list(facts.evidence)},
    }


def _purpose(facts: Facts) -> dict[str, Any]:
    return {
        "id": facts.purpose,
        "name": facts.purpose_name,
        "type": facts.kind.value,
        "channel": facts.channel.value,
        "lawful_basis": facts.basis,
        "collection_method": facts.source,
    }


def _party(controller: Controller) -> dict[str, Any]:
    return {
        "id": "controller",
        "name": controller.name,
        "address": controller.address,
        "contact": controller.contact,
        "type": "PII controller",
    }


def _event(facts: Facts) -> dict[str, Any]:
    return {
        "time": facts.occurred_at.isoformat(),
        "recorded_at": facts.recorded_at.isoformat(),
        "validity_duration": {"until": facts.valid_until.isoformat()} if facts.valid_until else "until withdrawn",
        "entity_id": facts.subject,
        "type": "explicit" if facts.basis == "consent" else "other",
        "state": facts.event,
    }
