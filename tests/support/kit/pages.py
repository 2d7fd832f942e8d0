"""Screens over jobs that use every part of the console kit; mounted by tests only."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse

from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.tables import whole_row
from core.console.views import (
    Action,
    ActionPage,
    BulkAction,
    Column,
    DetailPage,
    Empty,
    Figure,
    FormPage,
    Header,
    ListPage,
    Step,
    Tab,
)
from core.errors import DomainError, InvalidInput, NotFound, PreconditionFailed, Problem, Unavailable
from core.menu import Panel
from core.models import Job, JobState

STATES = {
    JobState.QUEUED: cells.State("Waiting"),
    JobState.RUNNING: cells.State("Running", "info"),
    JobState.PAUSED: cells.State("Paused", "warn"),
    JobState.SUCCEEDED: cells.State("Done", "good"),
    JobState.FAILED: cells.State("Failed", "bad"),
    JobState.STOPPED: cells.State("Stopped"),
}
ran: list[dict[str, Any]] = []


class JobFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(label="State", choices=JobState.choices, empty_label="Any state")
    done = django_filters.NumberFilter(label="Rows at least", lookup_expr="gte")


def link(job: Job) -> str:
    return cells.link(reverse("console:kit-job", args=[job.public_id]), job.title, job.kind)


def retry(*, selection, form, by, now) -> str:
    if form.cleaned_data["reason"] == "refuse":
        raise InvalidInput("A better reason is needed.", param="reason")
    ran.append({"count": selection.count, "filters": selection.filters, "by": by.id, "ids": sorted(selection.ids)})
    return f"{selection.count} jobs will run again."


class JobList(ListPage):
    name, title, permission = "kit-jobs", "Kit jobs", "core.view_home"
    filterset_class, search_label, key_field = JobFilter, "Title or id", "public_id"
    default_sort, page_size = "-created_at", 20
    tabs = (Tab("All"), Tab("Failed", {"state": "failed"}))
    bulk_actions = (
        BulkAction("retry", "Run again", "core.view_home", retry, icon="refresh", form=ReasonForm),
        BulkAction("purge", "Purge", "core.change_user", retry, danger=True, form=ReasonForm),
    )
    columns = (
        Column("title", "Job", cell=link, value=whole_row, sort="title"),
        Column("state", "State", cell=cells.state(STATES)),
        Column("done", "Rows", cell=cells.number, sort="done", end=True),
        Column("beat", "Last sign of life", cell=cells.ago, value=lambda job: job.beat_at, sort="beat_at"),
        Column("created_at", "Created", cell=cells.instant, sort="created_at"),
        Column("id", "Id", cell=cells.code, value=lambda job: job.public_id, optional=True),
        Column("owner", "Owner", cell=cells.code, permission="core.view_auditentry"),
    )
    empty = Empty("No jobs yet", "Imports and exports appear here.", Action("Import", "/console/", "core.view_home"))

    def rows(self) -> QuerySet[Job]:
        return Job.objects.all()

    def search(self, rows: QuerySet[Job], text: str) -> QuerySet[Job]:
        return rows.filter(title__startswith=text)

    def actions(self) -> Sequence[Action]:
        return (
            Action("New", reverse("console:kit-new"), "core.view_home", "plus", primary=True),
            Action("Hidden", "#", "core.change_user"),
            Action("Later", "#", "core.view_home", disabled_because="Nothing to do yet"),
        )


class SlowList(JobList):
    name = "kit-slow"

    def rows(self) -> QuerySet[Job]:
        return Job.objects.annotate(slept=RawSQL("pg_sleep(3)::text", ())).filter(slept="")


def facts(request, job) -> dict[str, Any]:
    return {"rows": [("State", cells.dot(STATES[job.state])), ("Title", job.title)]}


def figures(request, job) -> dict[str, Any]:
    days = [1_772_409_600 + 86_400 * day for day in range(30)]
    return {"times": days, "series": {"Events": [day % 7 * 100 for day in range(30)], "Clicks": list(range(30))}}


def shares(request, job) -> dict[str, Any]:
    return {"bars": [("Granted", 3300), ("Denied", 999), ("Unknown", 701)]}


def partner(request, job) -> dict[str, Any]:
    raise Unavailable("The partner does not answer.")


def crash(request, job) -> dict[str, Any]:
    if request.GET.get("panel") == "crash":
        raise RuntimeError("crash")
    return {"rows": []}


def progress(request, job) -> dict[str, Any]:
    job.refresh_from_db()
    return {"job": job, "finished": job.state == JobState.SUCCEEDED}


class JobDetail(DetailPage):
    name, permission, panel_area = "kit-job", "core.view_home", "kit-job"
    panels = (
        Panel("facts", "Facts", "facts.html", "core.view_home", facts, icon="list"),
        Panel("chart", "Events per day", "chart.html", "core.view_home", figures),
        Panel("shares", "Consent", "shares.html", "core.view_home", shares, place="side"),
        Panel("partner", "Partner", "facts.html", "core.view_home", partner, place="side"),
        Panel("later", "Later", "facts.html", "core.view_home", facts, place="side", lazy=True),
        Panel("crash", "Crash", "facts.html", "core.view_home", crash, place="side", lazy=True),
        Panel("progress", "Progress", "progress.html", "core.view_home", progress, place="side", poll=1),
        Panel("secret", "Secret", "facts.html", "core.change_user", facts, place="side"),
    )

    def find(self) -> Job:
        job = Job.objects.filter(public_id=self.kwargs["public_id"]).first()
        if job is None:
            raise NotFound("There is no such job.")
        return job

    def header(self, job: Job) -> Header:
        return Header(job.title, "imported", job.public_id, cells.dot(STATES[job.state]), "JO")

    def figures(self, job: Job) -> Sequence[Figure]:
        return (Figure("Rows", cells.number(job.done), "of many", "users"), Figure("Amount", cells.money(None)))

    def actions(self, job: Job) -> Sequence[Action]:
        return (Action("Stop", reverse("console:kit-stop", args=[job.public_id]), "core.view_home", "player-stop"),)


class NewForm(ConsoleForm):
    version = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(label="Title", help_text="What people will see.")
    kind = forms.ChoiceField(label="Kind", choices=[("import", "Import"), ("export", "Export")])
    channel = forms.ChoiceField(
        label="Channel", choices=[("email", "E-mail"), ("sms", "SMS")], widget=forms.RadioSelect, required=False
    )
    urgent = forms.BooleanField(label="Urgent", required=False)
    file = forms.FileField(label="File", required=False)
    notes = forms.CharField(label="Notes", widget=forms.Textarea(attrs={"rows": 2}), required=False)


class NewJob(FormPage):
    name, title, permission, form_class = "kit-new", "New job", "core.view_home", NewForm
    success, submit_label = "The job is stored.", "Store"
    steps = (Step("File", "/console/"), Step("New job"), Step("Review"))

    def initial(self) -> dict[str, Any]:
        return {"version": "2", "title": "Stored title", "kind": "import"}

    def save(self, form: NewForm) -> str:
        title = form.cleaned_data["title"]
        if title == "taken":
            raise InvalidInput("This title is taken.", param="title")
        if title == "both":
            raise DomainError("Two things", details=[Problem("kind", "x", "Bad kind."), Problem("z", "y", "Bad z.")])
        if title == "stale" and form.cleaned_data["version"] != "2":
            raise PreconditionFailed("Somebody changed this job meanwhile.")
        return title

    def success_url(self, result: str) -> str:
        return reverse("console:kit-jobs")

    def cancel_url(self) -> str:
        return reverse("console:kit-jobs")


class Rotate(FormPage):
    name, title, permission, step_up = "kit-rotate", "Rotate the secret", "core.view_home", True

    def save(self, form: ConsoleForm) -> str:
        return "hub_secret_0123456789"

    def done(self, result: str) -> Any:
        return self.reveal(title="Secret of “Loyalty app”", secret=result, next_url=reverse("console:kit-jobs"))


class StopJob(ActionPage):
    name, title, permission, form_class = "kit-stop", "Stop the job", "core.view_home", ReasonForm
    danger, submit_label = True, "Stop"

    def question(self) -> str:
        return "Rows that are not imported yet will be left out."

    def consequences(self) -> Sequence[tuple[str, str]]:
        return (("Rows left out", "12"),)

    def save(self, form: ReasonForm) -> None:
        ran.append({"reason": form.cleaned_data["reason"]})

    def success_url(self, result: None) -> str:
        return reverse("console:kit-jobs")
