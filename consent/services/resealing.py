"""Bringing what requesters wrote, and where to write to them, under the newest key."""

from typing import Final

from consent.models import Confirmation, DataRequest, Redaction, RequestStep
from consent.selectors.confirmations import ADDRESS_CONTEXT
from consent.selectors.requests import REQUEST_CONTEXT
from customers.services.resealing import reseal_texts

_OF_REQUESTS: Final = (
    (DataRequest, "contact_sealed"),
    (DataRequest, "details_sealed"),
    (DataRequest, "subjects_sealed"),
    (RequestStep, "others_sealed"),
    (Redaction, "text_sealed"),
)


def reseal_letters() -> int:
    """Addresses and words of privacy requests and of questions by e-mail lie under the first key; how many moved."""
    moved = sum(
        reseal_texts(model=model, field=field, context=lambda _: REQUEST_CONTEXT) for model, field in _OF_REQUESTS
    )
    return moved + reseal_texts(model=Confirmation, field="email_sealed", context=lambda _: ADDRESS_CONTEXT)
