"""Experiments on screens: the list, one experiment's page with its groups and what may be said of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from campaigns.console.experiment_words import CHANGE, STATES, VIEW, lines_of, said, verdict_of
from campaigns.console.named import NamedList
from campaigns.models import Experiment
from campaigns.rules.experiments import Drawn, ExperimentState, Kind, Looks
from campaigns.selectors.experiments import (
    as_json,
    count_experiments_running,
    find_experiment,
    list_experiments,
    report_of,
    shown_now,
)
from core.console import cells
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Empty, Figure, Header, MenuEntry, Tab
from core.menu import Panel


class ExperimentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What experiments can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=ExperimentState.choices, empty_label="Any state")

    class Meta:
        model = Experiment
        fields: Sequence[str] = ()


class ExperimentList(NamedList):
    """Every experiment, newest first."""

    name, title, permission = "experiments", "Experiments", VIEW
    menu_entry = MenuEntry("Experiments", "arrows-split", "Marketing", order=40, count=count_experiments_running)
    filterset_class, bar_filters, default_sort, key_field = ExperimentFilter, ("state",), "-created_at", "key"
    tabs = (
        Tab("Running", {"state": "running"}),
        Tab("Drafts", {"state": "draft"}),
        Tab("Stopped", {"state": "stopped"}),
    )
    columns = (
        Column(
            "experiment",
            "Experiment",
            value=whole_row,
            cell=lambda row: cells.link(reverse("console:experiment", args=[row.key]), row.name, row.key),
        ),
        Column("state", "State", cell=cells.state(STATES)),
        Column("says", "Says", value=lambda row: verdict_of(report_of(row)) if row.figures else ""),
        Column("groups", "Groups", value=lambda row: len(row.variants), cell=cells.number, end=True),
        Column("people", "People", value=lambda row: _people(row), cell=cells.number, end=True),
        Column("winner", "Winner", cell=cells.text),
        Column("started_at", "Started", cell=cells.ago),
        Column("figures_at", "Counted", cell=cells.ago),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No experiments yet", "Plan how many people it needs, then write it down.", self.actions()[0])

    def rows(self) -> QuerySet[Experiment]:
        """All of them."""
        return list_experiments()

    def actions(self) -> Sequence[Action]:
        """Plan one, write one, or hold some people out of everything."""
        return (
            Action("Plan", reverse("console:experiment-plan"), VIEW, "scale"),
            Action("Global holdout", reverse("console:experiment-holdout"), CHANGE, "user-off"),
            Action("New experiment", reverse("console:experiment-new"), CHANGE, "plus", primary=True),
        )


def _people(row: Experiment) -> int:
    return sum(group["people"] for group in row.figures.values())


def _says(request: HttpRequest, experiment: Experiment) -> Mapping[str, Any]:
    found = report_of(experiment)
    return {
        "said": [(key, *said(decision)) for key, decision in found.decisions.items()],
        "started": experiment.state != ExperimentState.DRAFT,
        "counted_at": experiment.figures_at,
        "winner": experiment.winner,
        "reason": experiment.reason,
    }


def _groups(request: HttpRequest, experiment: Experiment) -> Mapping[str, Any]:
    found = report_of(experiment)
    now = shown_now(experiment)
    expected = found.mismatch.expected if found.mismatch else {}
    rows = [
        {
            "key": arm.key,
            "value": as_json(variant["value"]),
            "share": arm.weight,
            "people": arm.people,
            "now": now.get(arm.key, 0),
            "expected": round(expected[arm.key]) if arm.key in expected else None,
            "measured": arm.measured,
            "coverage": arm.coverage,
        }
        for arm, variant in zip(found.arms, experiment.variants, strict=True)
    ]
    return {"rows": rows, "mismatch": found.mismatch, "loss": found.consent_loss}


def _comparisons(request: HttpRequest, experiment: Experiment) -> Mapping[str, Any]:
    found = report_of(experiment)
    return {
        "measures": lines_of(found),
        "control": experiment.variants[0]["key"],
        "every_look": experiment.looks == Looks.ALWAYS,
        "number": len(found.comparisons),
    }


def _facts(request: HttpRequest, experiment: Experiment) -> Mapping[str, Any]:
    return {
        "facts": [
            ("Hypothesis", experiment.hypothesis or cells.NOTHING),
            ("For", experiment.segment.name if experiment.segment else "Everybody"),
            ("Covers", f"{experiment.coverage} % of them"),
            ("Drawn", Drawn(experiment.drawn).label),
            ("Counts for", f"{experiment.window_days} days after the first time"),
            ("Looked at", Looks(experiment.looks).label),
            ("Planned", f"{experiment.planned_people:,} people in each group"),
            ("Seed of the hash", cells.code(experiment.public_id)),
            ("Started", cells.instant(experiment.started_at)),
            ("Stopped", cells.instant(experiment.stopped_at)),
            ("Decided by", cells.code(experiment.decided_by)),
        ]
    }


class ExperimentDetail(DetailPage):
    """One experiment: what may be said, its groups, every comparison with its interval."""

    name, title, permission, panel_area = "experiment", "Experiment", VIEW, "experiment"
    panels = (
        Panel("says", "What may be said", "campaigns/_says.html", VIEW, _says, order=10),
        Panel("groups", "Groups", "campaigns/_groups.html", VIEW, _groups, order=20),
        Panel("comparisons", "Against the control", "campaigns/_comparisons.html", VIEW, _comparisons, order=30),
        Panel("facts", "Plan", "customers/_facts.html", VIEW, _facts, place="side", order=10),
    )

    def find(self) -> Experiment:
        """By its key."""
        return find_experiment(self.kwargs["key"])

    def header(self, subject: Experiment) -> Header:
        """Name and state."""
        return Header(subject.name, subject.hypothesis, code=subject.key, state=cells.dot(STATES[subject.state]))

    def figures(self, subject: Experiment) -> Sequence[Figure]:
        """People now, when they were counted, who won."""
        people = sum(shown_now(subject).values())
        return (
            Figure("People shown it", cells.number(people), icon="users"),
            Figure("Counted", cells.ago(subject.figures_at), icon="clock"),
            Figure("Winner", cells.text(subject.winner), icon="certificate"),
        )

    def actions(self, subject: Experiment) -> Sequence[Action]:
        """What its state allows; the winner button is dead while the groups are not what was planned."""

        def to(label: str, name: str, icon: str, primary: bool = False, because: str = "") -> Action:
            url = reverse(f"console:experiment-{name}", args=[subject.key])
            return Action(label, url, CHANGE, icon, primary=primary, disabled_because=because)

        if subject.state == ExperimentState.DRAFT:
            return to("Edit", "edit", "edit"), to("Start", "start", "player-play", True)
        steps = [to("Count now", "count", "refresh")]
        if subject.state == ExperimentState.RUNNING:
            steps.append(to("Stop", "stop", "player-stop"))
        if not subject.winner and subject.kind == Kind.SPLIT:
            steps.append(to("Declare winner", "winner", "certificate", True, _why_no_winner(subject)))
        return steps


def _why_no_winner(experiment: Experiment) -> str:
    found = report_of(experiment)
    if not found.winner_blocked:
        return ""
    return "The groups do not have the sizes that were planned" if found.mismatch else "Nobody was shown it yet"
