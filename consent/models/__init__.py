"""Tables of consent."""

from consent.models.agents import RightsAgent
from consent.models.anchors import LedgerAnchor
from consent.models.confirmations import Confirmation, ConfirmationKind, ConfirmationState
from consent.models.disclosures import Disclosure, DisclosureFlow
from consent.models.ledger import ConsentEvent, ConsentState
from consent.models.purposes import Jurisdiction, NoticeVersion, Purpose
from consent.models.redactions import Redaction
from consent.models.references import RiskReference
from consent.models.registers import Activity, Breach, Processor
from consent.models.reports import AuditReport
from consent.models.requests import (
    ClockEntry,
    DataRequest,
    LegalHold,
    Letter,
    RequestEvent,
    RequestMove,
    RequestPackage,
    RequestStep,
)
from consent.models.restrictions import Covers, Restriction
from consent.models.suppression import Suppression, SuppressionReason
from consent.models.tokens import ConsentToken

__all__ = [
    "Activity",
    "AuditReport",
    "Breach",
    "ClockEntry",
    "Confirmation",
    "ConfirmationKind",
    "ConfirmationState",
    "ConsentEvent",
    "ConsentState",
    "ConsentToken",
    "Covers",
    "DataRequest",
    "Disclosure",
    "DisclosureFlow",
    "Jurisdiction",
    "LedgerAnchor",
    "LegalHold",
    "Letter",
    "NoticeVersion",
    "Processor",
    "Purpose",
    "Redaction",
    "RequestEvent",
    "RequestMove",
    "RequestPackage",
    "RequestStep",
    "Restriction",
    "RightsAgent",
    "RiskReference",
    "Suppression",
    "SuppressionReason",
]
