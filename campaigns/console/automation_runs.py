"""People in an automation on screens: who is under way, and why each step of somebody's way went as it did."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from campaigns.console.automations import RUNS, address
from campaigns.console.words import CHANGE, VIEW, person, whom
from campaigns.models import Run
from campaigns.rules.automations.states import AutomationState, RunState
from campaigns.rules.automations.words import ENDINGS, lines, outcome_words
from campaigns.selectors.automations.listing import (
    find_automation,
    find_run,
    list_runs,
    messages_of,
    records_of,
    stopped_runs,
)
from core.console import cells
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Empty, Figure, Header, ListPage
from core.menu import Panel


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What runs can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=RunState.choices, empty_label="Any state")

    class Meta:
        model = Run
        fields: Sequence[str] = ()


class AutomationRuns(ListPage):
    """Everybody who came in, newest first."""

    name, title, permission = "automation-runs", "People", VIEW
    filterset_class, bar_filters, keeps_views = RunFilter, ("state",), False
    empty = Empty("Nobody here", "Nobody has come into this automation yet, or nobody is in this state.")
    columns = (
        Column("customer", "Customer", cell=person),
        Column("state", "State", cell=cells.state(RUNS)),
        Column("step", "At step", cell=cells.code),
        Column("ending", "How it ended", value=lambda row: ENDINGS.get(row.ending, row.ending)),
        Column("entered_at", "Came in", cell=cells.instant),
        Column("next_at", "Goes on", cell=cells.instant),
        Column(
            "why",
            "History",
            value=whole_row,
            cell=lambda row: cells.link(address("automation-run", row.automation, row.public_id), "Why?"),
        ),
    )

    def rows(self) -> QuerySet[Run]:
        """Those of the automation of this address."""
        return list_runs(find_automation(self.kwargs["public_id"])).select_related("automation", "customer", "version")

    def actions(self) -> Sequence[Action]:
        """Back to the automation; seeing to those who were stopped."""
        automation = find_automation(self.kwargs["public_id"])
        found = [Action("Automation", address("automation", automation), VIEW, "arrow-left")]
        if automation.state == AutomationState.ACTIVE:
            found.append(Action("Put somebody in", address("automation-enrol", automation), CHANGE, "plus"))
        if automation.pk in stopped_runs():
            restart, remove = (address(f"automation-stopped-{name}", automation) for name in ("restart", "remove"))
            found.append(Action("Take the stopped out", remove, CHANGE, "user-off"))
            found.append(Action("Try the stopped again", restart, CHANGE, "refresh", primary=True))
        return found


def _history(request: HttpRequest, run: Run) -> Mapping[str, Any]:
    titles = {line.key: line for line in lines(run.version.graph)}
    records = list(records_of(run))
    names = dict(whom({one.details["by"]: one.details["by"] for one in records if one.details.get("by")}))
    rows = [
        {"row": row, "line": titles.get(row.step), "words": outcome_words(row.outcome, _named(row.details, names))}
        for row in records
    ]
    return {"rows": rows, "messages": {key: row.public_id for key, row in messages_of(run.version).items()}}


def _named(details: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    return {**details, "by": names[details["by"]]} if details.get("by") else details


class AutomationRun(DetailPage):
    """One person's way: every step, and why it went so."""

    name, title, permission = "automation-run", "Why did this happen?", VIEW
    panels = (Panel("history", "What happened, and why", "campaigns/_automation_history.html", VIEW, _history),)

    def find(self) -> Run:
        """By automation and public id."""
        return find_run(find_automation(self.kwargs["public_id"]), self.kwargs["run_id"])

    def header(self, subject: Run) -> Header:
        """Whose way, and how it stands."""
        subtitle = subject.trouble or ENDINGS.get(subject.ending, subject.ending)
        state = cells.dot(RUNS[subject.state])
        return Header(subject.automation.name, subtitle=subtitle, code=subject.public_id, state=state)

    def figures(self, subject: Run) -> Sequence[Figure]:
        """Where she is."""
        return (
            Figure("Came in", cells.instant(subject.entered_at), icon="arrow-right"),
            Figure("Version", str(subject.version.number), icon="history"),
            Figure("At step", subject.step, icon="flag"),
            Figure("Goes on", cells.instant(subject.next_at), icon="clock"),
        )

    def actions(self, subject: Run) -> Sequence[Action]:
        """Back to everybody; the person."""
        found = [Action("Everybody", address("automation-runs", subject.automation), VIEW, "users")]
        if subject.state != RunState.ENDED:
            there = subject.automation, subject.public_id
            found.append(Action("Take out", address("automation-run-remove", *there), CHANGE, "user-off"))
            if subject.state == RunState.FAILED:
                url = address("automation-run-restart", *there)
                found.append(Action("Try again", url, CHANGE, "refresh", primary=True))
        if subject.customer:
            url = reverse("console:customer", args=[subject.customer.public_id])
            found.append(Action("Customer", url, "customers.view_customer", "user"))
        return found
