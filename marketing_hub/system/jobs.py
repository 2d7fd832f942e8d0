"""Jobs: work that takes longer than a request, to be watched, paused, stopped and tried again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.actors import Actor
from core.console import cells
from core.console.pages import staff_of
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry, Tab, actor_of
from core.errors import NotFound
from core.jobs import STALLED_AFTER
from core.menu import Panel
from core.models import Job, JobState, StaffUser
from marketing_hub.health import worker_beats
from marketing_hub.system.people import name_of, names_of
from marketing_hub.system.words import words_of

OWN, ALL = "core.view_own_job", "core.view_job"
NO_WORKER: Final = "no_worker"
STATES: Final = {
    JobState.QUEUED: cells.State("Queued"),
    NO_WORKER: cells.State("No worker is running", "bad"),
    JobState.RUNNING: cells.State("Running", "info"),
    JobState.PAUSED: cells.State("Paused", "warn"),
    JobState.SUCCEEDED: cells.State("Done", "good"),
    JobState.FAILED: cells.State("Failed", "bad"),
    JobState.STOPPED: cells.State("Stopped", "idle"),
}
ENDED: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED})
WISHES: Final = {
    "pause": ("Pause", "player-pause", frozenset({JobState.RUNNING})),
    "resume": ("Resume", "player-play", frozenset({JobState.PAUSED})),
    "retry": ("Try again", "rotate-clockwise", frozenset({JobState.FAILED})),
    "stop": ("Stop", "player-stop", frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PAUSED})),
}


def jobs_for(reader: StaffUser, by: Actor) -> QuerySet[Job]:
    """Every job for those who may see all, else the reader's own."""
    return Job.objects.all() if reader.has_perm(ALL) else Job.objects.owned_by(str(by))


def find_job(*, public_id: str, reader: StaffUser, by: Actor) -> Job:
    """The job, if this reader may see it; NotFound otherwise."""
    job = jobs_for(reader, by).filter(public_id=public_id).first()
    if job is None:
        raise NotFound(f"There is no job {public_id}, or it belongs to somebody else.")
    return job


def state_shown(job: Job, *, beats: bool, now: datetime) -> str:
    """The job's state; NO_WORKER once it has waited for a minute while no worker gives a sign of life."""
    waits = job.state == JobState.QUEUED and now - job.updated_at >= STALLED_AFTER
    return NO_WORKER if waits and not beats else job.state


def duration(job: Job, now: datetime) -> str:
    """How long it has been or was at work: `4 s`, `3 min 20 s`, `2 h 5 min`."""
    if job.started_at is None:
        return cells.NOTHING
    seconds = int(((job.finished_at or now) - job.started_at) / timedelta(seconds=1))
    minutes, rest = divmod(max(seconds, 0), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def kind_words(kind: str) -> str:
    """`customer.import` or `customer_import` as words."""
    return kind.replace(".", " ").replace("_", " ").capitalize()


def _progress(job: Job) -> str:
    if not job.total:
        return cells.number(job.done) if job.done else cells.NOTHING
    share = min(job.done / job.total, 1)
    bar = '<progress class="progress-bar-plain" aria-label="Progress of {}" value="{}" max="{}"></progress>'
    return format_html(
        '<span class="progress-cell">' + bar + "<span>{} %</span></span>",
        job.title,
        job.done,
        job.total,
        int(share * 100),
    )


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=JobState.choices, empty_label="Any state")
    kind = django_filters.ChoiceFilter(label="Kind", empty_label="Any kind")

    class Meta:
        model = Job
        fields: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["kind"].extra["choices"] = [(kind, kind_words(kind)) for kind in words_of(Job, "kind")]


class JobList(ListPage):
    """The jobs this reader may see, newest first."""

    name, title, permission = "jobs", "Jobs", OWN
    menu_entry = MenuEntry("Jobs", "clock", "System", order=10)
    filterset_class, default_sort = JobFilter, "-created_at"
    empty = Empty("No jobs yet", "Imports, exports and other long work appear here with their progress.")
    tabs = (
        Tab("All"),
        Tab("Running", {"state": JobState.RUNNING}),
        Tab("Queued", {"state": JobState.QUEUED}),
        Tab("Failed", {"state": JobState.FAILED}),
    )
    columns = (
        Column("title", "Job", value=whole_row, cell=lambda job: cells.link(job_url(job), job.title)),
        Column("kind", "Kind", cell=kind_words),
        Column("state", "State", value=lambda job: job.shown, cell=cells.state(STATES)),
        Column("done", "Progress", value=whole_row, cell=_progress),
        Column("owner", "Owner", value=lambda job: job.owner_name, permission=ALL),
        Column("created_at", "Asked for", cell=cells.ago, sort="created_at"),
        Column("started_at", "Started", cell=cells.instant),
        Column("duration", "Duration", value=lambda job: job.lasted, end=True),
        Column("finished_at", "Ended", cell=cells.instant, optional=True),
        Column("public_id", "Id", cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[Job]:
        """All, or one's own."""
        return jobs_for(self.reader, self.actor)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Who owns them, and what their state means while no worker lives."""
        names, beats = names_of((job.owner for job in rows), self.reader), worker_beats()
        for job in rows:
            job.shown = state_shown(job, beats=beats, now=self.now)
            job.owner_name = name_of(job.owner, names)
            job.lasted = duration(job, self.now)
        return rows


def job_url(job: Job) -> str:
    """The address of its page."""
    return reverse("console:job", args=[job.public_id])


class JobDetail(DetailPage):
    """One job, live until it has ended."""

    name, permission, panel_area = "job", OWN, "job"

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """Progress and result in one card, which is fetched again until the job has ended; facts beside it."""
        return (
            Panel("progress", "Progress", "system/progress.html", OWN, _live, poll=3),
            Panel("facts", "About this job", "system/facts.html", OWN, _facts, place="side"),
        )

    def find(self) -> Job:
        """By public id, among those this reader may see."""
        return find_job(public_id=self.kwargs["public_id"], reader=self.reader, by=self.actor)

    def header(self, job: Job) -> Header:
        """Title and kind; the state stands in the live card."""
        return Header(job.title, kind_words(job.kind), job.public_id)


def _live(request: HttpRequest, job: Job) -> Mapping[str, Any]:
    now = timezone.now()
    shown = state_shown(job, beats=worker_beats(), now=now)
    finished = job.state in ENDED
    return {
        "job": job,
        "finished": finished,
        "state": cells.dot(STATES[shown]),
        "no_worker": shown == NO_WORKER,
        "lasted": duration(job, now),
        "rate": _rate(job, now),
        "results": [(kind_words(str(name)), _result(value)) for name, value in job.result.items()],
        "actions": _actions(job),
    }


def _actions(job: Job) -> list[Action]:
    asked = job.state == JobState.RUNNING and (job.pause_requested or job.stop_requested)
    return [
        Action(label, reverse(f"console:job-{wish}", args=[job.public_id]), OWN, icon)
        for wish, (label, icon, states) in WISHES.items()
        if job.state in states and not asked
    ]


def _rate(job: Job, now: datetime) -> str:
    if job.started_at is None or not job.done:
        return ""
    seconds = ((job.finished_at or now) - job.started_at) / timedelta(seconds=1)
    return f"{job.done / seconds:,.0f} {job.unit} a second" if seconds >= 1 else ""


def _result(value: Any) -> str:
    if isinstance(value, bool):
        return cells.yes_no(value)
    if isinstance(value, int | float):
        return cells.number(value)
    if isinstance(value, dict):
        return ", ".join(f"{kind_words(str(name))}: {inner}" for name, inner in value.items())
    return "; ".join(_result(inner) for inner in value) if isinstance(value, list) else cells.text(value)


def _facts(request: HttpRequest, job: Job) -> Mapping[str, Any]:
    names = names_of([job.owner], staff_of(request))
    rows = [
        ("Owner", "You" if job.owner == str(actor_of(request)) else name_of(job.owner, names)),
        ("Kind", kind_words(job.kind)),
        ("Asked for", cells.instant(job.created_at)),
        ("Started", cells.instant(job.started_at)),
        ("Last sign of life", cells.ago(job.beat_at)),
        ("Ended", cells.instant(job.finished_at)),
        *((kind_words(str(name)), _result(value)) for name, value in job.parameters.items()),
    ]
    return {"rows": rows}
