"""The library on screens: list, one template with its languages and users, the editor, and seeing it as a customer."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from campaigns.console.named import NamedList
from campaigns.console.words import CHANGE, PII, VIEW, whom
from campaigns.models import ContentTemplate
from campaigns.rules.content.blocks import by_locale, to_text
from campaigns.rules.content.library import TemplateKind, TemplateState, block_line
from campaigns.selectors.templates import (
    User,
    attribute_keys,
    find_template,
    find_version,
    list_templates,
    list_versions,
    offered,
    problems_of_template,
    users_of,
    with_blocks,
)
from campaigns.services.templates import (
    archive_template,
    change_template,
    define_template,
    delete_template,
    restore_template,
)
from campaigns.services.trying import preview_template
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, DetailPage, Empty, FormPage, Header, MenuEntry, Tab
from core.menu import Panel
from customers.models import Customer
from customers.selectors.customers import find_customer

_STATES = {
    TemplateState.ACTIVE.value: cells.State("In use", "good"),
    TemplateState.ARCHIVED.value: cells.State("Archived", "idle"),
}
_KINDS = {TemplateKind.MESSAGE.value: "Message", TemplateKind.BLOCK.value: "Block"}


def address(name: str, template: ContentTemplate) -> str:
    """The URL of a screen of this template."""
    return reverse(f"console:{name}", args=[template.key])


class TemplateFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What templates can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="Kind", choices=list(_KINDS.items()), empty_label="Any kind")
    state = django_filters.ChoiceFilter(label="State", choices=TemplateState.choices, empty_label="Not archived")

    class Meta:
        model = ContentTemplate
        fields: Sequence[str] = ()


class TemplateList(NamedList):
    """Every template that is not archived, newest first."""

    name, title, permission = "templates", "Templates", VIEW
    menu_entry = MenuEntry("Templates", "file-text", "Marketing", order=15)
    filterset_class, bar_filters = TemplateFilter, ("kind", "state")
    default_sort, key_field = "-created_at", "key"
    tabs = (Tab("Messages", {"kind": "message"}), Tab("Blocks", {"kind": "block"}))
    columns = (
        Column(
            "template", "Template", value=whole_row, cell=lambda row: cells.link(address("template", row), row.name)
        ),
        Column("key", "Key", cell=cells.code),
        Column("kind", "Kind", value=lambda row: _KINDS[row.kind]),
        Column("state", "State", cell=cells.state(_STATES)),
        Column("subject", "Subject", value=lambda row: row.current.subject if row.current else "", cell=cells.text),
        Column("version", "Version", value=lambda row: row.current.number if row.current else None, cell=cells.number),
        Column("users", "Used by", cell=cells.number, end=True),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
        Column("owner", "Owner", cell=cells.code, optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        words = "Write a message to begin with, or a block that many messages share."
        return Empty("No templates yet", words, self.actions()[0])

    def rows(self) -> QuerySet[ContentTemplate]:
        """Those in use; archived ones when the filter asks for them."""
        return list_templates(include_archived=self.request.GET.get("state") == TemplateState.ARCHIVED)

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New template", reverse("console:template-new"), CHANGE, "plus", primary=True),)


def _words(request: HttpRequest, template: ContentTemplate) -> Mapping[str, Any]:
    version = find_version(template)
    parts = by_locale(version.subject, with_blocks(version.body))
    return {
        "version": version,
        "source": version.body,
        "parts": [(locale or "Everybody else", words.subject, to_text(words.body)) for locale, words in parts.items()],
        "problems": problems_of_template(template.kind, version.subject, version.body),
        "line": block_line(template.key) if template.kind == TemplateKind.BLOCK else "",
    }


_PAGES = {"campaign": "campaign", "automation": "automation", "template": "template"}


def _where(user: User) -> tuple[User, str]:
    return user, reverse(f"console:{_PAGES[user.sort]}", args=[user.id])


def _users(request: HttpRequest, template: ContentTemplate) -> Mapping[str, Any]:
    return {"users": [_where(user) for user in users_of(template)], "kind": template.kind}


def _versions(request: HttpRequest, template: ContentTemplate) -> Mapping[str, Any]:
    found = list(list_versions(template)[:20])
    by = whom({str(one.number): one.written_by for one in found})
    return {"versions": [(one, who) for one, (_, who) in zip(found, by, strict=True)]}


def _facts(request: HttpRequest, template: ContentTemplate) -> Mapping[str, Any]:
    rows = [
        ("Kind", template.get_kind_display()),
        ("Description", template.description or cells.NOTHING),
        *whom({"Written by": template.owner}),
        ("Changed", cells.instant(template.updated_at)),
    ]
    return {"facts": rows}


class TemplateDetail(DetailPage):
    """One template: what it says in each language, who uses it, and what it said before."""

    name, title, permission, panel_area = "template", "Template", VIEW, "template"
    panels = (
        Panel("words", "Words", "campaigns/_template_words.html", VIEW, _words, order=10),
        Panel("users", "Used by", "campaigns/_template_users.html", VIEW, _users, order=20),
        Panel("facts", "About it", "customers/_facts.html", VIEW, _facts, place="side", order=10),
        Panel("versions", "Versions", "campaigns/_template_versions.html", VIEW, _versions, place="side", order=20),
    )

    def find(self) -> ContentTemplate:
        """By its key."""
        return find_template(self.kwargs["key"])

    def header(self, subject: ContentTemplate) -> Header:
        """Name and state."""
        state = cells.dot(_STATES[subject.state])
        return Header(subject.name, subtitle=subject.description, code=subject.key, state=state)

    def actions(self, subject: ContentTemplate) -> Sequence[Action]:
        """What its state allows."""
        preview = Action("Preview", address("template-preview", subject), PII, "eye")
        used = "Somebody uses it: archive it instead." if getattr(subject, "users", 0) else ""
        delete = Action("Delete", address("template-delete", subject), CHANGE, "trash", disabled_because=used)
        if subject.state == TemplateState.ARCHIVED:
            back = Action("Bring back", address("template-restore", subject), CHANGE, "refresh", primary=True)
            return (preview, delete, back)
        archive = Action("Archive", address("template-archive", subject), CHANGE, "package")
        edit = Action("Edit", address("template-edit", subject), CHANGE, "edit", primary=True)
        return (preview, delete, archive, edit)


class ChangeForm(ConsoleForm):
    """What it is called, and what it says."""

    title = forms.CharField(label="Name", max_length=120)
    description = forms.CharField(label="Description", max_length=300, required=False)
    subject = forms.CharField(label="Subject", max_length=200, required=False, help_text="Of messages only.")
    body = forms.CharField(
        label="Text",
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text=(
            "Leave an empty line between blocks. “# ” begins a heading, “- ” a list, [Words](https://…) is a link and "
            "alone on its line a button. A line [[de]] begins the German part."
        ),
    )
    note = forms.CharField(label="What is new", max_length=200, required=False)

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        return {"name" if name == "title" else name: value for name, value in self.cleaned_data.items()}


class NewForm(ChangeForm):
    """And its key and kind, which never change."""

    key = forms.SlugField(label="Key", max_length=50, help_text="Lower-case words, digits and hyphens; never changes.")
    kind = forms.ChoiceField(label="Kind", choices=TemplateKind.choices)
    field_order = ("title", "key", "kind", "description", "subject", "body", "note")


class _Editor(FormPage, abstract=True):
    """What the two forms share."""

    permission, template_name = CHANGE, "campaigns/message.html"

    def success_url(self, result: ContentTemplate) -> str:
        """Its page."""
        return address("template", result)

    def extra(self) -> dict[str, Any]:
        """Which fields and blocks words may name."""
        blocks = [(block_line(one.key), one.name) for one in offered(TemplateKind.BLOCK)]
        return {"attributes": attribute_keys(), "blocks": blocks}


class NewTemplate(_Editor):
    """A new one."""

    name, title = "template-new", "New template"
    form_class, submit_label, success = NewForm, "Write it", "It stands in the library."

    def save(self, form: NewForm) -> ContentTemplate:
        """Write it down."""
        return define_template(values=form.values(), by=self.actor, now=self.now)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:templates")


class EditTemplate(_Editor):
    """Other words are the next version."""

    name, title = "template-edit", "Edit template"
    form_class, submit_label, success = ChangeForm, "Save", "Saved. What was approved keeps the words it had."

    @property
    def template(self) -> ContentTemplate:
        """The template of the address."""
        return find_template(self.kwargs["key"])

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.template
        version = find_version(row)
        return {"title": row.name, "description": row.description, "subject": version.subject, "body": version.body}

    def save(self, form: ChangeForm) -> ContentTemplate:
        """Change it."""
        return change_template(template=self.template, values=form.values(), by=self.actor, now=self.now)

    def cancel_url(self) -> str:
        """Its page."""
        return address("template", self.template)


class PreviewForm(ConsoleForm):
    """As whom; sent in the body, since an id may lead to a person."""

    customer = forms.CharField(label="Customer", max_length=255, help_text="Public id (cus_...) or external id.")
    locale = forms.CharField(
        label="Language", max_length=10, required=False, help_text="Such as de. Empty: the customer's own."
    )


class PreviewTemplate(FormPage):
    """The words as one person would get them; nothing is sent."""

    name, title, permission = "template-preview", "Preview", PII
    template_name, form_class, submit_label = "campaigns/preview.html", PreviewForm, "Show"

    def extra(self) -> dict[str, Any]:
        """The words, when somebody was named; they hold nothing but what the library allows."""
        letter = getattr(self, "letter", None)
        return {"letter": letter, "drawn": letter is not None}

    def save(self, form: PreviewForm) -> Customer:
        """Write them; that they were looked at stands in the audit log."""
        customer = find_customer(reference=form.cleaned_data["customer"].strip())
        template, locale = find_template(self.kwargs["key"]), form.cleaned_data["locale"].strip()
        self.letter = preview_template(template=template, customer=customer, locale=locale, by=self.actor)
        return customer

    def done(self, result: Customer) -> Any:
        """The same page with the words."""
        return self.shown(self.form_class(initial={"customer": result.public_id}))

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:template", args=[self.kwargs["key"]])


class _Step(ActionPage, abstract=True):
    """What the steps share."""

    permission = CHANGE

    @property
    def template(self) -> ContentTemplate:
        """The template of the address."""
        return find_template(self.kwargs["key"])

    def success_url(self, result: ContentTemplate) -> str:
        """Its page."""
        return address("template", result)

    def cancel_url(self) -> str:
        """Its page."""
        return reverse("console:template", args=[self.kwargs["key"]])


class ArchiveTemplate(_Step):
    """Offered to nobody any more."""

    name, title = "template-archive", "Archive template"
    submit_label, success = "Archive", "Nobody takes it any more; who uses it keeps it."

    def question(self) -> str:
        """What happens."""
        return f"“{self.template.name}” is offered to nobody any more. What was approved with it goes on."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Who uses it."""
        return (("Used by", cells.number(len(users_of(self.template)))),)

    def save(self, form: ConsoleForm) -> ContentTemplate:
        """Archive."""
        return archive_template(template=self.template, by=self.actor, now=self.now)


class RestoreTemplate(_Step):
    """Offered again."""

    name, title = "template-restore", "Bring the template back"
    submit_label, success = "Bring it back", "It is in use again."

    def question(self) -> str:
        """What happens."""
        return f"“{self.template.name}” is offered again."

    def save(self, form: ConsoleForm) -> ContentTemplate:
        """Restore."""
        return restore_template(template=self.template, by=self.actor, now=self.now)


class DeleteTemplate(_Step):
    """Gone for good, when nobody uses it."""

    name, title, danger = "template-delete", "Delete template", True
    submit_label, success = "Delete", "The template is gone."

    def question(self) -> str:
        """What happens."""
        return f"“{self.template.name}” is gone with all its versions. One that somebody uses can only be archived."

    def save(self, form: ConsoleForm) -> None:
        """Delete."""
        delete_template(template=self.template, by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:  # type: ignore[override]
        """The list."""
        return reverse("console:templates")
