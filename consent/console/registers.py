"""The registers on the screen: what they share, and what each shows."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from consent.models import Activity, Breach, Processor, RightsAgent
from consent.selectors.registers import columns_of, export_rows, find_entry, list_entries
from consent.services.registers import note_export, save_entry
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import Action, ActionPage, Column, DetailPage, FormPage, Header, ListPage
from core.menu import Panel

VIEW, CHANGE = "consent.view_register", "consent.change_register"
FORMATS: Final = (("csv", "CSV"), ("json", "JSON"))
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Register:
    """What the screens of one register share: its table, and its word in addresses."""

    kind: ClassVar[Any]
    word: ClassVar[str]


class RegisterList(Register, ListPage, abstract=True):
    """Every entry."""

    permission = VIEW
    default_sort = "name"

    def rows(self) -> QuerySet[Any]:
        """Ended ones too."""
        found: QuerySet[Any] = list_entries(self.kind)
        return found

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """By the beginning of the name, or the id."""
        return rows.filter(name__istartswith=text) | rows.filter(public_id=text)

    def actions(self) -> Sequence[Action]:
        """Export, and a new entry."""
        return (
            Action("Export", reverse(f"console:{self.word}-export"), VIEW, "download"),
            Action("New entry", reverse(f"console:{self.word}-new"), CHANGE, "plus", primary=True),
        )


class RegisterDetail(Register, DetailPage, abstract=True):
    """One entry with all it says."""

    permission = VIEW
    panels: ClassVar[Sequence[Panel]] = (
        Panel("entry", "Entry", "consent/facts.html", VIEW, lambda request, row: facts_of(row)),
    )

    def find(self) -> Any:
        """By public id."""
        return find_entry(self.kind, self.kwargs["public_id"])

    def header(self, subject: Any) -> Header:
        """Its name."""
        return Header(subject.name, self.title, subject.public_id)

    def actions(self, subject: Any) -> Sequence[Action]:
        """Change it."""
        url = reverse(f"console:{self.word}-edit", args=[subject.public_id])
        return (Action("Edit", url, CHANGE, "edit", primary=True),)


class NewEntry(Register, FormPage, abstract=True):
    """A new entry."""

    permission, success = CHANGE, "The entry is stored."

    def entry(self) -> Any:
        """An empty one."""
        return self.kind()

    def save(self, form: Any) -> Any:
        """Store it."""
        return save_entry(row=self.entry(), values=form.values(), by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The entry."""
        return reverse(f"console:{self.word}", args=[result.public_id])

    def cancel_url(self) -> str:
        """The register."""
        return reverse(f"console:{self.word}-list")


class EditEntry(NewEntry, abstract=True):
    """An entry as it stands now."""

    def entry(self) -> Any:
        """By public id."""
        return find_entry(self.kind, self.kwargs["public_id"])

    def initial(self) -> dict[str, Any]:
        """What is stored."""
        row = self.entry()
        return {name: getattr(row, name) for name in self.form_class.base_fields}


class FormatForm(ConsoleForm):
    """Which kind of file."""

    format = forms.ChoiceField(label="Format", choices=FORMATS)


class ExportRegister(Register, ActionPage, abstract=True):
    """The whole register as a file."""

    permission, submit_label, form_class = VIEW, "Download", FormatForm

    def question(self) -> str:
        """What will happen."""
        return "The whole register is written to a file in UTC. The export is recorded in the audit log."

    def save(self, form: Any) -> HttpResponse:
        """The file."""
        rows, form_of = list(export_rows(self.kind)), str(form.cleaned_data["format"])
        note_export(register=self.word, rows=len(rows), form=form_of, by=self.actor)
        names = [field.name for field in columns_of(self.kind)]
        return file_of(rows, names, form_of, f"{self.word}-{self.now:%Y%m%d}")

    def done(self, result: HttpResponse) -> HttpResponse:
        """The file is the answer."""
        return result

    def cancel_url(self) -> str:
        """The register."""
        return reverse(f"console:{self.word}-list")


def file_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str], form: str, name: str) -> HttpResponse:
    """The rows as a file; a cell of CSV is never taken for a formula (CWE-1236)."""
    if form == "json":
        body, content_type = json.dumps(list(rows), cls=DjangoJSONEncoder, indent=2), "application/json"
    else:
        text = io.StringIO()
        sheet = csv.writer(text)
        sheet.writerow(names)
        sheet.writerows([_harmless(row.get(column)) for column in names] for row in rows)
        body, content_type = text.getvalue(), "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return HttpResponse(body, content_type=content_type, headers=headers)


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def facts_of(row: Activity | Processor | Breach | RightsAgent) -> Mapping[str, Any]:
    """Every column with its words."""
    shown = [field for field in columns_of(type(row)) if field.name not in ("public_id", "created_at", "name")]
    return {"facts": [(_label(field.name), _shown(row, field.name)) for field in shown]}


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize().removesuffix(" at").removesuffix(" on")


def _shown(row: Any, name: str) -> str:
    words = getattr(row, f"get_{name}_display", None)
    value = words() if words else getattr(row, name)
    if isinstance(value, list):
        return cells.tags(value)
    if name.endswith(("_at", "_due")):
        return cells.instant(value)
    return cells.day(value) if name.endswith("_on") else cells.text(value)


def entry_link(word: str) -> Any:
    """A cell: the name, leading to the entry."""
    return lambda row: cells.link(reverse(f"console:{word}", args=[row.public_id]), row.name)


def name_column(word: str, label: str) -> Column:
    """The first column of a register."""
    return Column("name", label, value=whole_row, cell=entry_link(word), sort="name")
