"""Definitions of custom attributes: what may be stored on a profile, and how it is handled."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.urls import reverse

from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, Empty, FormPage, ListPage, MenuEntry
from customers.models import AttributeDefinition, AttributeType, PiiClass
from customers.selectors.attributes import all_definitions, find_definition
from customers.services.attributes import archive_attribute, change_attribute, define_attribute

VIEW: Final = "customers.view_attribute"
CHANGE: Final = "customers.change_attribute"
STATES: Final = {"used": State("In use", "good"), "archived": State("Archived")}


def key_cell(row: AttributeDefinition) -> str:
    """The key, leading to its form."""
    return cells.link(reverse("console:attribute-edit", args=[row.key]), row.name, row.key)


def archive_cell(row: AttributeDefinition) -> str:
    """Where it takes no new values any more."""
    if row.archived_at:
        return cells.NOTHING
    return cells.link(reverse("console:attribute-archive", args=[row.key]), "Archive")


class AttributeList(ListPage):
    """Every definition."""

    name, title, permission = "attributes", "Attributes", VIEW
    menu_entry = MenuEntry("Attributes", "adjustments", "Audience", order=40)
    default_sort, key_field = "-created_at", "key"
    columns = (
        Column("key", "Attribute", value=whole_row, cell=key_cell),
        Column("type", "Type", value=lambda row: row.get_type_display()),
        Column("options", "Options", cell=cells.tags),
        Column("pii", "Handling", value=lambda row: row.get_pii_class_display()),
        Column("purpose", "Purpose"),
        Column("owner", "Owner"),
        Column("state", "State", value=lambda row: "archived" if row.archived_at else "used", cell=cells.state(STATES)),
        Column("archive", "Archive", value=whole_row, cell=archive_cell, permission=CHANGE),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No attributes yet", "Define what else a profile may hold.", self.actions()[0])

    def rows(self) -> QuerySet[AttributeDefinition]:
        """All of them."""
        return all_definitions()

    def actions(self) -> Sequence[Action]:
        """One more."""
        return (Action("New attribute", reverse("console:attribute-new"), CHANGE, "plus", primary=True),)


class ChangeForm(ConsoleForm):
    """What may change about a definition."""

    name = forms.CharField(label="Name", required=False, max_length=120)
    description = forms.CharField(label="Description", required=False, max_length=300)
    options = forms.CharField(
        label="Options", required=False, help_text="Separated by commas; for attributes that are one of a list."
    )
    unit = forms.CharField(label="Unit", required=False, max_length=30)
    pii_class = forms.ChoiceField(label="Handling", choices=PiiClass.choices)
    purpose = forms.CharField(label="Purpose", max_length=60, help_text="What the value is used for.")
    owner = forms.CharField(label="Owner", required=False, max_length=120)

    def values(self) -> dict[str, Any]:
        """What the services take."""
        words = {name: value for name, value in self.cleaned_data.items() if name not in ("key", "type", "options")}
        options = [option.strip() for option in self.cleaned_data["options"].split(",") if option.strip()]
        return words | {"options": options}


class DefineForm(ChangeForm):
    """A new definition."""

    key = forms.CharField(label="Key", max_length=60, help_text="Lower-case letters, digits and underscores.")
    type = forms.ChoiceField(label="Type", choices=AttributeType.choices)
    field_order = ("key", "type")


class _AttributeForm(FormPage, abstract=True):
    """What the forms share: the way back."""

    permission = CHANGE

    def success_url(self, result: Any) -> str:
        """The list."""
        return reverse("console:attributes")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:attributes")


class NewAttribute(_AttributeForm):
    """Define one."""

    name, title = "attribute-new", "New attribute"
    form_class, submit_label, success = DefineForm, "Define", "The attribute is defined."

    def save(self, form: DefineForm) -> AttributeDefinition:
        """Define."""
        data = form.cleaned_data
        return define_attribute(
            key=data["key"], value_type=data["type"], values=form.values(), by=self.actor, now=self.now
        )


class EditAttribute(_AttributeForm):
    """Other words or handling."""

    name, title = "attribute-edit", "Edit attribute"
    form_class, success = ChangeForm, "The attribute is changed."

    def initial(self) -> dict[str, Any]:
        """The stored definition."""
        row = find_definition(self.kwargs["key"])
        words = {name: getattr(row, name) for name in ChangeForm.base_fields}
        return words | {"options": ", ".join(row.options)}

    def save(self, form: ChangeForm) -> AttributeDefinition:
        """Change."""
        find_definition(self.kwargs["key"])
        return change_attribute(key=self.kwargs["key"], values=form.values(), by=self.actor, now=self.now)


class ArchiveAttribute(_AttributeForm, ActionPage):
    """No new values from now on."""

    name, title = "attribute-archive", "Archive attribute"
    submit_label, success = "Archive", "The attribute takes no new values."

    def question(self) -> str:
        """What happens."""
        definition = find_definition(self.kwargs["key"])
        return f"“{definition.name}” takes no new values; stored ones stay readable. This cannot be taken back here."

    def save(self, form: ConsoleForm) -> AttributeDefinition:
        """Archive."""
        return archive_attribute(key=self.kwargs["key"], by=self.actor, now=self.now)
