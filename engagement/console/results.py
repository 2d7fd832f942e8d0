"""Orders of a period by campaign, divided by seven models side by side; a form without JavaScript."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.views import MenuEntry, Page
from core.errors import DomainError
from engagement.rules.attribution import DIRECT, Model
from engagement.selectors.attribution import OTHERS, Attribution, attribute, usual_currency

VIEW: Final = "engagement.view_report"
_TITLES: Final = {
    Model.FIRST: "First",
    Model.LAST: "Last",
    Model.LAST_NON_DIRECT: "Last not direct",
    Model.LINEAR: "Linear",
    Model.TIME_DECAY: "Time decay",
    Model.POSITION: "Position",
    Model.MARKOV: "Markov",
}
_OWN: Final = {DIRECT: "Direct", OTHERS: "All others"}
_DAYS: Final = 30


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class PeriodForm(ConsoleForm):
    """Which orders."""

    first = _day("From")
    last = _day("To")
    currency = forms.CharField(label="Currency", min_length=3, max_length=3)

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


class Results(Page):
    """What each campaign brought, by every model."""

    name, title, permission = "results", "Results", VIEW
    menu_entry = MenuEntry("Results", "report-analytics", "Marketing", order=50)
    template_name = "engagement/results.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The last 30 days until another period is asked for."""
        today = self.now.astimezone(UTC).date()
        asked = {"first": today - timedelta(days=_DAYS - 1), "last": today, "currency": usual_currency()}
        form = PeriodForm(request.GET if "first" in request.GET else asked)
        found = self._found(form) if form.is_valid() else None
        context: dict[str, Any] = {
            "form": form.dressed(),
            "found": found,
            "models": list(_TITLES.values()),
            "rows": _rows(found) if found else (),
            "touched": cells.money(found.revenue, found.currency) if found else "",
            "total": cells.money(found.total, found.currency) if found else "",
        }
        return self.draw(self.template_name, context, 200 if found else 422)

    def _found(self, form: PeriodForm) -> Attribution | None:
        data = form.cleaned_data
        begins = datetime.combine(data["first"], time(), UTC)
        ends = datetime.combine(data["last"], time(), UTC) + timedelta(days=1)
        try:
            return attribute(begins=begins, ends=ends, currency=data["currency"], now=self.now)
        except DomainError as error:
            form.refuse(error)
            return None


def _rows(found: Attribution) -> list[tuple[str, list[str]]]:
    return [
        (_channel(channel, found), [cells.money(given[model], found.currency) for model in _TITLES])
        for channel, given in found.given.items()
    ]


def _channel(channel: str, found: Attribution) -> str:
    if channel in found.names:
        return cells.link(reverse("console:campaign-results", args=[channel]), found.names[channel])
    return _OWN.get(channel, channel)
