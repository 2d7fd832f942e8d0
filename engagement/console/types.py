"""The catalogue of event types: what each means, how often it comes and from whom; defining and retiring them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from consent.selectors.catalogue import catalogue
from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.views import Action, ActionPage, DetailPage, Figure, FormPage, Header, MenuEntry, Page
from core.errors import Conflict, NotFound
from core.menu import Panel
from engagement.models import EventSchema
from engagement.rules.catalogue import BY_NAME, TRACKING, Kind
from engagement.rules.schemas import MAY_BE_REQUIRED, published
from engagement.selectors.catalogue import kind_of
from engagement.selectors.metrics import chart_of
from engagement.selectors.overview import DAYS, Overview, events_by_day, list_overviews, versions_on_record
from engagement.services.types import register_type, retire_type

VIEW, CHANGE = "engagement.view_event", "engagement.change_eventtype"
IN_USE, RETIRED = State("In use", "good"), State("Retired", "idle")


def state_of(overview: Overview) -> str:
    """In use, or retired."""
    return cells.dot(RETIRED if overview.retired_at else IN_USE)


class EventTypes(Page):
    """Every type with its figures; few enough to stand on one page."""

    name, title, permission = "event-types", "Event types", VIEW
    menu_entry = MenuEntry("Event types", "stack-2", "Integrations", order=58)
    template_name = "engagement/types.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Built-in types first."""
        rows = [(overview, state_of(overview)) for overview in list_overviews(now=self.now)]
        new = Action("New event type", reverse("console:event-type-new"), CHANGE, "plus", primary=True)
        actions = [new] if self.reader.has_perm(CHANGE) else []
        return self.draw(self.template_name, {"rows": rows, "days": DAYS, "actions": actions})


@dataclass(frozen=True, slots=True)
class _Type:
    """A type with all its versions, newest first."""

    overview: Overview
    kinds: Sequence[tuple[Kind, EventSchema | None]]

    @property
    def current(self) -> Kind:
        return self.kinds[0][0]


def _schema(request: HttpRequest, subject: _Type) -> Mapping[str, Any]:
    versions = [
        (kind.version, json.dumps(published(kind), indent=2, ensure_ascii=False), row.created_at if row else None)
        for kind, row in subject.kinds
    ]
    return {"versions": versions}


def _days(request: HttpRequest, subject: _Type) -> Mapping[str, Any]:
    return chart_of(events_by_day(type_id=subject.current.id, now=timezone.now()))


def _facts(request: HttpRequest, subject: _Type) -> Mapping[str, Any]:
    kind, overview = subject.current, subject.overview
    use = catalogue().uses.get(kind.purpose)
    facts = [
        ("Name", cells.code(kind.name)),
        ("Address", cells.code(f"POST /api/v1/engagement/{kind.name}")),
        ("Meaning", cells.text(kind.description)),
        ("Purpose", use.name if use else kind.purpose),
        ("Requires", ", ".join(["timestamp", *kind.required])),
        ("Sent by", ", ".join(overview.senders) or cells.NOTHING),
    ]
    if overview.retired_at:
        facts.append(("Retired", cells.instant(overview.retired_at)))
    return {"facts": facts}


class EventTypeDetail(DetailPage):
    """One type: figures, senders, JSON Schema of every version."""

    name, permission = "event-type", VIEW
    panels = (
        Panel("days", "Events per day", "engagement/_days.html", VIEW, _days, order=90),
        Panel("schema", "JSON Schema", "engagement/schema.html", VIEW, _schema),
        Panel("facts", "Type", "engagement/facts.html", VIEW, _facts, place="side"),
    )

    def find(self) -> _Type:
        """By name."""
        return find_for_screen(self.kwargs["key"], self)

    def header(self, subject: _Type) -> Header:
        """Title, name, state."""
        built_in = "Built in" if subject.overview.built_in else "Registered"
        return Header(subject.current.title, built_in, subject.current.name, state_of(subject.overview))

    def figures(self, subject: _Type) -> Sequence[Figure]:
        """How often and when last."""
        overview = subject.overview
        return (
            Figure(f"Events in {DAYS} days", cells.number(overview.events)),
            Figure("Last seen", cells.ago(overview.last_hour), "to the hour"),
            Figure("Version", str(overview.version)),
        )

    def actions(self, subject: _Type) -> Sequence[Action]:
        """Its events; a next version and retiring where it is not built in."""
        key = subject.current.name
        events = Action("Events", f"{reverse('console:events')}?type={key}", VIEW, "activity-heartbeat")
        if subject.overview.built_in:
            return (events,)
        version = Action("New version", reverse("console:event-type-version", args=[key]), CHANGE, "plus")
        retire = Action("Retire", reverse("console:event-type-retire", args=[key]), CHANGE, "trash")
        return (events, version) if subject.overview.retired_at else (events, version, retire)


def find_for_screen(key: str, page: Page) -> _Type:
    """The type with its versions and figures; NotFound for a name that nobody has."""
    overview = next((one for one in list_overviews(now=page.now) if one.name == key), None)
    if overview is None:
        raise NotFound(f"There is no event type '{key}'.")
    rows = versions_on_record(key)
    kinds: list[tuple[Kind, EventSchema | None]] = [(kind_of(row), row) for row in rows]
    return _Type(overview, kinds or [(BY_NAME[key], None)])


_EXAMPLE: Final = {"type": "object", "properties": {"minutes": {"type": "integer", "minimum": 0}}}


class SchemaField(forms.JSONField):
    """JSON, written so that a person can read it."""

    def prepare_value(self, value: Any) -> Any:
        """Indented; what was typed stays as it was typed."""
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class TypeForm(ConsoleForm):
    """What defines a type."""

    title = forms.CharField(label="Title", max_length=120)
    description = forms.CharField(label="Meaning", required=False, max_length=300)
    purpose = forms.ChoiceField(label="Purpose", help_text="What a person must have agreed to.")
    required = forms.MultipleChoiceField(
        label="An event must have",
        required=False,
        choices=[(name, name) for name in MAY_BE_REQUIRED],
        widget=forms.CheckboxSelectMultiple,
    )
    properties = SchemaField(
        label="JSON Schema of properties",
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text="Draft 2020-12. What the member `properties` of an event may hold.",
        initial=_EXAMPLE,
        error_messages={"invalid": "This is not valid JSON."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (use.key, use.name) for use in catalogue().uses.values()
        ]

    def clean_properties(self) -> dict[str, Any]:
        """An object: a schema that is a bare true or false says nothing a person could read."""
        value = self.cleaned_data["properties"]
        if not isinstance(value, dict):
            raise forms.ValidationError("A JSON Schema is written as an object: { ... }.")
        return value


class NewTypeForm(TypeForm):
    """A new type has a name as well."""

    key = forms.CharField(
        label="Name", max_length=60, help_text="Lower-case words joined by hyphens, as in its address: webinar-join."
    )
    field_order = ("key", "title", "description")


class _TypeForm(FormPage, abstract=True):
    """What the forms share."""

    permission = CHANGE

    def register(self, name: str, data: Mapping[str, Any]) -> EventSchema:
        """The one service call."""
        return register_type(
            name=name,
            title=data["title"],
            description=data["description"],
            purpose=data["purpose"],
            required=data["required"],
            properties=data["properties"],
            by=self.actor,
            now=self.now,
        )

    def success_url(self, result: EventSchema) -> str:
        """The type."""
        return reverse("console:event-type", args=[result.type.name])


class NewEventType(_TypeForm):
    """Register a type."""

    name, title = "event-type-new", "New event type"
    form_class, submit_label, success = NewTypeForm, "Register", "The type is registered; its events are accepted."

    def initial(self) -> dict[str, Any]:
        """Under the usual purpose."""
        return {"purpose": TRACKING, "properties": _EXAMPLE}

    def save(self, form: NewTypeForm) -> EventSchema:
        """Register; a name that is taken is refused, since its next version has a form of its own."""
        name = form.cleaned_data["key"]
        if versions_on_record(name):
            raise Conflict(f"There is a type '{name}' already; open it to make its next version.", param="key")
        return self.register(name, form.cleaned_data)

    def cancel_url(self) -> str:
        """The catalogue."""
        return reverse("console:event-types")


class NewVersion(_TypeForm):
    """The next version of a type; older ones stay valid for senders that name them."""

    name, title = "event-type-version", "New version"
    form_class, submit_label, success = TypeForm, "Make the version", "The definition is in force."

    def initial(self) -> dict[str, Any]:
        """The current version."""
        kind = find_for_screen(self.kwargs["key"], self).current
        return {
            "title": kind.title,
            "description": kind.description,
            "purpose": kind.purpose,
            "required": list(kind.required),
            "properties": dict(kind.properties or {}),
        }

    def save(self, form: TypeForm) -> EventSchema:
        """A definition that differs becomes the next version."""
        return self.register(self.kwargs["key"], form.cleaned_data)

    def cancel_url(self) -> str:
        """The type."""
        return reverse("console:event-type", args=[self.kwargs["key"]])


class RetireEventType(ActionPage):
    """No further events of a type."""

    name, title, permission = "event-type-retire", "Retire event type", CHANGE
    submit_label, success, danger = "Retire", "The type is retired.", True

    def question(self) -> str:
        """What happens."""
        kind = find_for_screen(self.kwargs["key"], self).current
        return f"Events of the type “{kind.title}” are refused from now on. Stored ones stay. A new version revives it."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Who would notice."""
        overview = find_for_screen(self.kwargs["key"], self).overview
        return (
            (f"Events in {DAYS} days", f"{overview.events:,}"),
            ("Sent by", ", ".join(overview.senders) or "nobody"),
        )

    def save(self, form: ConsoleForm) -> None:
        """Retire."""
        retire_type(name=self.kwargs["key"], by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The type."""
        return reverse("console:event-type", args=[self.kwargs["key"]])

    def cancel_url(self) -> str:
        """The type."""
        return reverse("console:event-type", args=[self.kwargs["key"]])
