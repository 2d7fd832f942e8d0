"""The list screen: search, filters, order, columns, pages and actions on many rows, all in one address."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django_filters import FilterSet
from psycopg.errors import QueryCanceled

from core.console import paging
from core.console.addresses import Address, lasting, posted
from core.console.bulk import BulkAction, Selection
from core.console.forms import ConsoleForm, dress
from core.console.pages import Action, MissingPermission, Page, go_to, is_htmx, stepped_up
from core.console.tables import Column, Heading, Table, drawn
from core.errors import DomainError, InvalidInput
from core.models import SavedView

TOO_SLOW: Final = "This search takes too long. Narrow it with a filter or a longer search text."
TIMEOUT: Final = "2s"
EVERYTHING: Final = "?view=all"
"""The list without filters, also for readers who open it with a view of theirs."""

_PUT_OFF: Final = "bulk_put_off"
"""Where a session keeps the rows of an action until the password was given."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A ready-made view of the list: these filters and nothing else."""

    label: str
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says, and the next thing to do."""

    title: str
    text: str = ""
    action: Action | None = None


class TooSlow(Exception):
    """The database was stopped because the answer took longer than TIMEOUT."""


@contextmanager
def quickly() -> Iterator[None]:
    """One transaction whose statements may take two seconds each; TooSlow when one was stopped."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [TIMEOUT])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


class ListPage(Page, abstract=True):
    """A table of rows.

    Declare `columns`, and as needed `filterset_class` (shared with the API) with `bar_filters` (those shown above the
    table; such a list keeps views unless `keeps_views` is off), `search_label` with `search`, `tabs`, `actions`,
    `bulk_actions`, `default_sort` and `empty`. Override `rows` to say which rows this reader may see; relations that
    cells read must be joined there or in `prepare`.
    """

    template_name = "console/list.html"
    columns: ClassVar[Sequence[Column]] = ()
    filterset_class: ClassVar[type[FilterSet] | None] = None
    bar_filters: ClassVar[Sequence[str] | None] = None
    search_label: ClassVar[str] = ""
    tabs: ClassVar[Sequence[Tab]] = ()
    bulk_actions: ClassVar[Sequence[BulkAction]] = ()
    default_sort: ClassVar[str] = "-pk"
    keeps_views: ClassVar[bool] = True
    page_size: ClassVar[int] = 100
    key_field: ClassVar[str] = "public_id"
    empty: ClassVar[Empty] = Empty("Nothing here yet")

    def rows(self) -> QuerySet[Any]:
        """Every row this reader may see."""
        raise NotImplementedError

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The rows that match what was typed: by exact id or by a prefix that an index serves."""
        raise NotImplementedError

    def prepare(self, rows: list[Any]) -> list[Any]:
        """A place to load, in one query each, what the cells of this page of rows need."""
        return rows

    def actions(self) -> Sequence[Action]:
        """Buttons beside the title."""
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list, or only its changed parts when a fragment was asked for."""
        self.address = Address(request.GET)
        if said := self._put_off():
            return self._bulk(said)
        first = next((view for view in self._views if view.opens and view.owner == self.reader), None)
        if first and first.query and not request.GET and not is_htmx(request):
            return HttpResponseRedirect(f"{request.path}?{first.query}")
        return self._answer()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A submitted filter form becomes an address; a bulk action is confirmed and run."""
        if "bulk" in request.POST:
            self.address = Address(request.GET)
            return self._bulk(request.POST)
        self.address = Address(posted(request.POST, usual=[column.name for column in self._usual()]))
        url = self.address.with_()
        url = url if len(url) > 1 else EVERYTHING
        if not is_htmx(request):
            return HttpResponseRedirect(request.path + url)
        response = self._answer()
        response["HX-Push-Url"] = request.path + url
        return response

    def _answer(self) -> HttpResponse:
        template = "console/_list_parts.html" if is_htmx(self.request) else self.template_name
        return self.draw(template, self._context())

    def _context(self) -> dict[str, Any]:
        matching, problem = self._matching()
        table = Table(problem=problem)
        if matching is not None:
            try:
                with quickly():
                    self._fill(table, matching)
            except TooSlow:
                table = Table(problem=TOO_SLOW)
        table.chips = self._chips()
        shown = [action for action in self.bulk_actions if self.reader.has_perm(action.permission)]
        return {
            "table": table,
            "address": self.address,
            "filters": self._bar(),
            **self._tabs(),
            "choices": [(c.name, c.label, c in self._shown()) for c in self._existing()],
            "bulk": shown,
            "actions": self.allowed(self.actions()),
            "narrowed": bool(self.address.filters() or self.address.get("q")),
            "fragment": is_htmx(self.request),
        }

    def _matching(self) -> tuple[QuerySet[Any] | None, str]:
        """The rows the address asks for; no rows and a sentence when any part of it cannot be understood."""
        rows, text = self.rows(), self.address.text
        self.filterset = self._filterset(rows)
        known = self.filterset.form.fields if self.filterset else {}
        unknown = self.address.unknown(known)
        if unknown or text is None:
            return None, f"This address asks for something the list does not know: {', '.join(unknown) or 'q'}."
        if self.filterset and not self.filterset.form.is_valid():
            return None, "A filter is not valid. Correct it to see rows."
        if self.filterset:
            rows = self.filterset.qs
        return (self.search(rows, text) if text else rows), ""

    def _filterset(self, rows: QuerySet[Any]) -> FilterSet | None:
        if self.filterset_class is None:
            return None
        return self.filterset_class(data=self.address.query, queryset=rows, request=self.request)

    def _fill(self, table: Table, matching: QuerySet[Any]) -> None:
        sort = self._sort()
        table.total = paging.total_of(matching)
        rows, start = self._page(matching.order_by(*paging.ordering(sort)), sort)
        page = list(rows[: self.page_size + 1])
        more, page = len(page) > self.page_size, page[: self.page_size]
        table.headings = [self._heading(column, sort) for column in self._shown()]
        table.first, table.last = (start + 1, start + len(page)) if page and start >= 0 else (0, 0)
        table.next_url, table.previous_url = self._neighbours(page, sort, more)
        table.rows = drawn(self.prepare(page), self._shown(), lambda row: str(getattr(row, self.key_field)))

    def _page(self, rows: QuerySet[Any], sort: str) -> tuple[QuerySet[Any], int]:
        word = self.address.get("after")
        if word:
            after = paging.beyond(rows, sort, word)
            if after is None:
                raise InvalidInput("This page belongs to another order of the list. Go back to its first page.")
            return after, -1
        start = (self._number() - 1) * self.page_size
        return rows[start:], start

    def _number(self) -> int:
        given = self.address.get("page")
        return min(max(int(given), 1), paging.LAST_NUMBERED_PAGE) if given.isdigit() else 1

    def _neighbours(self, page: list[Any], sort: str, more: bool) -> tuple[str, str]:
        number, deep = self._number(), bool(self.address.get("after"))
        before = "" if number == 1 and not deep else self.address.with_(page=None if deep else str(number - 1))
        if not more:
            return "", before
        by_mark = deep or number >= paging.LAST_NUMBERED_PAGE
        step = {"after": paging.mark(page[-1], sort)} if by_mark else {"page": str(number + 1)}
        return self.address.with_(**step), before

    def _sort(self) -> str:
        asked = self.address.get("sort")
        for column in self._existing():
            if column.sort and asked.lstrip("-") == column.name:
                return ("-" if asked.startswith("-") else "") + column.sort
        return self.default_sort

    def _heading(self, column: Column, sort: str) -> Heading:
        if not column.sort:
            return Heading(column.label, end=column.end)
        down, sorted_by_it = sort.startswith("-"), sort.lstrip("-") == column.sort
        url = self.address.with_(sort=column.name if sorted_by_it and down else f"-{column.name}")
        return Heading(column.label, url, ("descending" if down else "ascending") * sorted_by_it, column.end)

    def _existing(self) -> list[Column]:
        return [c for c in self.columns if not c.permission or self.reader.has_perm(c.permission)]

    def _shown(self) -> list[Column]:
        chosen = [column for column in self._existing() if column.name in self.address.columns]
        return chosen or self._usual()

    def _usual(self) -> list[Column]:
        return [column for column in self._existing() if not column.optional]

    @property
    def _keeps(self) -> bool:
        return self.keeps_views and self.filterset_class is not None

    @cached_property
    def _views(self) -> Sequence[SavedView]:
        return [*SavedView.objects.seen_by(self.reader, self.name)] if self._keeps else []

    def _tabs(self) -> dict[str, Any]:
        """Ready-made and saved views, which of them is shown, and where another is saved."""
        now = lasting(self.address.query)
        views = [(v, f"?{v.query}" if v.query else EVERYTHING, v.query == now != "") for v in self._views]
        kept = any(shown for _, _, shown in views)
        ready = self.tabs or ((Tab("All"),) if views else ())
        tabs = [(tab.label, self._tab_url(tab), not kept and self._is_open(tab)) for tab in ready]
        save_url = f"{reverse('console:view-new', args=[self.name])}?{now}" if self._keeps else ""
        return {"tabs": tabs, "views": views, "lasting": f"?{now}", "save_url": save_url, "everything": EVERYTHING}

    def _tab_url(self, tab: Tab) -> str:
        url = self.address.only(tab.filters)
        return url if len(url) > 1 else EVERYTHING

    def _is_open(self, tab: Tab) -> bool:
        return not self.address.get("q") and self.address.filters() == {n: [v] for n, v in tab.filters.items()}

    def _bar(self) -> list[Any]:
        if self.filterset is None:
            return []
        form = self.filterset.form
        names = self.bar_filters if self.bar_filters is not None else list(form.fields)
        for name in names:
            dress(form[name], "sm")
            form[name].field.widget.attrs |= {"aria-label": form[name].label, "placeholder": form[name].label}
        return [form[name] for name in names]

    def _chips(self) -> list[tuple[str, str]]:
        chips = [(f"“{self.address.text}”", self.address.with_(q=None))] if self.address.text else []
        fields = self.filterset.form.fields if self.filterset else {}
        for name, values in self.address.filters().items():
            words = dict(iter(getattr(fields.get(name), "choices", ())))
            label = getattr(fields.get(name), "label", None) or name
            said = ", ".join(str(words.get(value, value)) for value in values)
            chips.append((f"{label}: {said}", self.address.with_(**{name: None})))
        return chips

    def _put_off(self) -> QueryDict | None:
        """The action chosen before the password was asked for, with its rows: once, and only when it was given."""
        if is_htmx(self.request):
            return None
        here, said = self.request.session.pop(_PUT_OFF, ("", ""))
        kept = said and here == self.request.get_full_path() and stepped_up(self.request, self.now)
        return QueryDict(said) if kept else None

    def _ask_password(self, said: QueryDict) -> HttpResponse:
        """Ask for the password first; the rows stay chosen, and the action is confirmed afterwards."""
        here, kept = self.request.get_full_path(), said.copy()
        for name in ("confirmed", "csrfmiddlewaretoken"):
            kept.pop(name, None)
        self.request.session[_PUT_OFF] = here, kept.urlencode()
        return go_to(self.request, f"{reverse('console:step-up')}?{urlencode({'next': here})}")

    def _bulk(self, said: QueryDict) -> HttpResponse:
        action = next((action for action in self.bulk_actions if action.name == said["bulk"]), None)
        if action is None:
            raise InvalidInput("This list has no such action.")
        if not self.reader.has_perm(action.permission):
            raise MissingPermission(action.permission)
        if action.step_up and not stepped_up(self.request, self.now):
            return self._ask_password(said)
        selection = self._selection(said)
        if not selection.count:
            messages.warning(self.request, "Tick at least one row first.")
            return HttpResponseRedirect(self.request.get_full_path())
        confirmed = "confirmed" in said
        form = action.form(said if confirmed else None)
        changed = confirmed and said.get("expected") != str(selection.count)
        if confirmed and not changed and form.is_valid() and self._ran(action, selection, form):
            return HttpResponseRedirect(self.request.get_full_path())
        context = {"action": action, "selection": selection, "form": form.dressed(), "changed": changed}
        return self.draw("console/bulk.html", {**context, "title": action.label}, 409 if changed else 200)

    def _ran(self, action: BulkAction, selection: Selection, form: ConsoleForm) -> bool:
        try:
            said = action.run(selection=selection, form=form, by=self.actor, now=self.now)
        except DomainError as error:
            form.refuse(error)
            return False
        messages.success(self.request, said)
        return True

    def _selection(self, said: QueryDict) -> Selection:
        """The rows ticked, or all that match: counted again now, whatever the page said."""
        if "everything" not in said:
            ids = said.getlist("id")[: self.page_size]
            rows = self.rows().filter(**{f"{self.key_field}__in": ids})
            return Selection(rows, rows.count(), ids, None)
        matching, problem = self._matching()
        if matching is None:
            raise InvalidInput(problem)
        try:
            with quickly():
                count = matching.order_by().count()
        except TooSlow:
            raise InvalidInput(TOO_SLOW) from None
        filters = self.address.filters() | ({"q": [self.address.get("q")]} if self.address.get("q") else {})
        return Selection(matching, count, [], filters)
