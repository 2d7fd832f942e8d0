"""The data dictionary on screens: what each field means, who owns it, and whose value stands when systems disagree."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.views import DetailPage, Figure, FormPage, Header, MenuEntry
from core.menu import Panel
from customers.console.attributes import CHANGE, VIEW
from customers.models import ConflictRule, Format, PiiClass
from customers.rules.governance import SOURCES
from customers.selectors.governance import Entry, find_field, list_fields
from customers.services.governance import change_field

_CLASSES: Final = dict(PiiClass.choices)
_CONFLICTS: Final = dict(ConflictRule.choices)
_FORMATS: Final = dict(Format.choices)


def quality_words(entry: Entry) -> str:
    """Which values are right, in a phrase."""
    policy = entry.policy
    words = [str(_FORMATS[policy.format])] if policy.format else []
    words += [f"one of {len(policy.allowed)} values"] if policy.allowed else []
    words += ["never empty"] if policy.required else []
    return "; ".join(words)


def source_words(entry: Entry) -> str:
    """The systems in their order."""
    return ", ".join(SOURCES.get(word, word) for word in entry.policy.sources)


def dictionary(request: HttpRequest, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """Every field with what was decided about it."""
    return {
        "rows": [
            {
                "entry": entry,
                "owner": entry.owner or cells.NOTHING,
                "meaning": entry.meaning or cells.NOTHING,
                "handling": _CLASSES[entry.pii_class],
                "quality": quality_words(entry) or cells.NOTHING,
                "sources": source_words(entry) or entry.origin,
                "conflict": _CONFLICTS[entry.policy.conflict] if entry.governed else cells.NOTHING,
            }
            for entry in entries
        ]
    }


class FieldList(DetailPage):
    """The whole dictionary on one page."""

    name, title, permission = "fields", "Data dictionary", VIEW
    menu_entry = MenuEntry("Data dictionary", "file-text", "Audience", order=42)
    panels = (Panel("dictionary", "Fields", "customers/_fields.html", VIEW, dictionary, order=10),)

    def find(self) -> Sequence[Entry]:
        """All of them."""
        return list_fields()

    def header(self, subject: Sequence[Entry]) -> Header:
        """What it is for."""
        return Header(self.title, "What each field means, who answers for it, and whose value stands.")

    def figures(self, subject: Sequence[Entry]) -> Sequence[Figure]:
        """How far governance has come."""
        governed = [entry for entry in subject if entry.governed and not entry.archived]
        owned = sum(bool(entry.owner) for entry in governed)
        measured = sum(bool(quality_words(entry)) for entry in governed)
        return (
            Figure("Fields that systems write", cells.number(len(governed)), icon="list"),
            Figure("With an owner", cells.number(owned), icon="user"),
            Figure("With a quality rule", cells.number(measured), icon="check"),
        )


class DecideForm(ConsoleForm):
    """What may be decided about a field."""

    owner = forms.CharField(
        label="Owner", required=False, max_length=120, help_text="The team or role that answers for the field."
    )
    conflict = forms.ChoiceField(label="When systems disagree, what stands", choices=ConflictRule.choices)
    sources = forms.CharField(
        label="Systems that fill it, the first one first",
        required=False,
        max_length=1_300,
        help_text="Separated by commas: staff, client, import, system, or client:cli_... for one API client.",
    )
    required = forms.BooleanField(label="Every known customer should have a value", required=False)
    format = forms.ChoiceField(label="Format", required=False, choices=[("", "Any"), *Format.choices])
    allowed = forms.CharField(
        label="Allowed values",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One in each line; leave empty to allow any value.",
    )

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        said = dict(self.cleaned_data)
        said["sources"] = [word.strip() for word in said["sources"].split(",") if word.strip()]
        said["allowed"] = [line.strip() for line in said["allowed"].splitlines() if line.strip()]
        return said


class OwnerForm(ConsoleForm):
    """What may be decided about a field that the system fills itself."""

    owner = forms.CharField(
        label="Owner", required=False, max_length=120, help_text="The team or role that answers for the field."
    )

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        return dict(self.cleaned_data)


class EditField(FormPage):
    """Decide about a field."""

    name, permission = "field-edit", CHANGE
    success = "Decided. It holds from the next write on."

    @cached_property
    def entry(self) -> Entry:
        """The field of the address."""
        return find_field(self.kwargs["field"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """Which field this is about."""
        return f"Decide about a field: {self.entry.label}"

    @property
    def form_class(self) -> type[ConsoleForm]:  # type: ignore[override]
        """All of it where systems write the field, else the owner."""
        return DecideForm if self.entry.governed else OwnerForm

    def initial(self) -> dict[str, Any]:
        """What holds."""
        entry = self.entry
        return {
            "owner": entry.owner,
            "conflict": entry.policy.conflict,
            "sources": ", ".join(entry.policy.sources),
            "required": entry.policy.required,
            "format": entry.policy.format,
            "allowed": "\n".join(entry.policy.allowed),
        }

    def save(self, form: DecideForm) -> Entry:
        """Decide."""
        return change_field(name=self.kwargs["field"], values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The dictionary."""
        return reverse("console:fields")

    def cancel_url(self) -> str:
        """The dictionary."""
        return reverse("console:fields")
