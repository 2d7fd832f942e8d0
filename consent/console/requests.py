"""The desk: requests as a board and as a list, and the form by which staff log one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.console.request_words import (
    APPROVE,
    CHANGE,
    LOG,
    STATES,
    VIEW,
    Card,
    deadline,
    kind_title,
    next_steps,
    who,
)
from consent.models import DataRequest
from consent.rules.requests import Channel, KeptFor, Kind, State, Verb
from consent.selectors.requests import (
    Column as Lane,
)
from consent.selectors.requests import (
    board,
    contact_hash_of,
    contacts_of,
    count_open,
    list_requests,
    names_of_staff,
    officers,
    past_due,
)
from consent.services.request_bulk import start_many
from consent.services.requests import NewRequest, open_request
from core.actors import Actor
from core.console import cells
from core.console.bulk import BulkAction, Run, Selection
from core.console.forms import ConsoleForm, ReasonForm, dress
from core.console.tables import whole_row
from core.console.views import Action, Column, Empty, FormPage, ListPage, MenuEntry, Page, Tab

LAWS = [
    ("EU", "GDPR"),
    ("UK", "UK GDPR"),
    ("US-CA", "CCPA"),
    ("US", "US, all states"),
    ("CA", "Canada"),
    ("BR", "Brazil"),
]


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What board and list can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="Type", choices=Kind.choices, empty_label="Any type")
    law = django_filters.ChoiceFilter(
        label="Law", choices=LAWS, empty_label="Any law", field_name="regime", lookup_expr="startswith"
    )
    state = django_filters.ChoiceFilter(label="State", choices=State.choices, empty_label="Any state")
    view = django_filters.ChoiceFilter(
        label="Show",
        choices=[("open", "Open"), ("mine", "Mine"), ("overdue", "Overdue"), ("unverified", "Unverified")],
        empty_label="All",
        method="narrowed",
    )

    class Meta:
        model = DataRequest
        fields: Sequence[str] = ()

    def narrowed(self, rows: QuerySet[DataRequest], name: str, value: str) -> QuerySet[DataRequest]:
        """The ready-made views."""
        opened = rows.filter(closed_at__isnull=True)
        if value == "mine":
            return opened.filter(assignee=f"staff:{self.request.user.public_id}")
        if value == "overdue":
            return past_due(opened, timezone.now())
        return opened.filter(verified_at__isnull=True) if value == "unverified" else opened


def rows_with_tasks() -> QuerySet[DataRequest]:
    """Every request with the number of its failed tasks."""
    failed = Count("steps", filter=Q(steps__state="failed"))
    return list_requests().annotate(failed=failed)


class RequestBoard(Page):
    """Five columns, the most pressing on top; each card says how long there is."""

    name, title, permission = "requests", "Privacy requests", VIEW
    template_name = "consent/board.html"
    menu_entry = MenuEntry("Privacy requests", "gavel", "Compliance", order=10, count=count_open)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The board, narrowed by the address."""
        filters = RequestFilter(request.GET, queryset=list_requests(), request=request)
        lanes = board(filters.qs if filters.form.is_valid() else filters.queryset.none())
        bar = [filters.form[name] for name in ("view", "kind", "law")]
        for field in bar:
            dress(field, "sm")
            field.field.widget.attrs["aria-label"] = field.label
        context = {
            "lanes": [(lane, self._cards(lane)) for lane in lanes],
            "bar": bar,
            "tabs": self._tabs(),
            "empty": not any(lane.total for lane in lanes),
            "narrowed": bool(request.GET),
            "actions": self.allowed([log_action()]),
        }
        return self.draw(self.template_name, context)

    def _tabs(self) -> list[tuple[str, str, bool]]:
        here = self.request.GET.get("view", "")
        shown = [("Board", ""), ("Mine", "mine"), ("Overdue", "overdue"), ("Unverified", "unverified")]
        board_tabs = [(label, f"?{urlencode({'view': v})}" if v else "?", here == v) for label, v in shown]
        return [*board_tabs, ("List", reverse("console:request-list"), False)]

    def _cards(self, lane: Lane) -> list[Card]:
        now = timezone.now()
        names = names_of_staff(row.assignee for row in lane.cards)
        contacts = contacts_of(lane.cards) if self.reader.has_perm("customers.view_pii") else {}
        failed = failed_tasks(lane.cards)
        return [
            Card(
                request=row,
                who=who(row, self.reader, contacts),
                assignee=names.get(row.assignee, "Unassigned"),
                deadline=deadline(row, now),
                state=STATES[State(row.state)].word,
                failed=failed.get(row.pk, 0),
                steps=self.allowed([step for step in next_steps(row) if not step.disabled_because]),
            )
            for row in lane.cards
        ]


def failed_tasks(rows: Sequence[DataRequest]) -> dict[int, int]:
    """How many tasks of each request have failed; one query."""
    found = DataRequest.objects.filter(pk__in=[row.pk for row in rows], steps__state="failed")
    return dict(found.values_list("pk").annotate(number=Count("steps")))


def log_action() -> Action:
    """Where staff log a request."""
    return Action("Log request", reverse("console:request-new"), LOG, "plus", primary=True)


def title_link(row: DataRequest) -> str:
    """What is asked, linking to the request."""
    return cells.link(reverse("console:request", args=[row.public_id]), kind_title(row))


class AssignForm(ConsoleForm):
    """Who takes the requests."""

    assignee = forms.ChoiceField(label="Assignee")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(f"staff:{user.public_id}", user.name) for user in officers()]
        self.fields["assignee"].choices = [("", "Nobody"), *people]  # type: ignore[attr-defined]
        self.fields["assignee"].required = False


def _many(step: str, names: Mapping[str, str]) -> Run:
    """A job for the selected requests; `names` tells which field of the form is which word of the step."""

    def run(*, selection: Selection, form: ConsoleForm, by: Actor, now: datetime) -> str:
        said = {word: str(form.cleaned_data[field] or "") for word, field in names.items()}
        job = start_many(step=step, rows=selection.rows, said=said, by=by, now=now)
        return f"{selection.count} requests are on their way; Jobs shows how far it is ({job.public_id})."

    return run


class RequestList(ListPage):
    """Every request, by any column."""

    name, title, permission = "request-list", "Privacy requests", VIEW
    filterset_class, default_sort, search_label = RequestFilter, "-created_at", "E-mail or request id"
    tabs = (
        Tab("All"),
        Tab("Open", {"view": "open"}),
        Tab("Mine", {"view": "mine"}),
        Tab("Overdue", {"view": "overdue"}),
        Tab("Unverified", {"view": "unverified"}),
    )
    columns = (
        Column("kind", "Request", value=whole_row, cell=title_link),
        Column("regime", "Law"),
        Column("state", "State", cell=cells.state(STATES)),
        Column("left", "Time", value=lambda row: deadline(row, timezone.now())),
        Column("safe_due", "We work towards", cell=cells.day, sort="safe_due"),
        Column("law_due", "Last lawful day", cell=cells.day),
        Column("who", "Requester", value=lambda row: row.who),
        Column("assignee", "Assignee", value=lambda row: row.assignee_name),
        Column("created_at", "Came in", cell=cells.ago, sort="created_at"),
        Column("short_due", "30 or 45 days", cell=cells.day, optional=True),
        Column("channel", "By", optional=True),
        Column("public_id", "Id", cell=cells.code, optional=True),
    )
    bulk_actions = (
        BulkAction("assign", "Assign", CHANGE, _many("assign", {"to": "assignee"}), form=AssignForm),
        BulkAction("acknowledge", "Acknowledge", CHANGE, _many("acknowledge", {})),
        BulkAction("start", "Start", CHANGE, _many("start", {})),
        BulkAction("extend", "Extend", CHANGE, _many("extend", {"reason": "reason"}), form=ReasonForm),
        BulkAction("approve", "Approve", APPROVE, _many("approve", {}), danger=True, step_up=True),
        BulkAction("deliver", "Send and close", APPROVE, _many("deliver", {})),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty(
            "No privacy requests", "Requests of people come by the public form, the API or here.", log_action()
        )

    def rows(self) -> QuerySet[DataRequest]:
        """Every request."""
        return list_requests()

    def search(self, rows: QuerySet[DataRequest], text: str) -> QuerySet[DataRequest]:
        """By public id or by the requester's exact address."""
        hashed = contact_hash_of(text)
        return rows.filter(contact_hash=hashed) if hashed else rows.filter(public_id=text.strip())

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names of staff and addresses, in one query."""
        names = names_of_staff(row.assignee for row in rows)
        contacts = contacts_of(rows) if self.reader.has_perm("customers.view_pii") else {}
        for row in rows:
            row.who = who(row, self.reader, contacts)
            row.assignee_name = names.get(row.assignee, "")
        return rows

    def actions(self) -> Sequence[Action]:
        """The board, and a new request."""
        return (Action("Board", reverse("console:requests"), VIEW, "layout-kanban"), log_action())


class LogForm(ConsoleForm):
    """What came in, and how."""

    kind = forms.ChoiceField(label="What is asked", choices=Kind.choices)
    verb = forms.ChoiceField(
        label="If erasure",
        choices=Verb.choices,
        required=False,
        help_text="Erase keeps a tombstone and keeps the person away. Anonymise keeps figures without a person. "
        "Pseudonymise keeps the profile under a keyed hash.",
    )
    purpose = forms.ChoiceField(
        label="If only part of it",
        choices=[("", "Everything"), *((value, f"What is kept for {word.lower()}") for value, word in KeptFor.choices)],
        required=False,
        help_text="With a part the person stays a customer.",
    )
    contact = forms.EmailField(label="Requester's e-mail address", required=False, max_length=254)
    customer = forms.CharField(
        label="Customer", required=False, max_length=255, help_text="Id or external id, when the address is not enough."
    )
    place = forms.CharField(label="Place", required=False, max_length=6, help_text="ISO code: DE, FR, GB, US-CA, ...")
    channel = forms.ChoiceField(label="How it came", choices=Channel.choices, initial=Channel.EMAIL)
    received_on = forms.DateField(
        label="Day of receipt",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="There, at the place of the law. Empty means today. A day in the past needs a reason.",
    )
    backdated_because = forms.CharField(label="Why an earlier day", required=False, max_length=300)
    agent = forms.CharField(
        label="Authorised agent", required=False, max_length=120, help_text="The company that asks for the person."
    )
    details = forms.CharField(
        label="Their words", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3})
    )


class LogRequest(FormPage):
    """Puts a request on the desk; its clock starts on the local day of receipt."""

    name, title, permission = "request-new", "Log a privacy request", LOG
    form_class, submit_label, success = LogForm, "Log request", "On the desk. Its clock is running."

    def save(self, form: Any) -> DataRequest:
        """Open it."""
        return open_request(new=NewRequest(**form.cleaned_data), by=self.actor, now=self.now)

    def success_url(self, result: DataRequest) -> str:
        """The request, for those who may see it; else another one."""
        name = "request" if self.reader.has_perm(VIEW) else "request-new"
        return reverse(f"console:{name}", args=[result.public_id] if name == "request" else [])

    def cancel_url(self) -> str:
        """The board."""
        return reverse("console:requests") if self.reader.has_perm(VIEW) else ""
