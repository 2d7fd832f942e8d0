"""Exporting the members of a segment: asking, following, approving, fetching."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, Figure, FormPage, Header, ListPage, MenuEntry
from core.menu import Panel
from customers.console.words import PII
from customers.models import ExportForm, ExportState, MemberExport, Segment
from customers.selectors.answers import DIRECT_IDENTIFIERS
from customers.selectors.exports import EXPORT_FIELDS, find_export, list_exports, standing
from customers.selectors.origins import names_of
from customers.selectors.recipients import recipient_choices
from customers.selectors.segments import gates
from customers.selectors.segments.listing import find_segment
from customers.services.exports import (
    LONGEST_REASON,
    MOST_DOWNLOADS,
    decide_export,
    note_export_download,
    request_export,
)

EXPORT: Final = "customers.export_customer"
APPROVE: Final = "customers.approve_export"
ENDED: Final = ("refused", "ready", "gone", "failed", "stopped")
STATES: Final = {
    "waiting": State("Waits for approval", "warn"),
    "refused": State("Refused", "bad"),
    "queued": State("Queued"),
    "running": State("Being written", "info"),
    "paused": State("Paused", "warn"),
    "stopped": State("Stopped", "warn"),
    "failed": State("Failed", "bad"),
    "succeeded": State("Being written", "info"),
    "ready": State("Ready", "good"),
    "gone": State("File removed"),
}
LEFT_OUT: Final = {
    "suppressed": "On the suppression list",
    "inactive": "Inactive",
    "no_address": "No address for this purpose",
    "consent_ended": "Consent ran out",
    "gpc": "No consent, and a Global Privacy Control signal",
    "no_consent": "No consent or other basis",
    "gone": "Deleted or merged meanwhile",
    "place_barred": "Data of people there may not go to the company",
    "no_transfer_ground": "No ground for the transfer (GDPR chapter V)",
}


def may_fetch(export: MemberExport, actor: object) -> bool:
    """A file is for whoever asked for it."""
    return export.owner == str(actor)


class ExportFormFields(ConsoleForm):
    """What for, and which fields."""

    purpose = forms.ChoiceField(
        label="Purpose", help_text="Only customers for whom this is allowed at that moment are in the file."
    )
    reason = forms.CharField(label="What the file is for", max_length=LONGEST_REASON)
    fields_wanted = forms.MultipleChoiceField(label="Fields", widget=forms.CheckboxSelectMultiple)
    form = forms.ChoiceField(label="Format", choices=ExportForm.choices)
    recipient = forms.ChoiceField(
        label="Company that gets it",
        required=False,
        help_text="Confidential attributes never leave, nor people whose data may not go there.",
    )

    def __init__(self, *args: Any, sees_pii: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].choices = [("", "None: for ourselves"), *recipient_choices()]  # type: ignore[attr-defined]
        self.fields["purpose"].choices = gates.purposes()  # type: ignore[attr-defined]
        offered = [name for name in EXPORT_FIELDS if sees_pii or name not in DIRECT_IDENTIFIERS]
        self.fields["fields_wanted"].choices = [  # type: ignore[attr-defined]
            (name, name.replace("_", " ").capitalize()) for name in offered
        ]


class ExportSegment(FormPage):
    """Ask for the members as a file."""

    name, title, permission = "segment-export", "Export members", EXPORT
    form_class, submit_label = ExportFormFields, "Export"
    success = "The export is on its way; its page shows how far it is."

    def form_kwargs(self) -> dict[str, Any]:
        """Which fields may be offered."""
        return {"sees_pii": self.reader.has_perm(PII)}

    def initial(self) -> dict[str, Any]:
        """Ids and since when, as CSV."""
        return {"fields_wanted": ["id", "external_id", "entered_at"], "form": ExportForm.CSV.value}

    def segment(self) -> Segment:
        """The segment of the address."""
        return find_segment(self.kwargs["slug"])

    def save(self, form: ExportFormFields) -> MemberExport:
        """Ask."""
        data = form.cleaned_data
        return request_export(
            segment=self.segment(),
            purpose=data["purpose"],
            reason=data["reason"],
            fields=data["fields_wanted"],
            form=data["form"],
            recipient=data["recipient"],
            sees_pii=self.reader.has_perm(PII),
            alone=self.reader.has_perm(APPROVE),
            by=self.actor,
            now=self.now,
        )

    def success_url(self, result: MemberExport) -> str:
        """Its page."""
        return reverse("console:export", args=[result.public_id])

    def cancel_url(self) -> str:
        """The segment."""
        return reverse("console:segment", args=[self.kwargs["slug"]])


class ExportList(ListPage):
    """Every export, newest first: by whom, of what, for which purpose."""

    name, title, permission = "exports", "Exports", EXPORT
    menu_entry = MenuEntry("Exports", "download", "Audience", order=31)
    default_sort = "-created_at"
    empty = Empty("No exports yet", "Open a segment and export its members for a purpose.")
    columns = (
        Column(
            "export",
            "Segment",
            value=whole_row,
            cell=lambda row: cells.link(reverse("console:export", args=[row.public_id]), row.segment.name),
        ),
        Column("purpose", "Purpose", value=lambda row: row.purpose_name),
        Column("state", "State", value=lambda row: standing(row, timezone.now()), cell=cells.state(STATES)),
        Column("rows", "Customers", value=lambda row: row.rows if row.built_at else None, cell=cells.number, end=True),
        Column("owner", "By", value=lambda row: row.owner_name),
        Column("asked", "Asked", value=lambda row: row.created_at, cell=cells.instant, sort="created_at"),
    )

    def rows(self) -> QuerySet[MemberExport]:
        """All: what leaves the house is no secret among those who may export."""
        return list_exports()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names of purposes and of who asked."""
        purposes, names = dict(gates.purposes()), names_of(row.owner for row in rows)
        for row in rows:
            row.purpose_name = purposes.get(row.purpose, row.purpose)
            row.owner_name = "You" if row.owner == str(self.actor) else names.get(row.owner, row.owner)
        return rows


def progress(request: HttpRequest, export: MemberExport) -> Mapping[str, Any]:
    """How far it is, and who was left out; fetched again every three seconds until it has ended."""
    state = standing(export, timezone.now())
    return {
        "job": export.job,
        "export": export,
        "state": cells.dot(STATES[state]),
        "finished": state in ENDED or state == "waiting",
        "left_out": [(LEFT_OUT.get(code, code), people) for code, people in export.left_out.items()],
    }


def asked(request: HttpRequest, export: MemberExport) -> Mapping[str, Any]:
    """What was asked for."""
    decided = names_of([export.owner, export.decided_by])
    facts = [
        ("Purpose", dict(gates.purposes()).get(export.purpose, export.purpose)),
        ("What for", export.reason),
        ("Fields", ", ".join(export.fields)),
        ("Format", export.get_form_display()),
        ("For", dict(recipient_choices()).get(export.recipient, export.recipient or "Ourselves")),
        ("Asked by", decided.get(export.owner, export.owner)),
    ]
    if export.withheld:
        facts.append(("Left out as confidential", ", ".join(export.withheld)))
    if export.decided_by:
        facts.append(("Decided by", decided.get(export.decided_by, export.decided_by)))
    if export.sha256:
        facts.append(("SHA-256", export.sha256))
    return {"facts": facts}


class ExportDetail(DetailPage):
    """One export."""

    name, title, permission = "export", "Export", EXPORT
    panels = (
        Panel("progress", "What came of it", "customers/export_progress.html", EXPORT, progress, poll=3),
        Panel("asked", "What was asked", "customers/import_basis.html", EXPORT, asked, place="side"),
    )

    def find(self) -> MemberExport:
        """By public id; the file itself is only for whoever asked for it."""
        return find_export(public_id=self.kwargs["public_id"])

    def header(self, subject: MemberExport) -> Header:
        """Segment and state."""
        state = cells.dot(STATES[standing(subject, self.now)])
        return Header(f"Export of {subject.segment.name}", code=subject.public_id, state=state)

    def figures(self, subject: MemberExport) -> Sequence[Figure]:
        """How many, and until when."""
        left = f"{max(0, MOST_DOWNLOADS - subject.downloads)} of {MOST_DOWNLOADS} left"
        return (
            Figure("Members when asked", cells.number(subject.members), icon="users"),
            Figure("File kept until", cells.instant(subject.expires_at), icon="clock"),
            Figure("Downloads", left, icon="download"),
        )

    def actions(self, subject: MemberExport) -> Sequence[Action]:
        """What its state allows."""
        args, state = [subject.public_id], standing(subject, self.now)
        if state == ExportState.WAITING and not may_fetch(subject, self.actor):
            return (
                Action("Refuse", reverse("console:export-refuse", args=args), APPROVE, "x"),
                Action("Approve", reverse("console:export-approve", args=args), APPROVE, "check", primary=True),
            )
        if state in ("queued", "running", "paused") and subject.job:
            stop = reverse("console:job-stop", args=[subject.job.public_id])
            return (Action("Stop", stop, "core.view_own_job", "player-stop"),)
        if state == "ready" and may_fetch(subject, self.actor):
            return (Action("Download", reverse("console:export-file", args=args), EXPORT, "download", primary=True),)
        return ()


class DownloadExport(ActionPage):
    """The file, for whoever asked for it: fetched by a press of the button, since every fetch counts."""

    name, title, permission = "export-file", "Download export", EXPORT
    submit_label = "Download"

    def question(self) -> str:
        """What happens."""
        return "The file is for whoever asked for it. Each download is counted and stands in the audit log."

    def save(self, form: ConsoleForm) -> HttpResponseBase:
        """Streamed from disk, counted and recorded."""
        export = find_export(public_id=self.kwargs["public_id"], owner=str(self.actor))
        path = note_export_download(export=export, by=self.actor, now=self.now)
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)

    def done(self, result: Any) -> Any:
        """The file is the answer."""
        return result

    def cancel_url(self) -> str:
        """The export."""
        return reverse("console:export", args=[self.kwargs["public_id"]])


class _Decide(ActionPage, abstract=True):
    permission = APPROVE
    grant = False

    def export(self) -> MemberExport:
        """The export of the address."""
        return find_export(public_id=self.kwargs["public_id"])

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What would leave the house."""
        export = self.export()
        return (
            ("Customers", cells.number(export.members)),
            ("Fields", ", ".join(export.fields)),
            ("What for", export.reason),
        )

    def save(self, form: ConsoleForm) -> MemberExport:
        """Decide."""
        return decide_export(export=self.export(), grant=self.grant, by=self.actor, now=self.now)

    def success_url(self, result: MemberExport) -> str:
        """The export."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The export."""
        return reverse("console:export", args=[self.kwargs["public_id"]])


class ApproveExport(_Decide):
    """Let it be written for whoever asked."""

    name, title, submit_label, success = "export-approve", "Approve export", "Approve", "The export is being written."
    grant, step_up = True, True

    def question(self) -> str:
        """What happens."""
        return f"The members of “{self.export().segment.name}” are written to a file that whoever asked may download."


class RefuseExport(_Decide):
    """Say no."""

    name, title, submit_label, success = "export-refuse", "Refuse export", "Refuse", "The export is refused."
    danger = True

    def question(self) -> str:
        """What happens."""
        return f"The members of “{self.export().segment.name}” are not exported."
