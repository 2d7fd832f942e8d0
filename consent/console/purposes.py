"""Purposes, and the words shown for them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from consent.console.words import BASES, CHANNELS, STATES
from consent.models import NoticeVersion, Purpose
from consent.selectors.purposes import count_states, current_notices, find_purpose, list_notices, list_purposes
from consent.services.notices import publish_notice
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, FormPage, Header, ListPage, MenuEntry
from core.menu import Panel

VIEW, CHANGE = "consent.view_purpose", "consent.change_purpose"
LOCALES: Final = (("en", "English"), ("de", "German"), ("fr", "French"), ("es", "Spanish"), ("pt-BR", "Portuguese"))


def purpose_link(purpose: Purpose) -> str:
    """The name, leading to its words."""
    return cells.link(reverse("console:purpose", args=[purpose.key]), purpose.name, purpose.key)


def version_words(purpose: Purpose) -> str:
    """The newest version and its languages."""
    notices = current_notices(purpose)
    if not notices:
        return cells.NOTHING
    locales = ", ".join(notice.locale for notice in notices)
    return f"v{max(notice.version for notice in notices)} ({locales})"


class PurposeList(ListPage):
    """What data may be wanted for."""

    name, title, permission = "purposes", "Purposes & notices", VIEW
    menu_entry = MenuEntry("Purposes", "target", "Compliance", order=25)
    default_sort, key_field = "bit", "key"
    columns = (
        Column("name", "Purpose", value=whole_row, cell=purpose_link),
        Column("channel", "Channel", value=lambda purpose: CHANNELS[purpose.channel]),
        Column("legal_basis", "Basis", value=lambda purpose: BASES[purpose.legal_basis]),
        Column("record_required", "Needs a record", cell=cells.yes_no),
        Column("notice", "Notice", value=whole_row, cell=version_words),
        Column("description", "What it means", optional=True),
    )

    def rows(self) -> QuerySet[Purpose]:
        """All in use."""
        return list_purposes()


class PurposeDetail(DetailPage):
    """One purpose: where people stand, and every version of its words."""

    name, permission = "purpose", VIEW
    panels = (
        Panel("notices", "Notices", "consent/notices.html", VIEW, lambda request, purpose: _notices(purpose)),
        Panel("facts", "Purpose", "consent/facts.html", VIEW, lambda request, p: _facts(p), place="side"),
        Panel(
            "states", "Where people stand", "consent/states.html", VIEW, lambda r, p: _states(r, p), "side", lazy=True
        ),
    )

    def find(self) -> Purpose:
        """By key."""
        return find_purpose(self.kwargs["key"])

    def header(self, subject: Purpose) -> Header:
        """Name and channel."""
        return Header(subject.name, CHANNELS[subject.channel], subject.key)

    def actions(self, subject: Purpose) -> Sequence[Action]:
        """Say it in other words."""
        url = reverse("console:notice-new", args=[subject.key])
        return (Action("Publish new words", url, CHANGE, "plus", primary=True),)


def _notices(purpose: Purpose) -> Mapping[str, Any]:
    return {"notices": list(list_notices(purpose.key)[:100])}


def _facts(purpose: Purpose) -> Mapping[str, Any]:
    return {
        "facts": [
            ("What it means", purpose.description),
            ("Legal basis", BASES[purpose.legal_basis]),
            ("Needs a record", "Yes: never allowed by silence" if purpose.record_required else "As the place says"),
            ("Bit", str(purpose.bit)),
        ]
    }


def _states(request: HttpRequest, purpose: Purpose) -> Mapping[str, Any]:
    return {"states": [(STATES[state].word, count) for state, count in count_states(purpose)]}


class NoticeForm(ConsoleForm):
    """The words in each language; a language left empty has none in this version."""

    material = forms.BooleanField(
        label="People must be asked again",
        required=False,
        help_text="Tick when the meaning changes: consents under earlier words then allow nothing any more.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for locale, label in LOCALES:
            self.fields[f"text_{locale}"] = forms.CharField(
                label=label, required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 5, "lang": locale})
            )
        self.order_fields([*(f"text_{locale}" for locale, _ in LOCALES), "material"])


class NewNotice(FormPage):
    """Publishes the next version of a purpose's notice; what is published stays as it is."""

    name, title, permission = "notice-new", "Publish new words", CHANGE
    form_class, submit_label, success = NoticeForm, "Publish", "Published."

    def initial(self) -> dict[str, Any]:
        """The words of the newest version."""
        newest: dict[str, Any] = {}
        for notice in list_notices(self.kwargs["key"]):
            newest.setdefault(f"text_{notice.locale}", notice.text)
        return newest

    def save(self, form: Any) -> list[NoticeVersion]:
        """Publish."""
        words = {locale: form.cleaned_data[f"text_{locale}"].strip() for locale, _ in LOCALES}
        texts = {locale: text for locale, text in words.items() if text}
        material = form.cleaned_data["material"]
        return publish_notice(purpose=self.kwargs["key"], texts=texts, material=material, by=self.actor, now=self.now)

    def success_url(self, result: list[NoticeVersion]) -> str:
        """The purpose with its new words."""
        return reverse("console:purpose", args=[self.kwargs["key"]])

    def cancel_url(self) -> str:
        """The purpose."""
        return reverse("console:purpose", args=[self.kwargs["key"]])
