"""The list of imported files and the page of one: what came of it, live, and why rows were refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from redis.exceptions import RedisError

from core.console import cells
from core.console.cells import State
from core.console.pages import Action, Page, staff_of
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry
from core.errors import NotFound
from core.jobs import STALLED_AFTER
from core.menu import Panel
from core.meter import HEARTBEAT_KEY
from core.models import Job, JobState
from core.models.jobs import OPEN_STATES
from customers.console.words import PII
from customers.models import ImportFile, ImportTarget
from customers.selectors.import_steps import preparing_of
from customers.selectors.imports import can_be_undone, find_import, list_imports, list_kept, list_refused, refused_csv
from customers.selectors.origins import names_of
from customers.selectors.purposes import list_purposes

VIEW: Final = "customers.view_import"
IMPORT: Final = "customers.import_customer"
NO_WORKER: Final = "no_worker"
STATES: Final = {
    "staged": State("Not started"),
    "tried": State("Tried", "info"),
    NO_WORKER: State("No worker is running", "bad"),
    JobState.QUEUED.value: State("Queued"),
    JobState.RUNNING.value: State("Running", "info"),
    JobState.PAUSED.value: State("Paused", "warn"),
    JobState.SUCCEEDED.value: State("Stored", "good"),
    JobState.FAILED.value: State("Failed", "bad"),
    JobState.STOPPED.value: State("Stopped", "warn"),
    "undoing": State("Being undone", "info"),
    "undone": State("Undone"),
}
KEPT: Final = {
    "changed_since": "Changed since by somebody else",
    "used_since": "Orders, activity or visitors stand on it by now",
    "deleted_since": "Deleted or merged since",
    "duplicate_email": "Its former e-mail address belongs to another customer now",
    "duplicate_phone": "Its former phone number belongs to another customer now",
    "duplicate_external_id": "Its former external id belongs to another customer now",
}
SAMPLES: Final = {
    "customers": (
        "customer id,email,phone,first name,last name,country,region,language,tags,newsletter\r\n"
        '1001,jane.doe@example.com,+14155552671,Jane,Doe,US,US-CA,en,"vip,news",yes\r\n'
    ),
    "purchases": (
        "order id,customer id,date,amount,currency\r\nA-1,1001,2026-01-31T10:00:00Z,49.99,USD\r\n"
        "A-2,1001,2026-02-03T10:00:00Z,-10.00,USD\r\n"
    ),
}
SHOWN_REFUSALS: Final = 50
_STATED: Final = {
    "reference": "Given at",
    "collected_at": "Given on",
    "doi_done": "Confirmed twice",
    "wording": "Words shown",
}
_NOTED: Final = {
    "named_before": "Named by more than one row",
    "kept_by_rule": "Values kept by the rule of their field",
    "consent_stated": "Consent stated",
    "consent_recorded": "Consent recorded",
    "consent_unchanged": "Consent on record already",
    "consent_superseded": "Consent decided anew since",
    "consent_state_conflict": "Consent refused by the person",
}


def state_of(file: ImportFile, now: datetime) -> str:
    """One word for where a file is; NO_WORKER once its job has waited a minute while no worker gives a sign of life."""
    job = file.job
    if file.undone_at or (file.undo and file.undo.state in OPEN_STATES):
        return "undone" if file.undone_at else "undoing"
    if job is None:
        return "staged"
    if job.state == JobState.QUEUED and now - job.updated_at >= STALLED_AFTER and not _worker_beats():
        return NO_WORKER
    return "tried" if file.dry_run and job.state == JobState.SUCCEEDED else job.state


def _worker_beats() -> bool:
    """Whether a worker gave a sign of life; taken for granted while nobody can know."""
    try:
        return cache.get(HEARTBEAT_KEY) is not None
    except RedisError:
        return True


def address(name: str, file: ImportFile) -> str:
    """The address of a screen about this file."""
    return reverse(f"console:{name}", args=[file.public_id])


class ImportFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    target = ChoiceFilter(label="Rows", choices=ImportTarget.choices, empty_label="Any rows")

    class Meta:
        model = ImportFile
        fields: Sequence[str] = ()


class ImportList(ListPage):
    """Every file that was brought in, newest first."""

    name, title, permission = "imports", "Imports", VIEW
    menu_entry = MenuEntry("Imports", "file-import", "Audience", order=30)
    filterset_class, default_sort = ImportFilter, "-created_at"
    columns = (
        Column("file", "File", value=whole_row, cell=lambda row: cells.link(address("import", row), row.file_name)),
        Column("target", "Rows", value=lambda row: row.get_target_display()),
        Column("state", "State", value=lambda row: row.shown_state, cell=cells.state(STATES)),
        Column("created", "New", cell=cells.number, end=True),
        Column("updated", "Changed", cell=cells.number, end=True),
        Column("refused", "Refused", cell=cells.number, end=True),
        Column("brought", "Brought", value=lambda row: row.created_at, cell=cells.instant, sort="created_at"),
        Column("owner", "By", value=lambda row: row.owner_name),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No imports yet", "Bring a CSV file of customers or purchases.", self.actions()[0])

    def rows(self) -> QuerySet[ImportFile]:
        """All of them."""
        return list_imports()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Their states, and who brought them."""
        names = names_of(row.owner for row in rows)
        for row in rows:
            row.shown_state = state_of(row, self.now)
            row.owner_name = "You" if row.owner == str(self.actor) else names.get(row.owner, row.owner)
        return rows

    def actions(self) -> Sequence[Action]:
        """Bring a file."""
        return (Action("Import a file", reverse("console:import-new"), IMPORT, "upload", primary=True),)


def progress(request: HttpRequest, file: ImportFile) -> Mapping[str, Any]:
    """State and figures; fetched again every three seconds until the job has ended."""
    job = file.job
    return {
        "file": file,
        "job": job,
        "state": cells.dot(STATES[state_of(file, timezone.now())]),
        "no_worker": state_of(file, timezone.now()) == NO_WORKER,
        "finished": job is None or job.state not in OPEN_STATES,
        "rows": [*counts_of(file), *remarks_of(file)],
        "sums": _sums(file),
    }


def remarks_of(file: ImportFile) -> Sequence[tuple[str, int]]:
    """What was noted about rows that were stored: about consent in words, the rest by its code."""
    notes = file.figures.get("notes", {})
    return [(_NOTED.get(code, f"Noted: {code}"), count) for code, count in sorted(notes.items())]


def basis(request: HttpRequest, file: ImportFile) -> Mapping[str, Any]:
    """What the importing person stated about consent: the proof that ledger entries point to."""
    stated, names = file.consent_basis, {one.key: one for one in list_purposes()}
    facts = [(label, str(stated[name])) for name, label in _STATED.items() if stated.get(name)]
    meant = stated.get("purposes")
    for theirs, ours in meant.items() if isinstance(meant, dict) else ():
        facts.append((f"“{theirs}”", names[ours].name if ours in names else ours))
    for key, notice in stated.get("notice", {}).items():
        words = dict(names[key].notices).get(notice, "") if key in names else ""
        facts.append((f"Notice: {names[key].name if key in names else key}", f"{words} ({notice})".strip()))
    return {"facts": facts, "empty": "No consent was stated with this file."}


def counts_of(file: ImportFile) -> Sequence[tuple[str, int]]:
    """Rows by outcome."""
    if file.target == ImportTarget.MEMBERS:
        return (("New on the list", file.created), ("On it already", file.unchanged), ("Refused", file.refused))
    if file.target == ImportTarget.CONSENTS:
        return (("Recorded", file.created), ("Changes nothing", file.unchanged), ("Refused", file.refused))
    return (
        ("New", file.created),
        ("Changed", file.updated),
        ("Unchanged", file.unchanged),
        ("Refused", file.refused),
    )


def _sums(file: ImportFile) -> list[tuple[str, str]]:
    """Net sums of a purchase file, exact, by outcome and currency."""
    found = [("Stored", currency, total) for currency, total in file.figures.get("accepted", {}).items()]
    for code, sums in file.figures.get("refused", {}).items():
        found += [(f"Refused: {code}", currency, total) for currency, total in sums.items()]
    return [(label, f"{currency} {total}") for label, currency, total in found]


def refusals(request: HttpRequest, file: ImportFile) -> Mapping[str, Any]:
    """Reasons with their counts, and the first refused rows; fetched again as `progress` is."""
    sees, first = staff_of(request).has_perm(PII), list(list_refused(file=file)[:SHOWN_REFUSALS])
    return {
        "reasons": sorted(file.reasons.items(), key=lambda pair: (-pair[1], pair[0])),
        "first": first,
        "download": address("import-refused", file) if sees and (file.refused or first) else "",
        "shown": SHOWN_REFUSALS,
        "finished": file.job is None or file.job.state not in OPEN_STATES,
    }


def undoing(request: HttpRequest, file: ImportFile) -> Mapping[str, Any]:
    """How far the undo is, and which customers it left as they are."""
    figures = file.undo_figures
    words = {
        "removed": "Removed",
        "restored": "As before again",
        "kept": "Left as they are",
        "consents": "Consents found invalid",
    }
    return {
        "undo": file.undo,
        "finished": file.undo is None or file.undo.state not in OPEN_STATES,
        "rows": [(words[name], figures[name]) for name in words if name in figures],
        "reasons": [(KEPT.get(code, code), count) for code, count in figures.get("reasons", {}).items()],
        "kept": [
            (change.customer.public_id, KEPT.get(change.kept, change.kept)) for change in list_kept(file=file)[:50]
        ],
    }


class ImportDetail(DetailPage):
    """One file: where it is, what came of it, what can be done."""

    name, title, permission = "import", "Import", VIEW
    panels = (
        Panel("progress", "What came of it", "customers/import_progress.html", VIEW, progress, poll=3),
        Panel("undo", "Undo", "customers/import_undo.html", VIEW, undoing, order=105, poll=3),
        Panel("refusals", "Refused rows", "customers/import_refusals.html", VIEW, refusals, order=110, poll=3),
        Panel("basis", "Consent stated", "customers/import_basis.html", VIEW, basis, place="side"),
    )

    def find(self) -> ImportFile:
        """By public id."""
        return find_import(public_id=self.kwargs["public_id"])

    def header(self, subject: ImportFile) -> Header:
        """File, rows, state."""
        state = cells.dot(STATES[state_of(subject, self.now)])
        return Header(subject.file_name, subject.get_target_display(), subject.public_id, state=state)

    def _list(self, subject: ImportFile) -> Sequence[Figure]:
        """The list that the members are for."""
        if subject.segment is None:
            return ()
        link = cells.link(reverse("console:segment", args=[subject.segment.slug]), subject.segment.name)
        return (Figure("List", link, note="Its members are replaced" if subject.replaces else "They join it"),)

    def figures(self, subject: ImportFile) -> Sequence[Figure]:
        """Size and columns; the counts stand in the panel that refreshes itself."""
        return (
            Figure("Size", f"{subject.size:,} bytes"),
            Figure("Columns", cells.number(len(subject.headers))),
            Figure("Brought", cells.ago(subject.created_at)),
            *self._list(subject),
        )

    def actions(self, subject: ImportFile) -> Sequence[Action]:
        """What the file's state allows."""
        return (*_preparing(subject), *_steering(subject.job), *_undoing(subject, self.now))


def _preparing(file: ImportFile) -> list[Action]:
    """Columns, consent, try, import: until the rows are stored or on their way."""
    job = file.job
    waits = job is None or job.state == JobState.FAILED or (file.dry_run and job.state not in OPEN_STATES)
    if not waits:
        return []
    if special := preparing_of(file.target):
        last = special.steps[-1][0]
        return [
            Action(label, address(screen, file), special.permission, icon, primary=label == last)
            for label, screen, icon in special.steps
        ]
    consent = Action("Consent", address("import-consent", file), IMPORT, "shield-check")
    return [
        Action("Columns", address("import-columns", file), IMPORT, "columns-3"),
        *([] if file.target == ImportTarget.MEMBERS else [consent]),
        Action("Try", address("import-try", file), IMPORT, "eye"),
        Action("Import", address("import-start", file), IMPORT, "upload", primary=True),
    ]


def _undoing(file: ImportFile, now: datetime) -> list[Action]:
    """Take it back, as long as that is possible."""
    if not can_be_undone(file=file, now=now):
        return []
    return [Action("Undo", address("import-undo", file), IMPORT, "rotate-clockwise")]


def _steering(job: Job | None) -> list[Action]:
    """Pause, resume, stop: on the screens of jobs."""
    own = "core.view_own_job"
    if job is None or job.state not in OPEN_STATES:
        return []
    wishes = {JobState.RUNNING.value: ("pause", "player-pause"), JobState.PAUSED.value: ("resume", "player-play")}
    found = [wishes[job.state]] if job.state in wishes else []
    found.append(("stop", "player-stop"))
    return [
        Action(wish.title(), reverse(f"console:job-{wish}", args=[job.public_id]), own, icon) for wish, icon in found
    ]


class DownloadRefused(Page):
    """The refused rows as CSV, with the cells as they came."""

    name, title, permission = "import-refused", "Refused rows", PII
    downloads = True

    def get(self, request: HttpRequest, public_id: str) -> HttpResponseBase:
        """Streamed; safe to open in a spreadsheet."""
        file = find_import(public_id=public_id)
        headers = {"Content-Disposition": f'attachment; filename="refused-{file.public_id}.csv"'}
        return StreamingHttpResponse(refused_csv(file=file), content_type="text/csv; charset=utf-8", headers=headers)


class DownloadSample(Page):
    """A small file to begin with."""

    name, title, permission = "import-sample", "Sample file", VIEW
    downloads = True

    def get(self, request: HttpRequest, target: str) -> HttpResponse:
        """CSV of one target."""
        if target not in SAMPLES:
            raise NotFound("There is no such sample.")
        headers = {"Content-Disposition": f'attachment; filename="{target}.csv"'}
        return HttpResponse(SAMPLES[target], content_type="text/csv; charset=utf-8", headers=headers)
