"""Every tag: namespace, colour, how many customers have it."""

from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import Column, Empty, FormPage, ListPage, MenuEntry
from core.errors import NotFound
from customers.console.words import CHANGE, VIEW
from customers.models import Tag, TagColour
from customers.selectors.customers import list_tags, worn_by
from customers.services.tags import colour_tag

EMPTY: Final = Empty("No tags yet", "Tags come with files, from partners, or from the page of a customer.")


def badge(row: Tag) -> str:
    """The tag with a dot of its colour, which says nothing that the word does not."""
    return format_html(
        '<span class="badge bg-indigo-lt"><span class="tag-dot tag-{}" aria-hidden="true"></span>{}</span>',
        row.colour,
        row.name,
    )


def change_cell(row: Tag) -> str:
    """Where its colour changes."""
    return cells.link(reverse("console:tag-edit", args=[row.pk]), "Colour")


class TagList(ListPage):
    """All tags by name."""

    name, title, permission = "tags", "Tags", VIEW
    menu_entry = MenuEntry("Tags", "tags", "Audience", order=35)
    default_sort, key_field, search_label, empty = "name", "pk", "Beginning of the name", EMPTY
    columns = (
        Column("tag", "Tag", value=whole_row, cell=badge),
        Column("namespace", "Namespace"),
        Column("customers", "Customers", value=lambda row: row.worn, cell=cells.number, end=True),
        Column("created", "First put on", value=lambda row: row.created_at, cell=cells.instant),
        Column("change", "Change", value=whole_row, cell=change_cell, permission=CHANGE),
    )

    def rows(self) -> QuerySet[Tag]:
        """All of them."""
        return list_tags()

    def search(self, rows: QuerySet[Tag], text: str) -> QuerySet[Tag]:
        """By the beginning of the name."""
        return rows.filter(name__startswith=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """How many customers have each; one query."""
        worn = worn_by([row.pk for row in rows])
        for row in rows:
            row.worn = worn.get(row.pk, 0)
        return rows


class ColourForm(ConsoleForm):
    """One of seven."""

    colour = forms.ChoiceField(label="Colour", choices=TagColour.choices)


class EditTag(FormPage):
    """Another colour."""

    name, title, permission = "tag-edit", "Colour of a tag", CHANGE
    form_class, success = ColourForm, "The tag is changed."

    @property
    def row(self) -> Tag:
        """The tag of this address."""
        row = list_tags().filter(pk=self.kwargs["tag_id"]).first()
        if row is None:
            raise NotFound("There is no such tag.")
        return row

    def initial(self) -> dict[str, Any]:
        """Its present colour."""
        return {"colour": self.row.colour}

    def save(self, form: ColourForm) -> Tag:
        """Change."""
        return colour_tag(name=self.row.name, colour=form.cleaned_data["colour"], by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The list."""
        return reverse("console:tags")

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:tags")
