"""Audit reports that were kept: made each month by themselves, or now; to read, to print, to take along."""

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.console.registers import CHANGE, VIEW
from consent.models import AuditReport
from consent.selectors.audit_reports import find_report, holds, list_reports, report_from
from consent.selectors.request_report import LAWS
from consent.services.audit_reports import make_report
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import Action, Column, Empty, FormPage, ListPage, MenuEntry, Page
from customers.selectors.origins import names_of


class AuditReportList(ListPage):
    """Every report that was kept, the newest first."""

    name, title, permission = "audit-reports", "Audit reports", VIEW
    menu_entry = MenuEntry("Audit reports", "certificate", "Compliance", order=72)
    default_sort, search_label = "-made_at", "Id"
    empty = Empty("No report kept yet", "On the first of each month one is kept for every law in use, or make one now.")
    columns = (
        Column(
            "law",
            "Report",
            value=whole_row,
            cell=lambda row: cells.link(reverse("console:audit-report", args=[row.public_id]), LAWS[row.law].name),
        ),
        Column("first_on", "Received from", cell=cells.day),
        Column("last_on", "To", cell=cells.day, sort="last_on"),
        Column("scheduled", "Made", value=lambda row: "By itself" if row.scheduled else "By people"),
        Column("made_at", "When", cell=cells.instant, sort="made_at"),
    )

    def rows(self) -> QuerySet[AuditReport]:
        """All of them."""
        return list_reports().defer("figures")

    def search(self, rows: QuerySet[AuditReport], text: str) -> QuerySet[AuditReport]:
        """By exact id."""
        return rows.filter(public_id=text)

    def actions(self) -> tuple[Action, ...]:
        """Make one now."""
        return (Action("Make a report now", reverse("console:audit-report-new"), CHANGE, "plus", primary=True),)


class AuditReportPage(Page):
    """One kept report, made to be printed."""

    name, title, permission, template_name = "audit-report", "Audit report", VIEW, "consent/report.html"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """As it was made; says so when the stored figures are no longer those."""
        row = find_report(public_id)
        by = names_of([row.made_by]).get(row.made_by, row.made_by)
        context = {
            "report": report_from(row),
            "now": row.made_at,
            "kept": {"by": by, "sha256": row.sha256, "holds": holds(row)},
            "actions": self.allowed((Action("All reports", reverse("console:audit-reports"), VIEW, "arrow-left"),)),
            "currency": settings.PRIVACY_COST_CURRENCY,
        }
        return self.draw(self.template_name, context)


class MakeReportForm(ConsoleForm):
    """Which law, which days."""

    law = forms.ChoiceField(label="Law", choices=[(law, covered.name) for law, covered in LAWS.items()])
    first = forms.DateField(label="Received from", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class MakeReport(FormPage):
    """Keep a report as the figures stand now."""

    name, title, permission = "audit-report-new", "Make an audit report", CHANGE
    form_class, submit_label, success = MakeReportForm, "Make", "The report is kept."

    def initial(self) -> dict[str, Any]:
        """This year so far."""
        today = timezone.now().date()
        return {"law": "gdpr", "first": today.replace(month=1, day=1), "last": today}

    def save(self, form: MakeReportForm) -> AuditReport:
        """Keep it."""
        asked = form.cleaned_data
        return make_report(law=asked["law"], first=asked["first"], last=asked["last"], by=self.actor, now=self.now)

    def success_url(self, result: AuditReport) -> str:
        """The report."""
        return reverse("console:audit-report", args=[result.public_id])

    def cancel_url(self) -> str:
        """All of them."""
        return reverse("console:audit-reports")
