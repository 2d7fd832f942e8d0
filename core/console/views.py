"""The screens an app declares: lists, details, forms and confirmed actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core import menu
from core.console.bulk import BulkAction, Selection
from core.console.forms import ConsoleForm, NoteForm
from core.console.lists import Empty, ListPage, Tab
from core.console.pages import Action, MenuEntry, Page, actor_of, go_to, is_htmx, screen
from core.console.tables import Column
from core.crypto import digest
from core.errors import DomainError, NotFound, PreconditionFailed

__all__ = [
    "Action",
    "ActionPage",
    "BulkAction",
    "Column",
    "DetailPage",
    "Empty",
    "Figure",
    "FormPage",
    "Header",
    "ListPage",
    "MenuEntry",
    "Page",
    "Selection",
    "Step",
    "Tab",
    "actor_of",
    "screen",
]


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a detail page: title, quieter line, public id to copy, state drawn by a cell, initials."""

    title: str
    subtitle: str = ""
    code: str = ""
    state: str = ""
    initials: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure: label, value (text or a drawn cell), the line below, an icon."""

    label: str
    value: str
    note: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a wizard; each is a FormPage with an address of its own."""

    label: str
    url: str = ""


class DetailPage(Page, abstract=True):
    """One object: header, key figures, actions, and panels of this app and of upper floors (`panel_area`).

    `?panel=NAME` answers that panel alone; lazy and polling panels use it, so one that fails leaves the rest standing.
    A polling panel brings title, state, buttons and key figures along when they are no longer those of `X-Head`.
    """

    template_name = "console/detail.html"
    panel_area: ClassVar[str] = ""
    panels: ClassVar[Sequence[menu.Panel]] = ()

    def find(self) -> Any:
        """The object of this address, with what header and figures need; NotFound otherwise."""
        raise NotImplementedError

    def header(self, subject: Any) -> Header:
        """What stands on top."""
        return Header(self.title)

    def figures(self, subject: Any) -> Sequence[Figure]:
        """Key figures below the header."""
        return ()

    def actions(self, subject: Any) -> Sequence[Action]:
        """Buttons beside the title."""
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; its body alone for the drawer; one panel alone when asked for."""
        subject = self.find()
        panels = menu.panels_for(self.panel_area, self.reader, self.panels)
        wanted = request.GET.get("panel")
        if wanted and is_htmx(request):
            return self._panel(next((panel for panel in panels if panel.name == wanted), None), subject)
        head = self._head(subject)
        mark = self._mark(head) if any(panel.poll for panel in panels) else ""
        drawn = [(panel, self._drawn(panel, subject, panel.lazy and panel.name != wanted, mark)) for panel in panels]
        context = {
            "subject": subject,
            "title": head["header"].title,
            **head,
            "figure_panels": [html for panel, html in drawn if panel.place == "figure"],
            "main_panels": [html for panel, html in drawn if panel.place == "main"],
            "side_panels": [html for panel, html in drawn if panel.place == "side"],
        }
        return self.draw("console/_detail_body.html" if is_htmx(request) else self.template_name, context)

    def _head(self, subject: Any) -> dict[str, Any]:
        actions = self.allowed(self.actions(subject))
        return {"header": self.header(subject), "figures": self.figures(subject), "actions": actions}

    def _mark(self, head: dict[str, Any]) -> str:
        return digest(repr(head))[:16]

    def _panel(self, panel: menu.Panel | None, subject: Any) -> HttpResponse:
        if panel is None:
            raise NotFound("This page has no such panel.")
        shown = self.request.headers.get("X-Head")
        head = self._head(subject) if panel.poll and shown else {}
        mark = self._mark(head) if head else ""
        fragment = self._drawn(panel, subject, False, mark)
        if mark != (shown or ""):
            parts = ("head", "figures") if head["figures"] else ("head",)
            fragment += "".join(render_to_string(f"console/_detail_{part}.html", head, self.request) for part in parts)
        return HttpResponse(fragment)

    def _drawn(self, panel: menu.Panel, subject: Any, later: bool, head: str) -> str:
        context: dict[str, Any] = {"panel": panel, "page": self, "subject": subject, "later": later, "head": head}
        if not later:
            try:
                context.update(panel.context(self.request, subject))
            except DomainError as error:
                context["problem"] = error.message
        return render_to_string("console/_panel.html", context, self.request)


class FormPage(Page, abstract=True):
    """A form around one service call in `save`; a refusal keeps everything that was typed.

    When the service refuses because the object changed meanwhile (412), both versions are shown side by side and
    saving again is a knowing choice: put what identifies the version read into `initial` as a hidden field.
    """

    template_name = "console/form.html"
    form_class: ClassVar[type[ConsoleForm]] = NoteForm
    submit_label: ClassVar[str] = "Save"
    success: ClassVar[str] = "Saved."
    steps: ClassVar[Sequence[Step]] = ()

    def initial(self) -> dict[str, Any]:
        """The stored values the form starts with."""
        return {}

    def form_kwargs(self) -> dict[str, Any]:
        """More arguments for the form, for example choices."""
        return {}

    def save(self, form: Any) -> Any:
        """Make the one service call with `by=self.actor, now=self.now`; what it answers goes to `success_url`."""
        raise NotImplementedError

    def success_url(self, result: Any) -> str:
        """Where to go afterwards."""
        raise NotImplementedError

    def cancel_url(self) -> str:
        """Where `Cancel` leads; no link when empty."""
        return ""

    def extra(self) -> dict[str, Any]:
        """More for a template of one's own."""
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form with the stored values."""
        return self.shown(self.form_class(initial=self.initial(), **self.form_kwargs()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save and go on, or show the form again with what is wrong."""
        stored = self.initial()
        form = self.form_class(request.POST, request.FILES, initial=stored, **self.form_kwargs())
        if not form.is_valid():
            return self.shown(form, status=422)
        try:
            result = self.save(form)
        except DomainError as error:
            form.refuse(error)
            return self.shown(form, status=error.status, differences=self._differences(form, error))
        return self.done(result)

    def done(self, result: Any) -> HttpResponse:
        """The answer after success: a message and the next page."""
        if self.success:
            messages.success(self.request, self.success)
        return go_to(self.request, self.success_url(result))

    def shown(self, form: ConsoleForm, status: int = 200, differences: Sequence[Any] = ()) -> HttpResponse:
        """The page with this form."""
        context = {"form": form.dressed(), "differences": differences, **self.extra()}
        return self.draw(self.template_name, context, status)

    def reveal(self, *, title: str, secret: str, next_url: str, note: str = "") -> HttpResponse:
        """Show a secret once: in the body of this answer, in no address, message, log or browser cache."""
        context = {"title": title, "secret": secret, "next_url": next_url, "note": note}
        return self.draw("console/secret.html", context)

    def _differences(self, form: ConsoleForm, error: DomainError) -> list[tuple[str, Any, Any]]:
        if not isinstance(error, PreconditionFailed):
            return []
        stored = self.initial()
        data = self.request.POST.copy()
        for field in form.hidden_fields():
            data[field.name] = stored.get(field.name, "")
        form.data = data
        return [
            (str(field.label), stored[field.name], field.value())
            for field in form.visible_fields()
            if field.name in stored and str(stored[field.name]) != str(field.value())
        ]


class ActionPage(FormPage, abstract=True):
    """A step that is confirmed first: says what will happen, asks for what it needs, then calls `save`."""

    template_name = "console/confirm.html"
    submit_label: ClassVar[str] = "Confirm"
    danger: ClassVar[bool] = False

    def question(self) -> str:
        """One sentence: what will happen."""
        raise NotImplementedError

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What is affected: (label, figure or word)."""
        return ()

    def extra(self) -> dict[str, Any]:
        """The question and its consequences."""
        return {"question": self.question(), "consequences": self.consequences()}
