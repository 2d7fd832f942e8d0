"""Addresses below /api/v1."""

from collections.abc import Callable
from typing import Any, Final

from django.urls import path

from consent.api.banner import Banner
from consent.api.catalogue import JurisdictionDetail, Jurisdictions, Notices, Purposes
from consent.api.check import check_consent
from consent.api.confirmations import ConfirmationDetail, Confirmations
from consent.api.consents import Consent, ConsentBatch, ConsentHistory, VisitorConsent
from consent.api.consumers import ConsentConsumers
from consent.api.disclosures import CustomerDisclosures, DisclosuresAfterNo, DisclosureViewSet
from consent.api.links import ConsentLinks
from consent.api.packages import PrivacyRequestExport
from consent.api.privacy_requests import (
    STEPS,
    PrivacyRequestDeadline,
    PrivacyRequestTimeline,
    PrivacyRequestViewSet,
)
from consent.api.receipts import ConsentReceipt
from consent.api.simulation import SimulateMove
from consent.api.tokens import ConsentTokenDetail, ConsentTokens

View = Callable[..., Any]

_DESK: Final[dict[str, View]] = {
    "": PrivacyRequestViewSet.as_view({"get": "list", "post": "create"}),
    "/<str:request_id>": PrivacyRequestViewSet.as_view({"get": "retrieve"}),
    "/<str:request_id>/timeline": PrivacyRequestTimeline.as_view(),
    "/<str:request_id>/deadline/explain": PrivacyRequestDeadline.as_view(),
    "/<str:request_id>/export": PrivacyRequestExport.as_view(),
    **{f"/<str:request_id>/{name}": view.as_view() for name, view in STEPS.items()},
}
_OTHER_NAMES: Final = {
    "/<str:request_id>/fulfil": _DESK["/<str:request_id>/deliver"],
    "/<str:request_id>/deny": _DESK["/<str:request_id>/refuse"],
}
"""Documents of older date print these, below an address of their own."""

about_customers = [path("customers/<path:user_id>/consent", Consent.as_view())]
"""The same as at `consent/{userId}`, where whoever reads a customer looks for it."""

urlpatterns = [
    path("banner", Banner.as_view(), name="banner"),
    path("disclosures", DisclosureViewSet.as_view({"get": "list"}), name="disclosures"),
    path("disclosures/after-no", DisclosuresAfterNo.as_view(), name="disclosures-after-no"),
    path("disclosures/customers/<path:reference>", CustomerDisclosures.as_view(), name="customer-disclosures"),
    path("consent/tokens", ConsentTokens.as_view(), name="consent-tokens"),
    path("consent/tokens/<str:jti>", ConsentTokenDetail.as_view(), name="consent-token"),
    path("consent/links", ConsentLinks.as_view(), name="consent-links"),
    path("consent/confirmations", Confirmations.as_view(), name="consent-confirmations"),
    path("consent/confirmations/<str:confirmation_id>", ConfirmationDetail.as_view(), name="consent-confirmation"),
    path("consent/history/<str:user_id>", ConsentHistory.as_view(), name="consent-history"),
    path("consent/visitors/<str:anonymous_id>", VisitorConsent.as_view(), name="visitor-consent"),
    path("consent/<str:user_id>", Consent.as_view(), name="consent"),
    path("consents", ConsentBatch.as_view(), name="consents"),
    path("consents/simulate", SimulateMove.as_view(), name="consent-simulate"),
    path("consents/<str:entry_id>/receipt", ConsentReceipt.as_view(), name="consent-receipt"),
    path("consents/<str:entry_id>/consumers", ConsentConsumers.as_view(), name="consent-consumers"),
    path("consents/check", check_consent, name="consent-check"),
    path("purposes", Purposes.as_view(), name="purposes"),
    path("purposes/<slug:key>/notices", Notices.as_view(), name="notices"),
    path("jurisdictions", Jurisdictions.as_view(), name="jurisdictions"),
    path("jurisdictions/<str:place>", JurisdictionDetail.as_view(), name="jurisdiction"),
    *(path(f"privacy-requests{rest}", view) for rest, view in _DESK.items()),
    *(path(f"privacy/requests{rest}", view) for rest, view in (_DESK | _OTHER_NAMES).items()),
]
