"""Steps about saved views: keep what a list shows now under a name, change or remove a view."""

from typing import Any

from django import forms
from django.urls import NoReverseMatch, resolve, reverse

from core.console.addresses import lasting
from core.console.forms import ConsoleForm
from core.console.lists import ListPage
from core.console.pages import MissingPermission
from core.console.views import ActionPage, FormPage
from core.errors import NotFound
from core.models import SavedView
from marketing_hub.system.kept_views import change_view, own_view, remove_view, save_view

ANYBODY = "core.view_home"


class ViewForm(ConsoleForm):
    """How the view is called and who sees it."""

    name = forms.CharField(label="Name", max_length=60)
    shared = forms.BooleanField(label="Show it to everybody who may open this list", required=False)
    opens = forms.BooleanField(label="Open the list with it when I come here", required=False)


class NewForm(ViewForm):
    """The same, and whether an older view may go."""

    replace = forms.BooleanField(label="Replace my view of the same name", required=False)


class SaveView(FormPage):
    """Keep filters, order and columns of the list one comes from."""

    name, title, permission = "view-new", "Save view", ANYBODY
    form_class, submit_label, success = NewForm, "Save view", "The view is saved."
    template_name = "system/save_view.html"

    def list_url(self) -> str:
        """The list; refused where the reader may not open it."""
        page = self.kwargs["page"]
        try:
            url = reverse(f"console:{page}")
            screen = getattr(resolve(url).func, "view_class", None)
        except NoReverseMatch:
            screen, url = None, ""
        if screen is None or not issubclass(screen, ListPage):
            raise NotFound("There is no list of this name.")
        if not self.reader.has_perm(screen.permission):
            raise MissingPermission(screen.permission)
        return url

    def extra(self) -> dict[str, Any]:
        """Nothing, for a list that does not exist or may not be opened."""
        return {"list_url": self.list_url()}

    def save(self, form: NewForm) -> SavedView:
        """Keep it."""
        self.list_url()
        return save_view(
            owner=self.reader,
            page=self.kwargs["page"],
            query=lasting(self.request.GET),
            by=self.actor,
            now=self.now,
            **form.cleaned_data,
        )

    def success_url(self, result: SavedView) -> str:
        """The list, showing the view."""
        return self.list_url() + (f"?{result.query}" if result.query else "?view=all")

    def cancel_url(self) -> str:
        """The list as it was."""
        return f"{self.list_url()}?{self.request.GET.urlencode()}"


class _OfView(FormPage, abstract=True):
    """A step about a view of one's own."""

    permission = ANYBODY

    @property
    def view(self) -> SavedView:
        """The view of this address."""
        return own_view(public_id=self.kwargs["public_id"], owner=self.reader)

    def cancel_url(self) -> str:
        """The list as it was."""
        return f"{reverse(f'console:{self.view.page}')}?{self.request.GET.urlencode()}"


class ChangeView(_OfView):
    """Another name, other readers."""

    name, title = "view-edit", "Saved view"
    form_class, submit_label, success = ViewForm, "Save", "The view is changed."
    template_name = "system/change_view.html"

    def initial(self) -> dict[str, Any]:
        """As it is kept."""
        view = self.view
        return {"name": view.name, "shared": view.shared, "opens": view.opens}

    def extra(self) -> dict[str, Any]:
        """Where it is removed."""
        view = self.view
        return {"remove_url": reverse("console:view-remove", args=[view.public_id])}

    def save(self, form: ViewForm) -> SavedView:
        """Change it."""
        return change_view(view=self.view, by=self.actor, now=self.now, **form.cleaned_data)

    def success_url(self, result: SavedView) -> str:
        """The list, showing the view."""
        return f"{reverse(f'console:{result.page}')}?{result.query or 'view=all'}"


class RemoveView(_OfView, ActionPage):
    """Gone, also for those it was shared with."""

    name, title = "view-remove", "Remove view"
    submit_label, success, danger = "Remove", "The view is removed.", True

    def question(self) -> str:
        """What happens."""
        view = self.view
        others = " Everybody else loses it too." if view.shared else ""
        return f"The view “{view.name}” is removed.{others} No customer or other record changes."

    def save(self, form: ConsoleForm) -> str:
        """Remove it; the list it was of."""
        view = self.view
        page = view.page
        remove_view(view=view, by=self.actor)
        return page

    def success_url(self, result: str) -> str:
        """The list."""
        return reverse(f"console:{result}")
