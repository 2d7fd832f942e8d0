"""Every tag: namespace, colour, how many customers have it."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, Empty, FormPage, ListPage, MenuEntry
from core.errors import NotFound
from customers.console.words import CHANGE, VIEW
from customers.models import Tag, TagColour
from customers.selectors.customers import list_tags, worn_by
from customers.selectors.tag_rules import rules_of_tags
from customers.services.tags import colour_tag

EMPTY: Final = Empty("No tags yet", "Tags come with files, from partners, or from the page of a customer.")


def badge(row: Tag) -> str:
    """The tag with a dot of its colour, which says nothing that the word does not."""
    return format_html(
        '<span class="badge bg-indigo-lt"><span class="tag-dot tag-{}" aria-hidden="true"></span>{}</span>',
        row.colour,
        row.name,
    )


def rule_cell(row: Any) -> str:
    """The segment whose members have it, and whether the rule rests; nothing for a tag that people put on."""
    if row.rule is None:
        return ""
    segment = cells.link(reverse("console:segment", args=[row.rule.segment.slug]), row.rule.segment.name)
    end = cells.link(reverse("console:tag-rule-end", args=[row.pk]), "End rule") if row.may_end else ""
    rests = format_html(' <span class="badge bg-red-lt">Rests: {}</span>', row.rule.failure) if row.rule.failure else ""
    return format_html('Members of {}{}<div class="mt-2">{}</div>', segment, rests, end)


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
        Column("rule", "Given by rule to", value=whole_row, cell=rule_cell),
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
        """How many customers have each, and which are given by rule; two queries."""
        ids = [row.pk for row in rows]
        worn, rules, may_end = worn_by(ids), rules_of_tags(ids), self.reader.has_perm(CHANGE)
        for row in rows:
            row.worn, row.rule, row.may_end = worn.get(row.pk, 0), rules.get(row.pk), may_end
        return rows

    def actions(self) -> Sequence[Action]:
        """A tag that comes and goes by itself."""
        return (Action("Give a tag by rule", reverse("console:tag-rule"), CHANGE, "plus", primary=True),)


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
