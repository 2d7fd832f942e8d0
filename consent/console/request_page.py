"""One request: its clock and why, its tasks, what will happen, letters, history, package and certificate."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.console.request_redactions import others_context
from consent.console.request_words import (
    APPROVE,
    DOWNLOAD,
    STATES,
    STEP_STATES,
    VIEW,
    deadline,
    kind_title,
    next_steps,
    step_name,
    who,
)
from consent.models import DataRequest
from consent.rules.effort import cost_of
from consent.rules.request_clock import known_regime
from consent.rules.requests import Kind, State
from consent.rules.risk import REFERENCES, REQUEST_COST
from consent.selectors.requests import (
    active_hold,
    contacts_of,
    erasure_has_begun,
    explanation,
    find_request,
    history_of_request,
    letters_of,
    local_day,
    names_of_staff,
    near_misses,
    opened,
    package_of,
    steps_of,
)
from consent.selectors.risk import references
from consent.services.exports import note_download
from consent.services.request_erasure import preview
from core.console import cells
from core.console.views import Action, DetailPage, Figure, Header, Page
from core.errors import NotFound
from core.menu import Panel


def clock_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """Both dates, why, and the rows they come from."""
    told = explanation(row, local_day(row.regime, timezone.now()))
    names = names_of_staff(entry["by"] for entry in told["clock"])
    for entry in told["clock"]:
        entry["name"] = names.get(entry["by"], entry["by"].partition(":")[0])
    return {"told": told}


def steps_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """Every task with its state; finished when none is open."""
    steps = steps_of(row)
    shown = [
        {
            "step": step,
            "name": step_name(step),
            "state": cells.dot(STEP_STATES[step.state]),
            "said": step.error or step.result.get("text", ""),
            "url": reverse("console:request-task", args=[row.public_id, step.pk]) if row.is_open else "",
        }
        for step in steps
    ]
    return {"steps": shown, "finished": all(step.state in ("done", "skipped") for step in steps)}


def preview_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """What the erasure will do, place by place, counted now."""
    wanted = row.kind == Kind.ERASURE and row.is_open and row.state != State.READY
    return {"places": preview(request=row) if wanted and row.customer else []}


def history_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """What happened, newest first, with names."""
    events = history_of_request(row)
    names = names_of_staff(event.by for event in events)
    shown = [(event, event.kind.replace("_", " "), names.get(event.by, event.by.partition(":")[0])) for event in events]
    return {"events": shown, "comment_url": reverse("console:request-comment", args=[row.public_id])}


def letters_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """The letters written."""
    return {"letters": letters_of(row)}


def requester_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """Who asks, how we know, what they wrote, whom it is about."""
    personal = request.user.has_perm("customers.view_pii")
    contact = opened(row.contact_sealed) if personal else row.contact_hint
    names = names_of_staff([row.verified_by, row.assignee, row.approved_by, row.second_by])
    return {
        "contact": contact,
        "details": opened(row.details_sealed) if personal else "",
        "named": {role: names.get(getattr(row, role)) or _words(getattr(row, role)) for role in _ROLES},
        "alike": near_misses(opened(row.contact_sealed)) if personal and row.customer is None else [],
        "hold": active_hold(row),
        "duplicate": row.duplicate_of,
        "effort": row.minutes_spent,
        "cost": cost_of(minutes=row.minutes_spent, hour=settings.PRIVACY_HOUR_COST),
        "currency": settings.PRIVACY_COST_CURRENCY,
        "elsewhere": (references()[REQUEST_COST], REFERENCES[REQUEST_COST].unit),
    }


_ROLES = ("verified_by", "assignee", "approved_by", "second_by")
_OTHERS: Final = {"person": "the requester", "client": "a program", "system": "the system"}


def _words(actor: str) -> str:
    """Who somebody is who is not among staff by name."""
    kind = actor.partition(":")[0]
    return _OTHERS.get(kind, kind)


def package_context(request: HttpRequest, row: DataRequest) -> Mapping[str, Any]:
    """The archive with size and time, and where to get it; the certificate of a closed request."""
    package = package_of(row)
    download = reverse("console:request-package", args=[row.public_id])
    allowed = request.user.has_perm(DOWNLOAD)
    return {
        "package": package,
        "download": download if package and allowed and package.removed_at is None else "",
        "certificate": reverse("console:request-certificate", args=[row.public_id]) if row.outcome else "",
    }


class RequestPage(DetailPage):
    """Everything about one request on one page."""

    name, title, permission = "request", "Privacy request", VIEW
    panel_area = "privacy-request"
    panels = (
        Panel("clock", "Clock", "consent/request_clock.html", VIEW, clock_context, order=10, icon="clock"),
        Panel("tasks", "Tasks", "consent/request_tasks.html", VIEW, steps_context, order=20, poll=3),
        Panel("preview", "What will happen", "consent/request_preview.html", APPROVE, preview_context, order=30),
        Panel("others", "Other people's data", "consent/request_others.html", VIEW, others_context, order=35),
        Panel("history", "History", "consent/request_history.html", VIEW, history_context, order=40),
        Panel("requester", "Requester", "consent/request_requester.html", VIEW, requester_context, "side", 10),
        Panel("package", "Package and certificate", "consent/request_package.html", VIEW, package_context, "side", 20),
        Panel("letters", "Letters", "consent/request_letters.html", VIEW, letters_context, "side", 30),
    )

    def find(self) -> DataRequest:
        """The request."""
        return find_request(self.kwargs["public_id"])

    def header(self, subject: DataRequest) -> Header:
        """What is asked under which law, and where it stands."""
        requester = who(subject, self.reader, contacts_of([subject]))
        law = known_regime(subject.regime).law.name
        return Header(
            kind_title(subject),
            subtitle=f"{law} ({subject.regime}) · {requester}",
            code=subject.public_id,
            state=cells.state(STATES)(subject.state),
        )

    def figures(self, subject: DataRequest) -> Sequence[Figure]:
        """The dates: ours, the law's, the short rule's."""
        left = deadline(subject, timezone.now())
        return (
            Figure("We work towards", cells.day(subject.safe_due), left, "target"),
            Figure("Last lawful day", cells.day(subject.law_due), self._pause(subject), "scale"),
            Figure("30 or 45 days", cells.day(subject.short_due), "the number in common use", "calendar"),
            Figure("Received", cells.day(subject.received_on), f"by {subject.get_channel_display().lower()}", "clock"),
        )

    def actions(self, subject: DataRequest) -> Sequence[Action]:
        """What can be done next."""
        steps = next_steps(subject, erasure_has_begun(subject))
        back = Action("Board", reverse("console:requests"), VIEW, "layout-kanban")
        return [*steps, back]

    @staticmethod
    def _pause(subject: DataRequest) -> str:
        if subject.paused_for:
            return f"the clock stands: {subject.paused_for}"
        return "extended" if subject.extended_at else f"acknowledge by {subject.ack_due}"


class RequestCertificate(Page):
    """What was done where, by whom, and what the final scan found; to be printed."""

    name, title, permission = "request-certificate", "Certificate", VIEW
    template_name = "consent/certificate.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The certificate of a closed request; empty words while it is open."""
        row = find_request(self.kwargs["public_id"])
        names = names_of_staff([row.approved_by, row.second_by])
        context = {
            "row": row,
            "what": kind_title(row),
            "law": known_regime(row.regime).law.name,
            "approved": [names.get(actor, actor) for actor in (row.approved_by, row.second_by) if actor],
            "kept": (row.outcome or {}).get("refused_parts"),
            "scan": (row.outcome or {}).get("scan"),
            "steps": (row.outcome or {}).get("steps", []),
        }
        return self.draw(self.template_name, context)


class DownloadPackage(Page):
    """The package for staff; asks for the password again, and stands in the audit trail."""

    name, title, permission = "request-package", "Package", DOWNLOAD
    step_up, downloads = True, True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The file, in pieces."""
        package = package_of(find_request(self.kwargs["public_id"]))
        if package is None:
            raise NotFound("No package was built for this request.")
        path = note_download(package=package, by=self.actor, now=self.now)
        return FileResponse(path.open("rb"), as_attachment=True, filename=package.file_name)
