"""Tables of consent."""

from consent.models.anchors import LedgerAnchor
from consent.models.ledger import ConsentEvent, ConsentState
from consent.models.purposes import Jurisdiction, NoticeVersion, Purpose
from consent.models.suppression import Suppression, SuppressionReason
from consent.models.tokens import ConsentToken

__all__ = [
    "ConsentEvent",
    "ConsentState",
    "ConsentToken",
    "Jurisdiction",
    "LedgerAnchor",
    "NoticeVersion",
    "Purpose",
    "Suppression",
    "SuppressionReason",
]
