"""Scores on screens: the list, one score's page, what can be done with it, and what a customer has."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry
from core.menu import Alert, AlertSource, Panel
from core.models.jobs import OPEN_STATES
from customers.console.score_editor import CHANGE, VIEW, bars_of
from customers.models import Customer, ScoreModel, ScoreVersionState
from customers.selectors import scores
from customers.services.scores import activate_score, recompute_score, retire_score

VERSIONS = {
    "draft": State("Draft", "warn"),
    "computing": State("Being calculated", "info"),
    "active": State("Active", "good"),
    "retired": State("Retired", "idle"),
}


def state_of(model: ScoreModel) -> str:
    """One word of STATES for the whole model."""
    if model.retired_at:
        return "retired"
    if model.failure:
        return "failed"
    return "active" if model.current_id else "draft"


STATES = VERSIONS | {"failed": State("Last calculation failed", "bad")}


def name_cell(row: ScoreModel) -> str:
    """The name, leading to the page."""
    return cells.link(reverse("console:score", args=[row.slug]), row.name, row.slug)


class ScoreList(ListPage):
    """Every score in use."""

    name, title, permission = "scores", "Scores", VIEW
    menu_entry = MenuEntry("Scores", "chart-bar", "Audience", order=25)
    default_sort, key_field = "-created_at", "slug"
    columns = (
        Column("score", "Score", value=whole_row, cell=name_cell),
        Column("version", "Version", value=lambda row: row.current.number if row.current else None, cell=cells.number),
        Column("computed", "Calculated", value=lambda row: row.computed_at, cell=cells.ago),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago),
        Column("owner", "Owner", cell=cells.code, optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No scores yet", "Say what makes a lead warm, and see at once how many are.", self.actions()[0])

    def rows(self) -> QuerySet[ScoreModel]:
        """Those in use."""
        return scores.list_models()

    def actions(self) -> Sequence[Action]:
        """One more."""
        return (Action("New score", reverse("console:score-new"), CHANGE, "plus", primary=True),)


def _rules(request: HttpRequest, model: ScoreModel) -> Mapping[str, Any]:
    version = model.current or scores.latest_version(model)
    return {
        "model": model,
        "version": version,
        "rules": scores.rules_shown(version) if version else [],
        "users": scores.segments_asking(model),
    }


def _spread(request: HttpRequest, model: ScoreModel) -> Mapping[str, Any]:
    seen = scores.spread_of(model)
    return {"rows": bars_of(seen) if seen else [], "scored": seen.scored if seen else 0}


def _versions(request: HttpRequest, model: ScoreModel) -> Mapping[str, Any]:
    draw = cells.state(VERSIONS)
    rows = list(scores.versions_of(model)[:20])
    return {"versions": [(version, draw(version.state), len(version.definition["rules"])) for version in rows]}


def _work(request: HttpRequest, model: ScoreModel) -> Mapping[str, Any]:
    job = scores.last_job(model)
    return {"job": job, "going": job is not None and job.state in OPEN_STATES}


class ScoreDetail(DetailPage):
    """One score: its rules, how its points are spread, its versions."""

    name, title, permission, panel_area = "score", "Score", VIEW, "score"
    panels = (
        Panel("rules", "Rules", "customers/_score_rules.html", VIEW, _rules, order=10),
        Panel("spread", "How the points are spread", "customers/_score_spread.html", VIEW, _spread, order=20),
        Panel("work", "Calculation", "customers/_score_work.html", VIEW, _work, place="side", order=10, poll=5),
        Panel("versions", "Versions", "customers/_score_versions.html", VIEW, _versions, place="side", order=20),
    )

    def find(self) -> ScoreModel:
        """By its slug."""
        return scores.find_model(self.kwargs["slug"])

    def header(self, subject: ScoreModel) -> Header:
        """Name and state."""
        state = STATES[state_of(subject)]
        return Header(subject.name, subtitle=subject.description, code=subject.slug, state=cells.dot(state))

    def figures(self, subject: ScoreModel) -> Sequence[Figure]:
        """Which version, and as of when."""
        return (
            Figure("Version", cells.number(subject.current.number if subject.current else None), icon="edit"),
            Figure("Calculated", cells.ago(subject.computed_at), icon="refresh"),
        )

    def actions(self, subject: ScoreModel) -> Sequence[Action]:
        """What its versions allow."""
        if subject.retired_at:
            return ()
        args = [subject.slug]
        newest = scores.latest_version(subject)
        draft = newest is not None and newest.state == ScoreVersionState.DRAFT
        wake = Action(
            "Activate draft", reverse("console:score-activate", args=args), CHANGE, "player-play", primary=True
        )
        again = Action("Calculate now", reverse("console:score-recompute", args=args), CHANGE, "refresh")
        return (
            Action("Retire", reverse("console:score-retire", args=args), CHANGE, "trash"),
            *((again,) if subject.current else ()),
            Action("Edit", reverse("console:score-edit", args=args), CHANGE, "edit", primary=not draft),
            *((wake,) if draft else ()),
        )


class _ScoreStep(ActionPage, abstract=True):
    """What the steps of one score share."""

    permission = CHANGE

    def model(self) -> ScoreModel:
        """The score of the address."""
        return scores.find_model(self.kwargs["slug"])

    def success_url(self, result: Any) -> str:
        """The score's page."""
        return reverse("console:score", args=[self.kwargs["slug"]])

    def cancel_url(self) -> str:
        """The score's page."""
        return reverse("console:score", args=[self.kwargs["slug"]])


class ActivateScore(_ScoreStep):
    """Put the draft to work."""

    name, title = "score-activate", "Activate score"
    submit_label, success = "Activate", "The score is being calculated for everybody."

    def question(self) -> str:
        """What happens."""
        return (
            f"The draft of “{self.model().name}” is calculated for everybody; as soon as that is whole, its points "
            "take the place of those of the active version."
        )

    def save(self, form: ConsoleForm) -> Any:
        """Activate."""
        return activate_score(model=self.model(), by=self.actor, now=self.now)


class RecomputeScore(_ScoreStep):
    """Work it out for everybody now."""

    name, title = "score-recompute", "Calculate score"
    submit_label, success = "Calculate", "The score is being calculated for everybody."

    def question(self) -> str:
        """What happens."""
        return f"“{self.model().name}” is worked out anew for everybody, as happens every night."

    def save(self, form: ConsoleForm) -> Any:
        """Calculate."""
        return recompute_score(model=self.model(), by=self.actor, now=self.now)


class RetireScore(_ScoreStep):
    """Put it away."""

    name, title, danger = "score-retire", "Retire score", True
    submit_label, success = "Retire", "The score is retired."

    def question(self) -> str:
        """What happens."""
        return (
            f"Nobody has the score “{self.model().name}” any more and no segment can ask about it; its history stays."
        )

    def save(self, form: ConsoleForm) -> Any:
        """Retire."""
        return retire_score(model=self.model(), by=self.actor, now=self.now)


def customer_scores(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """What the customer has in each score, by which rules, and how that changed."""
    return {"standings": scores.standings_of(customer), "history": scores.history_of(customer, limit=10)}


SCORES = Panel("scores", "Scores", "customers/_customer_scores.html", VIEW, customer_scores, place="side", order=36)


def failures() -> list[Alert]:
    """Scores whose last calculation failed: what customers have is of the one before."""
    rows = scores.list_models().exclude(failure="").order_by("name")[:20]
    return [
        Alert(f"The score “{row.name}” could not be calculated.", reverse("console:score", args=[row.slug]))
        for row in rows
    ]


ALERTS = AlertSource("scores", VIEW, failures)
