"""Figures about requests on the screen, made to be printed; the same as a file."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.console.registers import FormatForm, file_of
from consent.console.request_words import VIEW
from consent.selectors.request_report import LAWS, year_report
from consent.services.registers import note_export
from core.console.forms import ConsoleForm
from core.console.views import Action, ActionPage, MenuEntry, Page
from core.errors import InvalidInput

FIRST_YEAR = 2018
COLUMNS = (
    "right",
    "received",
    "complied",
    "complied_in_part",
    "denied",
    "withdrawn",
    "pending",
    "extended",
    "in_time",
    "answered",
    "median_days",
    "mean_days",
    "minutes",
    "cost",
)


def years() -> list[tuple[str, str]]:
    """This year and those before, back to the GDPR."""
    return [(str(year), str(year)) for year in range(timezone.now().year, FIRST_YEAR - 1, -1)]


class ReportForm(ConsoleForm):
    """Which report, which year."""

    law = forms.ChoiceField(label="Report", choices=[(law, covered.name) for law, covered in LAWS.items()])
    year = forms.ChoiceField(label="Received in", choices=years)


class ReportFileForm(ReportForm, FormatForm):
    """Which report, which year, which kind of file."""


class RequestReport(Page):
    """A report to read and to print."""

    name, title, permission, template_name = "request-report", "Privacy report", VIEW, "consent/report.html"
    menu_entry = MenuEntry("Privacy report", "report-analytics", "Compliance", order=70)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The report; this year's for the GDPR unless the address asks for another."""
        initial = {"law": "gdpr", "year": str(self.now.year)}
        form = ReportForm(request.GET if request.GET else initial)
        if not form.is_valid():
            raise InvalidInput("There is no such report. Choose a law and a year since 2018.")
        asked = form.cleaned_data
        export = f"{reverse('console:request-report-export')}?law={asked['law']}&year={asked['year']}"
        kept = Action("Kept reports", reverse("console:audit-reports"), VIEW, "history")
        context = {
            "form": form.dressed(),
            "report": year_report(law=asked["law"], year=int(asked["year"]), now=self.now),
            "actions": self.allowed((kept, Action("Export", export, VIEW, "download"))),
            "now": self.now,
            "currency": settings.PRIVACY_COST_CURRENCY,
        }
        return self.draw(self.template_name, context)


class ExportReport(ActionPage):
    """The figures of a report as a file."""

    name, title, permission = "request-report-export", "Export the privacy report", VIEW
    form_class, submit_label = ReportFileForm, "Download"

    def initial(self) -> dict[str, Any]:
        """What was on the screen."""
        return {name: self.request.GET.get(name, "") for name in ("law", "year")}

    def question(self) -> str:
        """What will happen."""
        return "The figures are written to a file. The export is recorded in the audit log."

    def save(self, form: Any) -> HttpResponse:
        """The file."""
        asked = form.cleaned_data
        report = year_report(law=asked["law"], year=int(asked["year"]), now=self.now)
        rows = report.rows()
        note_export(register=f"{report.law}-report", rows=len(rows), form=asked["format"], by=self.actor)
        return file_of(rows, COLUMNS, asked["format"], f"{report.law}-report-{asked['year']}")

    def done(self, result: HttpResponse) -> HttpResponse:
        """The file is the answer."""
        return result

    def cancel_url(self) -> str:
        """The report."""
        return reverse("console:request-report")
