"""Segments on screens: the list, one segment's page, asking about one customer, and what can be done."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, Figure, FormPage, Header, ListPage, MenuEntry
from core.errors import DomainError
from core.menu import Alert, AlertSource, Panel
from customers.console.imports import IMPORT
from customers.console.segment_builder import CHANGE, VIEW
from customers.console.words import PII
from customers.models import Customer, Segment, SegmentKind, SegmentState
from customers.rules.segments.tree import RuleError
from customers.selectors.customers import find_customer
from customers.selectors.segments import changes, listing
from customers.selectors.segments.answers import rule_words
from customers.selectors.segments.explaining import Explanation, explain_rule
from customers.selectors.segments.preview import preview_members
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.uses import uses_by_segment, uses_of
from customers.services.segments import archive_segment, checked_rule, define_segment, refresh_segment, take_snapshot

HEALTH = {
    "fresh": State("Up to date", "good"),
    "stale": State("Older than a day", "warn"),
    "building": State("Being calculated", "info"),
    "failed": State("Last calculation failed", "bad"),
}
RUNS = {"running": State("Running", "info"), "succeeded": State("Done", "good"), "failed": State("Failed", "bad")}


def name_cell(row: Segment) -> str:
    """The name, leading to the page."""
    return cells.link(reverse("console:segment", args=[row.slug]), row.name, row.slug)


def _gained(people: int | None) -> str:
    return cells.number(None) if people is None else f"{people:+,}"


def _reached(row: Segment, channel: str) -> int | None:
    """As last counted, and never more than there are members by now."""
    if row.current is None or channel not in row.current.reach:
        return None
    return min(int(row.current.reach[channel]), row.current.members)


class SegmentList(ListPage):
    """Every segment in use."""

    name, title, permission = "segments", "Segments", VIEW
    menu_entry = MenuEntry("Segments", "filter", "Audience", order=20, count=listing.count_active)
    default_sort, key_field = "-created_at", "slug"
    columns = (
        Column("segment", "Segment", value=whole_row, cell=name_cell),
        Column(
            "members",
            "Customers",
            value=lambda r: r.current.members if r.current else None,
            cell=cells.number,
            end=True,
        ),
        Column("reach", "Reachable by e-mail", value=lambda row: _reached(row, "email"), cell=cells.number, end=True),
        Column("sms", "By SMS", value=lambda row: _reached(row, "sms"), cell=cells.number, end=True, optional=True),
        Column(
            "reached",
            "Reach counted",
            value=lambda r: r.current.reach_at if r.current else None,
            cell=cells.ago,
            optional=True,
        ),
        Column("week", "7 days", value=lambda row: row.week, cell=_gained, end=True),
        Column("kind", "Kind", value=lambda row: row.get_kind_display()),
        Column("refreshed", "Calculated", value=lambda r: r.current.as_of if r.current else None, cell=cells.ago),
        Column("health", "State", value=lambda row: listing.health(row, timezone.now()), cell=cells.state(HEALTH)),
        Column("uses", "Used by", value=lambda row: row.uses, cell=cells.number, end=True),
        Column("changed", "Changed", value=lambda r: r.updated_at, cell=cells.ago, sort="updated_at", optional=True),
        Column("owner", "Owner", cell=cells.code, optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty(
            "No segments yet", "Say in words whom you want to reach, and see at once how many.", self.actions()[0]
        )

    def rows(self) -> QuerySet[Segment]:
        """Those in use."""
        return listing.list_segments()

    def prepare(self, rows: list[Segment]) -> list[Segment]:
        """How many more or fewer there are than a week ago, unknown for younger segments; how much uses each."""
        before = changes.sizes_before(segments=rows, today=self.now.astimezone(UTC).date())
        users, uses = listing.users_by_slug(rows), uses_by_segment(rows)
        for row in rows:
            row.uses = len(users[row.slug]) + len(uses[row.pk])  # type: ignore[attr-defined]
            was = before.get(row.pk)
            row.week = None if was is None or row.current is None else row.current.members - was  # type: ignore[attr-defined]
        return rows

    def actions(self) -> Sequence[Action]:
        """A rule, or a list by hand."""
        return (
            Action("New list", reverse("console:segment-list-new"), CHANGE, "list"),
            Action("New segment", reverse("console:segment-new"), CHANGE, "plus", primary=True),
        )


def _definition(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    return {
        "words": rule_words(segment.rule),
        "segment": segment,
        "users": listing.used_by(segment),
        "uses": uses_of(segment),
    }


def _reach(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    try:
        seen = preview_members(segment=segment, now=timezone.now())
    except (RuleError, DomainError):
        return {"rows": []}
    return {
        "rows": [("Members", seen.total), *((one.label, one.reachable) for one in seen.reach)],
        "total": seen.total,
        "why": [(reason.label, people) for reason, people in seen.reach[0].reasons] if seen.reach else [],
        "channel": seen.reach[0].label if seen.reach else "",
    }


def _growth(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    days = changes.days_of(segment)
    times = [datetime.combine(day.day, time(), UTC).timestamp() for day in days]
    return {"times": times, "series": {"Customers": [day.members for day in days]}}


def _changes(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    days = changes.days_of(segment)[-1:]
    return {"changes": changes.change_page(segment=segment, before=None, limit=19), "today": days[0] if days else None}


def _runs(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    draw = cells.state(RUNS)
    rows = [(run, draw(run.state), changes.causes_in_words(run)) for run in listing.list_runs(segment)[:20]]
    newest = next((run for run, _, causes in rows if causes), None)
    return {"runs": rows, "reconcile": newest, "different": changes.changes_of_run(newest) if newest else []}


def _versions(request: HttpRequest, segment: Segment) -> Mapping[str, Any]:
    seen: dict[int, tuple[Any, str | None]] = {}
    for version in listing.list_versions(segment)[:200]:
        seen.setdefault(version.definition, (version, rule_words(version.rule)))
    return {"definitions": list(seen.values())[:10]}


class SegmentDetail(DetailPage):
    """One segment: rule, members over time, whom it reaches, how its calculations went."""

    name, title, permission, panel_area = "segment", "Segment", VIEW, "segment"
    panels = (
        Panel("definition", "Who is in it", "customers/_segment_definition.html", VIEW, _definition, order=10),
        Panel("growth", "Customers over time", "customers/_segment_growth.html", VIEW, _growth, order=20),
        Panel("changes", "Came and left", "customers/_segment_changes.html", VIEW, _changes, order=25),
        Panel("runs", "Calculations", "customers/_segment_runs.html", VIEW, _runs, order=30),
        Panel("reach", "Reachable", "customers/_segment_reach.html", VIEW, _reach, place="side", order=10, lazy=True),
        Panel("versions", "Definitions", "customers/_segment_versions.html", VIEW, _versions, place="side", order=20),
    )

    def find(self) -> Segment:
        """By its slug."""
        return listing.find_segment(self.kwargs["slug"])

    def header(self, subject: Segment) -> Header:
        """Name, kind, state."""
        archived = subject.state == SegmentState.ARCHIVED
        state = State("Archived", "idle") if archived else HEALTH[listing.health(subject, self.now)]
        return Header(
            subject.name,
            subtitle=f"{subject.get_kind_display()} segment. {subject.description}".strip(),
            code=subject.slug,
            state=cells.dot(state),
        )

    def figures(self, subject: Segment) -> Sequence[Figure]:
        """How many, and as of when."""
        current = subject.current
        return (
            Figure("Customers", cells.number(current.members if current else None), icon="users"),
            Figure("Calculated", cells.ago(current.as_of if current else None), icon="refresh"),
            Figure("Definition", f"No. {subject.definition}", icon="edit"),
        )

    def actions(self, subject: Segment) -> Sequence[Action]:
        """What its kind allows."""
        if subject.state == SegmentState.ARCHIVED:
            return ()
        args = [subject.slug]
        alike = f"{reverse('console:segment-new')}?like={subject.slug}"
        dynamic = (
            Action("Duplicate", alike, CHANGE, "copy"),
            Action("Calculate now", reverse("console:segment-refresh", args=args), CHANGE, "refresh"),
            Action("Edit", reverse("console:segment-edit", args=args), CHANGE, "edit", primary=True),
        )
        return (
            Action(
                "Customers",
                f"{reverse('console:customers')}?segment={subject.slug}",
                "customers.view_customer",
                "users",
            ),
            Action("Is somebody in it?", reverse("console:segment-explain", args=args), VIEW, "search"),
            Action("Export", reverse("console:segment-export", args=args), "customers.export_customer", "download"),
            Action("Snapshot", reverse("console:segment-snapshot", args=args), CHANGE, "lock"),
            Action("Archive", reverse("console:segment-archive", args=args), CHANGE, "trash"),
            *(dynamic if subject.kind == SegmentKind.DYNAMIC else ()),
            *(self._bringing(subject) if subject.kind == SegmentKind.STATIC else ()),
        )

    def _bringing(self, subject: Segment) -> Sequence[Action]:
        """A file for the list, for whoever may both change it and bring files."""
        if not self.reader.has_perm(IMPORT):
            return ()
        return (Action("Upload members", reverse("console:segment-upload", args=[subject.slug]), CHANGE, "upload"),)


class _SegmentStep(FormPage, abstract=True):
    """What the steps of one segment share."""

    permission = CHANGE

    def segment(self) -> Segment:
        """The segment of the address."""
        return listing.find_segment(self.kwargs["slug"])

    def success_url(self, result: Segment) -> str:
        """The page of what came out."""
        return reverse("console:segment", args=[result.slug])

    def cancel_url(self) -> str:
        """The segment's page."""
        return reverse("console:segment", args=[self.kwargs["slug"]])


class RefreshSegment(_SegmentStep, ActionPage):
    """Calculate it now."""

    name, title = "segment-refresh", "Calculate segment"
    submit_label, success = "Calculate", "The segment is being calculated."

    def question(self) -> str:
        """What happens."""
        return f"“{self.segment().name}” is calculated again; until it is done its members stay as they are."

    def save(self, form: ConsoleForm) -> Segment:
        """Refresh."""
        return refresh_segment(segment=self.segment(), by=self.actor, now=self.now)


class ArchiveSegment(_SegmentStep, ActionPage):
    """Put it away."""

    name, title, danger = "segment-archive", "Archive segment", True
    submit_label, success = "Archive", "The segment is archived."

    def question(self) -> str:
        """What happens."""
        return f"Nobody is in “{self.segment().name}” any more and nothing can use it; its history stays."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How many people leave."""
        current = self.segment().current
        return (("Customers who leave it", cells.number(current.members if current else 0)),)

    def save(self, form: ConsoleForm) -> Segment:
        """Archive."""
        return archive_segment(segment=self.segment(), by=self.actor, now=self.now)


class SnapshotForm(ConsoleForm):
    """What it shall be called."""

    title = forms.CharField(label="Name", max_length=120, required=False, help_text="Made of name and time when empty.")


class SnapshotSegment(_SegmentStep):
    """Freeze its members."""

    name, title = "segment-snapshot", "Take a snapshot"
    form_class, submit_label, success = SnapshotForm, "Freeze", "The snapshot never changes again."

    def save(self, form: SnapshotForm) -> Segment:
        """Freeze."""
        return take_snapshot(
            segment=self.segment(), name=form.cleaned_data["title"].strip(), by=self.actor, now=self.now
        )


class ListForm(ConsoleForm):
    """A list kept by hand."""

    title = forms.CharField(label="Name", max_length=120)
    description = forms.CharField(label="Description", max_length=300, required=False)


class NewSegmentList(FormPage):
    """A segment without a rule."""

    name, title, permission = "segment-list-new", "New list", CHANGE
    form_class, submit_label, success = (
        ListForm,
        "Create",
        "The list is empty; tick customers in their list to put them on it, or upload them.",
    )

    def save(self, form: ListForm) -> Segment:
        """Define."""
        data = form.cleaned_data
        return define_segment(
            name=data["title"], description=data["description"], kind=SegmentKind.STATIC, by=self.actor, now=self.now
        )

    def success_url(self, result: Segment) -> str:
        """Its page."""
        return reverse("console:segment", args=[result.slug])

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:segments")


class AskForm(ConsoleForm):
    """Whom to ask about; sent in the body, since an id may lead to a person."""

    customer = forms.CharField(label="Customer", max_length=255, help_text="Public id (cus_...) or external id.")


class ExplainSegment(_SegmentStep):
    """Is X in it, and why not?"""

    name, title, permission = "segment-explain", "Is somebody in it?", VIEW
    template_name = "customers/segment_explain.html"
    form_class, submit_label = AskForm, "Look"

    def extra(self) -> dict[str, Any]:
        """What was found, when somebody was named."""
        return {"segment": self.segment(), **getattr(self, "found", {})}

    def save(self, form: AskForm) -> Customer:
        """Look; nothing is stored."""
        segment = self.segment()
        customer = find_customer(reference=form.cleaned_data["customer"].strip())
        since = listing.member_since(segment=segment, customer=customer)
        self.found = {"customer": customer, "since": since, "said": self._said(segment, customer), "asked": True}
        return customer

    def done(self, result: Any) -> HttpResponse:
        """The same page with the answer."""
        return self.shown(self.form_class(initial={"customer": result.public_id}))

    def _said(self, segment: Segment, customer: Customer) -> Explanation | None:
        if segment.rule is None:
            return None
        using = grammar()
        node = checked_rule(raw=segment.rule, using=using)
        sees = self.reader.has_perm(PII)
        return explain_rule(node=node, grammar=using, customer=customer, sees_pii=sees, now=self.now)


def customer_segments(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """The segments a customer is in, and since when."""
    return {"segments": listing.segments_of(customer)}


SEGMENTS = Panel(
    "segments", "Segments", "customers/_customer_segments.html", VIEW, customer_segments, place="side", order=35
)


def failures() -> list[Alert]:
    """Segments whose last calculation failed: their members are those of the one before."""
    return [
        Alert(f"The segment “{row.name}” could not be calculated.", reverse("console:segment", args=[row.slug]))
        for row in listing.failed_segments()
    ]


ALERTS = AlertSource("segments", VIEW, failures)
