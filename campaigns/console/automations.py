"""Automations on screens: the list, one automation as canvas and as list of steps, who is under way and why."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.console.automation_forms import SplitForm
from campaigns.console.automation_simulated import simulation
from campaigns.console.named import NamedList
from campaigns.console.words import APPROVE, CHANGE, PAUSE, VIEW, whom
from campaigns.models import Automation, AutomationVersion
from campaigns.rules.automations.graph import StepType
from campaigns.rules.automations.layout import HEIGHT, WIDTH, place
from campaigns.rules.automations.states import AutomationState, RunState, VersionState
from campaigns.rules.automations.words import (
    ENDINGS,
    Line,
    entry_words,
    lines,
    outcome_words,
    reentry_words,
    trigger_words,
)
from campaigns.selectors.automations.around import graph_problems
from campaigns.selectors.automations.listing import (
    count_active,
    counts,
    current_versions,
    find_automation,
    late,
    list_automations,
    list_versions,
    messages_of,
    standing,
    stopped_runs,
    under_way,
)
from core.console import cells
from core.console.cells import State
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Empty, Figure, Header, MenuEntry
from core.menu import Alert, AlertSource, Panel

STATES = {
    "draft": State("Draft", "idle"),
    "active": State("Active", "good"),
    "paused": State("Paused", "warn"),
    "archived": State("Archived", "idle"),
}
RUNS = {"open": State("Under way", "info"), "failed": State("Stopped", "bad"), "ended": State("Over", "idle")}


def address(name: str, automation: Automation, *more: str) -> str:
    """The URL of a screen of this automation."""
    return reverse(f"console:{name}", args=[automation.public_id, *more])


class AutomationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What automations can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=AutomationState.choices, empty_label="Any state")

    class Meta:
        model = Automation
        fields: Sequence[str] = ()


class AutomationList(NamedList):
    """Every automation that is not put away, newest first."""

    name, title, permission = "automations", "Automations", VIEW
    menu_entry = MenuEntry("Automations", "arrows-split", "Marketing", order=15, count=count_active)
    filterset_class, bar_filters, default_sort = AutomationFilter, ("state",), "-created_at"
    columns = (
        Column(
            "automation",
            "Automation",
            value=whole_row,
            cell=lambda row: cells.link(address("automation", row), row.name),
        ),
        Column("state", "State", cell=cells.state(STATES)),
        Column("begins", "People come in", value=lambda row: row.begins),
        Column("open", "Under way", value=lambda row: row.people.get(RunState.OPEN, 0), cell=cells.number, end=True),
        Column("stopped", "Stopped", value=lambda row: row.people.get(RunState.FAILED, 0), cell=cells.number, end=True),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
        Column("owner", "Owner", cell=cells.code, optional=True),
    )

    search_label = "Name or id"

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        words = "Begin with a welcome, a cart that was left or a birthday."
        return Empty("No automations yet", words, self.actions()[0])

    def rows(self) -> QuerySet[Automation]:
        """Those in use; archived ones when the filter asks for them."""
        return list_automations(include_archived=self.request.GET.get("state") == AutomationState.ARCHIVED)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Versions and people of all rows in two queries."""
        versions, people = current_versions(rows), under_way(rows)
        for row in rows:
            found = versions.get(row.pk, {})
            version = found.get(VersionState.LIVE) or found.get(VersionState.DRAFT)
            row.begins = entry_words(version.graph["entry"]) if version else ""
            row.people = people.get(row.pk, {})
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New automation", reverse("console:automation-new"), CHANGE, "plus", primary=True),)


def _shown(request: HttpRequest, automation: Automation) -> AutomationVersion:
    """The version that the address asks for, else the draft for who may change it, else the live one."""
    versions = {str(version.number): version for version in list_versions(automation)}
    wanted = versions.get(request.GET.get("version", ""))
    return wanted or next(iter(versions.values()))


def _steps(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    version = _shown(request, automation)
    people, went, messages = standing(version), counts([version]), messages_of(version)
    found = []
    for line in _said(version):
        ways = [(outcome, times) for (step, outcome), times in sorted(went.items()) if step == line.key]
        campaign = messages.get(line.key)
        found.append(
            {
                "line": line,
                "people": people.get(line.key, 0),
                "went": [(outcome_words(outcome, {}), times) for outcome, times in ways],
                "message": reverse("console:campaign", args=[campaign.public_id]) if campaign else "",
                "edit": address("automation-step", automation, line.key),
            }
        )
    ends = [(ENDINGS.get(outcome, outcome), times) for (step, outcome), times in sorted(went.items()) if not step]
    editable = _editable(request, automation)
    return {"steps": found, "version": version, "editable": editable, "ends": ends, **_way_in(version)}


def _editable(request: HttpRequest, automation: Automation) -> bool:
    return request.user.has_perm(CHANGE) and automation.state != AutomationState.ARCHIVED


def _said(version: AutomationVersion) -> list[Line]:
    """The steps in words; what a split asks stands there as its author wrote it."""
    steps, found = version.graph["steps"], []
    for line in lines(version.graph):
        rule = SplitForm.own_of(steps[line.key])["rule"] if line.kind == StepType.SPLIT else ""
        found.append(replace(line, does=f"Split by whether {rule}") if rule else line)
    return found


def _way_in(version: AutomationVersion) -> dict[str, Any]:
    graph = version.graph
    return {
        "entry": entry_words(graph["entry"]),
        "reentry": reentry_words(graph),
        "goals": [trigger_words(goal) for goal in graph.get("goals", ())],
    }


def _canvas(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    version = _shown(request, automation)
    canvas, by_key = place(version.graph), {line.key: line for line in _said(version)}
    people = standing(version)
    boxes = [
        {
            "box": box,
            "line": by_key[box.key],
            "people": people.get(box.key, 0),
            "edit": address("automation-step", automation, box.key),
        }
        for box in canvas.boxes
    ]
    size = {"box_width": WIDTH, "box_height": HEIGHT}
    return {"canvas": canvas, "boxes": boxes, **size, "version": version, "editable": _editable(request, automation)}


def _problems(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    draft = current_versions([automation]).get(automation.pk, {}).get(VersionState.DRAFT)
    found = graph_problems(draft.graph, purpose=automation.purpose_id or "") if draft else []
    return {"draft": draft, "problems": found}


def _versions(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    versions = list_versions(automation)
    published = whom({str(one.number): one.published_by for one in versions})
    by = [who if one.published_by else "Nobody yet" for one, (_, who) in zip(versions, published, strict=True)]
    rows = list(zip(versions, by, strict=True))
    return {"versions": rows, "shown": _shown(request, automation).number}


def _facts(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    limits = _shown(request, automation).graph.get("limits") or {}
    quiet = f"{limits['quiet_from']} to {limits['quiet_until']} there" if limits.get("quiet_from") else "None"
    cap = f"{limits['cap_messages']} in {limits.get('cap_days', 7)} days" if limits.get("cap_messages") else "None"
    rows = [
        ("Purpose", automation.purpose.name if automation.purpose else cells.NOTHING),
        ("Goal", automation.goal or cells.NOTHING),
        ("Quiet hours", quiet),
        ("Limit a person", cap),
        ("At work since", cells.instant(automation.started_at) if automation.started_at else cells.NOTHING),
        *whom({"Owner": automation.owner}),
    ]
    return {"facts": rows}


class AutomationDetail(DetailPage):
    """One automation: as canvas, as list of steps with figures, its versions, what stands against publishing it."""

    name, title, permission, panel_area = "automation", "Automation", VIEW, "automation"
    panels = (
        Panel("problems", "Draft", "campaigns/_automation_draft.html", VIEW, _problems, order=5),
        Panel("canvas", "Canvas", "campaigns/_automation_canvas.html", VIEW, _canvas, order=10),
        Panel("steps", "Steps", "campaigns/_automation_steps.html", VIEW, _steps, order=20),
        Panel(
            "simulation",
            "The last 30 days, simulated",
            "campaigns/_automation_simulation.html",
            VIEW,
            simulation,
            order=30,
            poll=5,
        ),
        Panel("facts", "Limits", "customers/_facts.html", VIEW, _facts, place="side", order=10),
        Panel("versions", "Versions", "campaigns/_automation_versions.html", VIEW, _versions, place="side", order=20),
    )

    def find(self) -> Automation:
        """By its public id."""
        return find_automation(self.kwargs["public_id"])

    def header(self, subject: Automation) -> Header:
        """Name and state."""
        state = cells.dot(STATES[subject.state])
        return Header(subject.name, subtitle=subject.goal, code=subject.public_id, state=state)

    def figures(self, subject: Automation) -> Sequence[Figure]:
        """Who came in, who is under way, how it ended."""
        went = counts(list_versions(subject))
        people = under_way([subject]).get(subject.pk, {})
        came = sum(times for (_, outcome), times in went.items() if outcome == "entered")
        queued = sum(times for (_, outcome), times in went.items() if outcome == "queued")
        return (
            Figure("Came in", cells.number(came), icon="users"),
            Figure("Under way", cells.number(people.get(RunState.OPEN, 0)), icon="clock"),
            Figure("Reached the goal", cells.number(went.get(("", "goal"), 0)), icon="target"),
            Figure("Messages", cells.number(queued), "before consent and limits", icon="send"),
            Figure("Stopped", cells.number(people.get(RunState.FAILED, 0)), icon="alert-triangle"),
        )

    def actions(self, subject: Automation) -> Sequence[Action]:
        """What its state allows."""
        found = [Action("People", address("automation-runs", subject), VIEW, "users")]
        if subject.state == AutomationState.ARCHIVED:
            return found
        found += [
            Action("Archive", address("automation-archive", subject), CHANGE, "trash"),
            Action("Simulate", address("automation-simulate", subject), CHANGE, "history"),
            Action("Edit", address("automation-basics", subject), CHANGE, "edit"),
            Action("Way in", address("automation-entry", subject), CHANGE, "arrow-right"),
            Action("Add a step", address("automation-step-new", subject), CHANGE, "plus"),
        ]
        if subject.state == AutomationState.ACTIVE:
            found.append(Action("Pause", address("automation-pause", subject), PAUSE, "player-pause"))
        if subject.state == AutomationState.PAUSED:
            found.append(Action("Go on", address("automation-resume", subject), APPROVE, "player-play", primary=True))
        versions = current_versions([subject]).get(subject.pk, {})
        if len(versions) > 1:
            found.append(Action("Drop the draft", address("automation-drop", subject), CHANGE, "trash"))
        if VersionState.DRAFT in versions:
            found.append(Action("Publish", address("automation-publish", subject), APPROVE, "check", primary=True))
        return found


def troubles() -> list[Alert]:
    """Automations that somebody has to look at: people stand at a failed step, or nobody moves them on."""
    stopped = stopped_runs()
    rows = list_automations().filter(pk__in=stopped).order_by("name")[:20]
    found = [
        Alert(f"“{row.name}” stopped {stopped[row.pk]} at a step that failed.", address("automation", row))
        for row in rows
    ]
    return found + [
        Alert(f"“{row.name}” is late: nobody has moved on since {since:%H:%M} UTC.", address("automation", row))
        for row, since in late(now=timezone.now())
    ]


ALERTS = AlertSource("automations", VIEW, troubles)
