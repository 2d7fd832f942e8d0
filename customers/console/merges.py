"""Merging in the console: who is merged with whom, what it would do, approving, undoing; and the rules behind it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm, ReasonForm
from core.console.pages import Action, staff_of
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, Figure, FormPage, Header, ListPage, MenuEntry, Tab
from core.menu import Panel, Reader
from customers.console.words import PII, shown_name
from customers.models import Customer, IdentityKind, Merge, MergeOrigin, MergeState
from customers.rules.identity import BLOCKED_WORDS
from customers.selectors.answers import DIRECT_IDENTIFIERS
from customers.selectors.attributes import personal_keys
from customers.selectors.customers import find_customer, find_profile
from customers.selectors.merges import (
    MergePreview,
    count_waiting,
    find_merge,
    limited_fields,
    list_merges,
    may_undo,
    preview_merge,
)
from customers.services.merges import approve_merge, refuse_merge, request_merge, undo_merge

VIEW: Final = "customers.view_merge"
MERGE: Final = "customers.merge_customer"
STATES: Final = {
    "requested": State("Waiting", "warn"),
    "refused": State("Refused", "idle"),
    "expired": State("Ran out", "idle"),
    "done": State("Merged", "good"),
    "undone": State("Undone", "info"),
}
_FIELDS: Final = {"external_id": "External id", "email": "E-mail", "birth_date": "Date of birth"}


def address(name: str, merge: Merge) -> str:
    """The address of a screen about this merge."""
    return reverse(f"console:{name}", args=[merge.public_id])


def pair_cell(row: Any) -> str:
    """Both names, leading to the merge."""
    return cells.link(address("merge", row), f"{row.shown_absorbed} into {row.shown_survivor}")


class MergeFilter(FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    state = ChoiceFilter(label="State", choices=MergeState.choices, empty_label="Any state")
    origin = ChoiceFilter(label="Because", choices=MergeOrigin.choices, empty_label="Any origin")

    class Meta:
        model = Merge
        fields: Sequence[str] = ()


class MergeList(ListPage):
    """Every merge and every wish for one."""

    name, title, permission = "merges", "Merges", VIEW
    menu_entry = MenuEntry("Merges", "arrows-join", "Audience", order=22, count=count_waiting)
    filterset_class, default_sort = MergeFilter, "-created_at"
    tabs = (
        Tab("All"),
        Tab("Waiting for approval", {"state": "requested"}),
        Tab("Merged", {"state": "done"}),
        Tab("Undone", {"state": "undone"}),
    )
    empty = Empty("Nobody was merged yet", "Two profiles of one person are merged from the customer's page.")
    columns = (
        Column("merge", "Merge", value=whole_row, cell=pair_cell),
        Column("state", "State", cell=cells.state(STATES)),
        Column("origin", "Because", value=lambda row: row.get_origin_display()),
        Column("requested", "Asked by", value=lambda row: row.requested_by, cell=cells.code),
        Column("decided", "Decided by", value=lambda row: row.decided_by, cell=cells.code),
        Column("created", "Asked", value=lambda row: row.created_at, cell=cells.instant, sort="created_at"),
        Column("undo", "Can be undone until", value=lambda row: row.undo_until, cell=cells.day),
    )

    def rows(self) -> QuerySet[Merge]:
        """All of them."""
        return list_merges()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names as this reader may see them."""
        for row in rows:
            row.shown_survivor = shown_name(row.survivor, self.reader)
            row.shown_absorbed = shown_name(row.absorbed, self.reader)
        return rows

    def actions(self) -> Sequence[Action]:
        """The rules."""
        return (Action("Identity rules", reverse("console:identity-rules"), VIEW, "settings"),)


def shown_preview(preview: MergePreview, reader: Reader) -> dict[str, Any]:
    """A preview for the template; personal values as far as the reader may see them."""
    hidden = set() if reader.has_perm(PII) else {*DIRECT_IDENTIFIERS, *(f"attributes.{key}" for key in personal_keys())}
    hidden |= limited_fields(preview)
    fields = [
        {
            "label": _label(choice.field),
            "survivor": _value(choice.survivor, choice.field in hidden),
            "absorbed": _value(choice.absorbed, choice.field in hidden),
            "winner": choice.winner,
            "why": choice.why,
        }
        for choice in preview.choices
        if choice.survivor not in (None, "") or choice.absorbed not in (None, "")
    ]
    return {
        "fields": fields,
        "counts": [(label, *pair) for label, pair in preview.counts.items()],
        "tags": [cells.tags(names) or cells.NOTHING for names in preview.tags],
        "consents": preview.consents,
        "objections": preview.objections,
        "survivor": shown_name(preview.survivor, reader),
        "absorbed": shown_name(preview.absorbed, reader),
    }


def _label(name: str) -> str:
    plain = name.removeprefix("attributes.")
    return _FIELDS.get(plain, plain.replace("_", " ").capitalize())


def _value(value: Any, hidden: bool) -> str:
    if value in (None, "", []):
        return cells.NOTHING
    if hidden:
        return cells.MASK
    return cells.day(value) if isinstance(value, date) else ", ".join(value) if isinstance(value, list) else str(value)


def merge_facts(request: HttpRequest, merge: Merge) -> Mapping[str, Any]:
    """Who, when, why."""
    return {
        "facts": [
            (
                "Stays",
                cells.link(reverse("console:customer", args=[merge.survivor.public_id]), merge.survivor.public_id),
            ),
            ("Absorbed", cells.code(merge.absorbed.public_id)),
            ("Because", merge.get_origin_display()),
            ("Shared identifier", cells.text(merge.identifier)),
            ("Reason", cells.text(merge.reason)),
            ("Asked by", cells.code(merge.requested_by)),
            ("Waits until", cells.instant(merge.expires_at if merge.state == MergeState.REQUESTED else None)),
            ("Decided by", cells.code(merge.decided_by)),
            ("Decided", cells.instant(merge.decided_at)),
            ("Merged", cells.instant(merge.merged_at)),
            ("Fields taken over", cells.tags(_label(name) for name in merge.fields) or cells.NOTHING),
            ("Can be undone until", cells.instant(merge.undo_until)),
            ("Undone", cells.instant(merge.undone_at)),
            ("Undone by", cells.code(merge.undone_by)),
        ]
    }


def merge_preview(request: HttpRequest, merge: Merge) -> Mapping[str, Any]:
    """What approving would do; nothing once it is decided."""
    if merge.state != MergeState.REQUESTED:
        return {"preview": None}
    preview = preview_merge(survivor=merge.survivor, absorbed=merge.absorbed, now=timezone.now())
    return {"preview": shown_preview(preview, staff_of(request))}


FACTS = Panel("merge-facts", "Merge", "customers/_facts.html", VIEW, merge_facts, place="side", order=10)
PREVIEW = Panel("merge-preview", "What it does", "customers/_merge_preview.html", VIEW, merge_preview, order=10)


class MergeDetail(DetailPage):
    """One merge: what it would do or did, who decided, and the way back."""

    name, title, permission = "merge", "Merge", VIEW
    panels = (PREVIEW, FACTS)

    def find(self) -> Merge:
        """By public id."""
        return find_merge(public_id=self.kwargs["public_id"])

    def header(self, subject: Merge) -> Header:
        """Both names and the state."""
        names = f"{shown_name(subject.absorbed, self.reader)} into {shown_name(subject.survivor, self.reader)}"
        return Header(names, "", subject.public_id, state=cells.state(STATES)(subject.state))

    def figures(self, subject: Merge) -> Sequence[Figure]:
        """Only while a history moves."""
        return (Figure("History", "Still moving", "in the background"),) if subject.moving else ()

    def actions(self, subject: Merge) -> Sequence[Action]:
        """What is possible in this state."""
        if subject.state == MergeState.REQUESTED:
            return (
                Action("Refuse", address("merge-refuse", subject), MERGE, "x"),
                Action("Approve", address("merge-approve", subject), MERGE, "check", primary=True),
            )
        if may_undo(subject, self.now):
            return (Action("Undo", address("merge-undo", subject), MERGE, "arrows-split"),)
        return ()


class _OfMerge(ActionPage, abstract=True):
    permission = MERGE
    form_class: ClassVar[type[ConsoleForm]] = ReasonForm

    @property
    def merge(self) -> Merge:
        """The merge of this address."""
        return find_merge(public_id=self.kwargs["public_id"])

    def success_url(self, result: Any) -> str:
        """Back to its page."""
        return reverse("console:merge", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """Back to its page."""
        return self.success_url(None)


class ApproveMerge(_OfMerge):
    """The second person."""

    name, title = "merge-approve", "Approve merge"
    form_class, submit_label, success = ConsoleForm, "Approve", "The two customers are one."

    def question(self) -> str:
        """What happens."""
        return (
            f"{self.merge.absorbed.public_id} becomes part of {self.merge.survivor.public_id}. "
            f"This can be undone for {settings.MERGE_UNDO_DAYS} days. Whoever asked for it cannot approve it."
        )

    def save(self, form: ConsoleForm) -> Merge:
        """Approve."""
        return approve_merge(merge=self.merge, by=self.actor, now=self.now)


class RefuseMerge(_OfMerge):
    """Not the same person, or not now."""

    name, title = "merge-refuse", "Refuse merge"
    submit_label, success = "Refuse", "Nothing was merged."

    def question(self) -> str:
        """What happens."""
        return "Nothing is merged, and a shared identifier will not merge the two by itself either."

    def save(self, form: ConsoleForm) -> Merge:
        """Refuse."""
        return refuse_merge(merge=self.merge, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)


class UndoMerge(_OfMerge):
    """Two people after all."""

    name, title = "merge-undo", "Undo merge"
    submit_label, success, danger = "Undo", "Both customers are as they were.", True

    def question(self) -> str:
        """What happens."""
        return (
            "Fields, identifiers, tags, orders, events and consent of both are as before the merge. What happened "
            "since stays with the customer who stayed, except where an identifier tells; a no said since counts "
            "for both."
        )

    def save(self, form: ConsoleForm) -> Merge:
        """Undo."""
        return undo_merge(merge=self.merge, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)


class OtherForm(ConsoleForm):
    """Whom to absorb."""

    other = forms.CharField(
        label="Absorb", max_length=255, help_text="Public id (cus_...) or external id of the other profile."
    )


class ChooseMerge(FormPage):
    """First step: whom to absorb."""

    name, title, permission = "customer-merge", "Merge with another profile", MERGE
    form_class, submit_label, success = OtherForm, "Preview", ""

    def save(self, form: OtherForm) -> Customer:
        """Find the other one; nothing is changed."""
        return find_profile(reference=form.cleaned_data["other"].strip())

    def success_url(self, result: Customer) -> str:
        """The preview."""
        return reverse("console:customer-merge-with", args=[self.kwargs["public_id"], result.public_id])

    def cancel_url(self) -> str:
        """Back to the customer."""
        return reverse("console:customer", args=[self.kwargs["public_id"]])


class MergeWith(FormPage):
    """Second step: what it would do, and why it is wanted."""

    name, title, permission = "customer-merge-with", "Preview of the merge", MERGE
    template_name = "customers/merge_with.html"
    form_class, submit_label, success = ReasonForm, "Ask for approval", "The merge waits for a second person."

    def _pair(self) -> tuple[Customer, Customer]:
        return find_customer(reference=self.kwargs["public_id"]), find_profile(reference=self.kwargs["other_id"])

    def extra(self) -> dict[str, Any]:
        """The preview."""
        survivor, absorbed = self._pair()
        preview = preview_merge(survivor=survivor, absorbed=absorbed, now=self.now)
        return {"preview": shown_preview(preview, self.reader)}

    def save(self, form: ReasonForm) -> Merge:
        """Ask."""
        survivor, absorbed = self._pair()
        return request_merge(
            survivor=survivor, absorbed=absorbed, reason=form.cleaned_data["reason"], by=self.actor, now=self.now
        )

    def success_url(self, result: Merge) -> str:
        """The merge."""
        return address("merge", result)

    def cancel_url(self) -> str:
        """Back to the customer."""
        return reverse("console:customer", args=[self.kwargs["public_id"]])


def limits(request: HttpRequest, subject: None) -> Mapping[str, Any]:
    """How many identifiers of each kind one customer may hold."""
    labels = dict(IdentityKind.choices)
    return {"facts": [(labels[kind], f"at most {count:,}") for kind, count in settings.IDENTITY_LIMITS.items()]}


def merging(request: HttpRequest, subject: None) -> Mapping[str, Any]:
    """When profiles are merged."""
    return {
        "facts": [
            ("Merge by a shared identifier", "Yes, unless a guard objects" if settings.IDENTITY_AUTO_MERGE else "No"),
            ("Approval", f"by a second person within {settings.MERGE_APPROVAL_DAYS} days"),
            ("Undo", f"for {settings.MERGE_UNDO_DAYS} days"),
        ]
    }


def blocked(request: HttpRequest, subject: None) -> Mapping[str, Any]:
    """What is refused as an identifier."""
    return {"own": sorted(settings.IDENTITY_BLOCKED_VALUES), "words": sorted(BLOCKED_WORDS)}


class IdentityRules(DetailPage):
    """What this installation takes as an identifier, and when it merges."""

    name, title, permission = "identity-rules", "Identity rules", VIEW
    panels = (
        Panel("limits", "Identifiers of one customer", "customers/_facts.html", VIEW, limits, order=10),
        Panel("merging", "Merging", "customers/_facts.html", VIEW, merging, order=20),
        Panel("blocked", "Refused identifiers", "customers/_blocked.html", VIEW, blocked, order=30),
    )

    def find(self) -> None:
        """There is no object."""

    def header(self, subject: None) -> Header:
        """Where the numbers come from."""
        return Header(self.title, "Set where the product is installed; docs/merging.md explains them.")
