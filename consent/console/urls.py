"""Screens of consent."""

from consent.console import request_actions as actions
from consent.console import request_corrections as corrections
from consent.console import request_decisions as decisions
from consent.console import request_redactions as redactions
from consent.console.audit_reports import AuditReportList, AuditReportPage, MakeReport
from consent.console.confirmations import ConfirmationList, SendConfirmationAgain
from consent.console.contributions import contribute
from consent.console.disclosures import DisclosureDetail, DisclosureList, DisclosuresAfterNo
from consent.console.jurisdictions import JurisdictionDetail, JurisdictionList
from consent.console.ledger import EntryDetail, EntryReceipt, LedgerList, VerifyLedger
from consent.console.links import PreferenceLink
from consent.console.onetrust import (
    BringOneTrust,
    HandToOneTrust,
    OneTrustFile,
    OneTrustPurposes,
    StartOneTrust,
    TryOneTrust,
)
from consent.console.people import ConsentOfCustomer, RecordConsent, SuppressCustomer
from consent.console.purposes import NewNotice, PurposeDetail, PurposeList
from consent.console.register_pages import SCREENS
from consent.console.request_page import DownloadPackage, RequestCertificate, RequestPage
from consent.console.request_report import ExportReport, RequestReport
from consent.console.requests import LogRequest, RequestBoard, RequestList
from consent.console.risk import EditReferences, RiskPanel
from consent.console.simulation import SimulateMove
from consent.console.suppression import AddSuppression, RemoveSuppression, SuppressionList
from core.console.views import screen

STEPS = (
    actions.Acknowledge,
    actions.Verify,
    actions.NotVerified,
    actions.Collect,
    actions.Ask,
    actions.Resume,
    actions.Extend,
    actions.Assign,
    actions.Comment,
    actions.Match,
    decisions.Redact,
    decisions.Approve,
    decisions.SendBack,
    decisions.Refuse,
    decisions.Withdraw,
    decisions.Hold,
    decisions.Lift,
    decisions.Deliver,
    corrections.Correct,
    corrections.LiftRestriction,
    corrections.AllowSensitive,
)
ENTRIES = ("", "/new", "/export", "/<str:public_id>", "/<str:public_id>/edit")
urlpatterns = [
    screen("consent", LedgerList),
    screen("consent/verify", VerifyLedger),
    screen("consent/entries/<str:public_id>", EntryDetail),
    screen("consent/entries/<str:public_id>/receipt", EntryReceipt),
    screen("consent/onetrust/new", BringOneTrust),
    screen("consent/onetrust/export", HandToOneTrust),
    screen("consent/onetrust/export/file", OneTrustFile),
    screen("consent/onetrust/<str:public_id>/purposes", OneTrustPurposes),
    screen("consent/onetrust/<str:public_id>/try", TryOneTrust),
    screen("consent/onetrust/<str:public_id>/start", StartOneTrust),
    screen("confirmations", ConfirmationList),
    screen("confirmations/<str:public_id>/again", SendConfirmationAgain),
    screen("customers/<str:public_id>/consent", ConsentOfCustomer),
    screen("customers/<str:public_id>/consent/record", RecordConsent),
    screen("customers/<str:public_id>/consent/link", PreferenceLink),
    screen("customers/<str:public_id>/consent/move", SimulateMove),
    screen("customers/<str:public_id>/suppress", SuppressCustomer),
    screen("purposes", PurposeList),
    screen("purposes/<slug:key>", PurposeDetail),
    screen("purposes/<slug:key>/notices/new", NewNotice),
    screen("jurisdictions", JurisdictionList),
    screen("jurisdictions/<str:code>", JurisdictionDetail),
    screen("disclosures", DisclosureList),
    screen("disclosures/after-no", DisclosuresAfterNo),
    screen("disclosures/<int:pk>", DisclosureDetail),
    screen("audit-reports", AuditReportList),
    screen("audit-reports/new", MakeReport),
    screen("audit-reports/<str:public_id>", AuditReportPage),
    screen("risk", RiskPanel),
    screen("risk/references", EditReferences),
    screen("suppressions", SuppressionList),
    screen("suppressions/add", AddSuppression),
    screen("suppressions/<int:pk>/remove", RemoveSuppression),
    screen("privacy-requests", RequestBoard),
    screen("privacy-requests/list", RequestList),
    screen("privacy-requests/new", LogRequest),
    screen("privacy-requests/report", RequestReport),
    screen("privacy-requests/report/export", ExportReport),
    screen("privacy-requests/<str:public_id>", RequestPage),
    screen("privacy-requests/<str:public_id>/certificate", RequestCertificate),
    screen("privacy-requests/<str:public_id>/package", DownloadPackage),
    screen("privacy-requests/<str:public_id>/tasks/<int:pk>", actions.Task),
    screen("privacy-requests/<str:public_id>/take-out", redactions.TakeOut),
    screen("privacy-requests/<str:public_id>/others/<str:text_hash>", redactions.LeaveIn),
    screen("privacy-requests/<str:public_id>/redactions/<int:pk>/undo", redactions.UndoRedaction),
    *(
        screen(f"{word}{address}", page)
        for word, *pages in SCREENS
        for address, page in zip(
            ("", "/new", "/export", "/<str:public_id>", "/<str:public_id>/edit"), pages, strict=True
        )
    ),
    *(screen(f"privacy-requests/<str:public_id>/{step.name.removeprefix('request-')}", step) for step in STEPS),
]

contribute()
