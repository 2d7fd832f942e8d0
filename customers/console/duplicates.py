"""The review queue of the duplicate finder."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action, staff_of
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from core.models import Job
from customers.console.merges import MERGE, VIEW, shown_preview
from customers.console.words import shown_name
from customers.models import DuplicatePair, PairState
from customers.rules.matching import LIKELY
from customers.selectors.duplicates import count_open, find_pair, last_scan, list_pairs
from customers.selectors.merges import preview_merge
from customers.services.duplicates import decide_pair, start_scan

STATES: Final = {
    "open": State("To review", "warn"),
    "later": State("Later", "idle"),
    "different": State("Not the same", "info"),
    "merge": State("Merge asked for", "good"),
}
AGREEMENTS: Final = {
    "same": State("Same", "good"),
    "close": State("Nearly", "warn"),
    "different": State("Differs", "bad"),
}
SAID: Final = {
    "merge": "Ask for the merge; somebody else approves it.",
    "different": "Not the same person: do not propose this pair again.",
    "later": "Later: put it aside.",
}


def address(name: str, pair: DuplicatePair) -> str:
    """The address of a screen about this pair."""
    return reverse(f"console:{name}", args=[pair.public_id])


def pair_cell(row: Any) -> str:
    """Both names, leading to the evidence."""
    return cells.link(address("duplicate", row), f"{row.shown_left} and {row.shown_right}")


def evidence_cell(row: DuplicatePair) -> str:
    """The fields that speak for it."""
    return cells.tags(one["field"].replace("_", " ") for one in row.evidence if one["weight"] > 0)


class DuplicateFilter(FilterSet):  # type: ignore[misc]
    """What the queue can be narrowed by."""

    state = ChoiceFilter(label="State", choices=PairState.choices, empty_label="Any state")

    class Meta:
        model = DuplicatePair
        fields: Sequence[str] = ()


class DuplicateList(ListPage):
    """Pairs that may be one person, the likeliest first."""

    name, title, permission = "duplicates", "Duplicates", VIEW
    menu_entry = MenuEntry("Duplicates", "copy", "Audience", order=21, count=count_open)
    filterset_class, default_sort = DuplicateFilter, "-score"
    tabs = (
        Tab("To review", {"state": "open"}),
        Tab("Later", {"state": "later"}),
        Tab("Decided: not the same", {"state": "different"}),
        Tab("All"),
    )
    columns = (
        Column("pair", "Pair", value=whole_row, cell=pair_cell),
        Column("score", "Score", cell=cells.number, sort="score", end=True),
        Column("likely", "Likely", value=lambda row: row.score >= LIKELY, cell=cells.yes_no),
        Column("evidence", "Agrees in", value=whole_row, cell=evidence_cell),
        Column("state", "State", cell=cells.state(STATES)),
        Column("found", "Found", value=lambda row: row.created_at, cell=cells.instant, sort="created_at"),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        job = last_scan()
        when = f"Looked last {cells.in_words(job.created_at, self.now)}." if job else "Nobody has looked yet."
        return Empty("No pairs to review", when, self.actions()[0])

    def rows(self) -> QuerySet[DuplicatePair]:
        """Pairs of living profiles."""
        return list_pairs()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names as this reader may see them."""
        for row in rows:
            row.shown_left, row.shown_right = shown_name(row.left, self.reader), shown_name(row.right, self.reader)
        return rows

    def actions(self) -> Sequence[Action]:
        """Look again, and the rules."""
        return (
            Action("Find duplicates", reverse("console:duplicates-find"), MERGE, "search", primary=True),
            Action("Identity rules", reverse("console:identity-rules"), VIEW, "settings"),
        )


class FindDuplicates(ActionPage):
    """Look for pairs now."""

    name, title, permission = "duplicates-find", "Find duplicates", MERGE
    submit_label, success = "Find", "The duplicate finder is at work; pairs appear as they are found."

    def question(self) -> str:
        """What happens."""
        return "Everybody who changed since the last time is compared with those who are like them. Nothing is merged."

    def save(self, form: ConsoleForm) -> Job:
        """Start the job."""
        return start_scan(by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """Back to the queue."""
        return reverse("console:duplicates")

    def cancel_url(self) -> str:
        """Back to the queue."""
        return reverse("console:duplicates")


def evidence(request: HttpRequest, pair: DuplicatePair) -> Mapping[str, Any]:
    """How each field agrees and what that adds."""
    return {
        "rows": [
            (one["field"].replace("_", " ").capitalize(), cells.state(AGREEMENTS)(one["agreement"]), one["weight"])
            for one in pair.evidence
        ],
        "score": pair.score,
    }


def preview(request: HttpRequest, pair: DuplicatePair) -> Mapping[str, Any]:
    """What merging the two would do."""
    found = preview_merge(survivor=pair.left, absorbed=pair.right, now=timezone.now())
    return {"preview": shown_preview(found, staff_of(request))}


class DuplicateDetail(DetailPage):
    """One pair: why it was found, and what a merge would do."""

    name, title, permission = "duplicate", "Possible duplicate", VIEW
    panels = (
        Panel("evidence", "Why", "customers/_evidence.html", VIEW, evidence, place="side", order=10),
        Panel("pair-preview", "If merged", "customers/_merge_preview.html", VIEW, preview, order=10),
    )

    def find(self) -> DuplicatePair:
        """By public id."""
        return find_pair(public_id=self.kwargs["public_id"])

    def header(self, subject: DuplicatePair) -> Header:
        """Both names."""
        names = f"{shown_name(subject.left, self.reader)} and {shown_name(subject.right, self.reader)}"
        return Header(names, "", subject.public_id, state=cells.state(STATES)(subject.state))

    def figures(self, subject: DuplicatePair) -> Sequence[Figure]:
        """The score."""
        return (Figure("Score", cells.number(subject.score), "likely" if subject.score >= LIKELY else "possible"),)

    def actions(self, subject: DuplicatePair) -> Sequence[Action]:
        """Decide."""
        if subject.state == PairState.MERGE:
            return ()
        return (Action("Decide", address("duplicate-decide", subject), MERGE, "check", primary=True),)


class DecisionForm(ConsoleForm):
    """One of three answers."""

    decision = forms.ChoiceField(label="Decision", choices=list(SAID.items()), widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason", required=False, max_length=300, help_text="Stands in the audit log. No personal data."
    )


class DecideDuplicate(ActionPage):
    """Merge, not the same person, later."""

    name, title, permission = "duplicate-decide", "Decide about a pair", MERGE
    form_class: ClassVar[type[ConsoleForm]] = DecisionForm
    submit_label, success = "Decide", "Noted."

    def question(self) -> str:
        """What is asked."""
        return "Are these two profiles one person?"

    def save(self, form: ConsoleForm) -> Any:
        """Decide."""
        pair, said = find_pair(public_id=self.kwargs["public_id"]), form.cleaned_data
        return decide_pair(pair=pair, decision=said["decision"], reason=said["reason"], by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The merge that was asked for, else the queue."""
        return reverse("console:merge", args=[result.public_id]) if result else reverse("console:duplicates")

    def cancel_url(self) -> str:
        """Back to the pair."""
        return reverse("console:duplicate", args=[self.kwargs["public_id"]])
