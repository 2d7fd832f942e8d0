"""Screens of consent."""

from consent.console.contributions import contribute
from consent.console.jurisdictions import JurisdictionDetail, JurisdictionList
from consent.console.ledger import EntryDetail, LedgerList, VerifyLedger
from consent.console.people import ConsentOfCustomer, RecordConsent, SuppressCustomer
from consent.console.purposes import NewNotice, PurposeDetail, PurposeList
from consent.console.suppression import AddSuppression, RemoveSuppression, SuppressionList
from core.console.views import screen

urlpatterns = [
    screen("consent", LedgerList),
    screen("consent/verify", VerifyLedger),
    screen("consent/entries/<str:public_id>", EntryDetail),
    screen("customers/<str:public_id>/consent", ConsentOfCustomer),
    screen("customers/<str:public_id>/consent/record", RecordConsent),
    screen("customers/<str:public_id>/suppress", SuppressCustomer),
    screen("purposes", PurposeList),
    screen("purposes/<slug:key>", PurposeDetail),
    screen("purposes/<slug:key>/notices/new", NewNotice),
    screen("jurisdictions", JurisdictionList),
    screen("jurisdictions/<str:code>", JurisdictionDetail),
    screen("suppressions", SuppressionList),
    screen("suppressions/add", AddSuppression),
    screen("suppressions/<int:pk>/remove", RemoveSuppression),
]

contribute()
