"""Orders of a period by campaign, divided by seven models side by side; a form without JavaScript."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.console import cells
from core.console.forms import ConsoleForm
from core.console.pages import is_htmx
from core.console.views import MenuEntry, Page
from core.errors import DomainError
from customers.rules.money import CURRENCIES
from engagement.models import CountedReport
from engagement.rules.attribution import DIRECT, Model
from engagement.selectors.attribution import OTHERS, check_period, usual_currency
from engagement.selectors.counted import ATTRIBUTION, find_counted, is_counting
from engagement.services.reports import ask_report

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
        currency = str(self.cleaned_data["currency"]).upper()
        if currency not in CURRENCIES:
            raise forms.ValidationError("Give the ISO 4217 code of a currency that people pay with, such as EUR.")
        return currency


class Results(Page):
    """What each campaign brought, by every model: the newest answer that was counted, and how far a new one is."""

    name, title, permission = "results", "Results", VIEW
    menu_entry = MenuEntry("Results", "report-analytics", "Marketing", order=50)
    template_name = "engagement/results.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The last 30 days until another period is asked for; what is counted alone when that was asked for."""
        form = self._form()
        if not form.is_valid():
            return self.draw(self.template_name, {"form": form.dressed()}, 422)
        question = _question(form)
        try:
            check_period(begins=question["begins"], ends=question["ends"])
        except DomainError as error:
            form.refuse(error)
            return self.draw(self.template_name, {"form": form.dressed()}, 422)
        return self._shown(form, find_counted(kind=ATTRIBUTION, **question))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Count, then show how far that is."""
        form = self._form()
        if not form.is_valid():
            return self.draw(self.template_name, {"form": form.dressed()}, 422)
        row = ask_report(kind=ATTRIBUTION, **_question(form), anew=True, by=self.actor, now=self.now)
        if is_htmx(request):
            return self._shown(form, row)
        return HttpResponseRedirect(request.get_full_path())

    def _form(self) -> PeriodForm:
        today = self.now.astimezone(UTC).date()
        asked = {"first": today - timedelta(days=_DAYS - 1), "last": today, "currency": usual_currency()}
        return PeriodForm(self.request.GET if "first" in self.request.GET else asked)

    def _shown(self, form: PeriodForm, row: CountedReport | None) -> HttpResponse:
        data = form.cleaned_data
        asked = {"first": data["first"].isoformat(), "last": data["last"].isoformat(), "currency": data["currency"]}
        answer, job = (row.answer, row.job) if row else (None, None)
        context: dict[str, Any] = {
            "form": form.dressed(),
            "address": f"{self.request.path}?{urlencode(asked)}",
            "row": row,
            "job": job,
            "counting": row is not None and is_counting(row),
            "early": row is not None and row.counted_at is not None and row.counted_at < row.ends,
            "models": list(_TITLES.values()),
            "found": _found(answer, data["currency"]) if answer else None,
        }
        return self.draw("engagement/_attribution.html" if is_htmx(self.request) else self.template_name, context)


def _question(form: PeriodForm) -> dict[str, Any]:
    data = form.cleaned_data
    return {
        "begins": datetime.combine(data["first"], time(), UTC),
        "ends": datetime.combine(data["last"], time(), UTC) + timedelta(days=1),
        "currency": data["currency"],
    }


def _found(answer: dict[str, Any], currency: str) -> dict[str, Any]:
    """The answer with its sums as money and its hours as instants."""
    return {
        "orders": answer["orders"],
        "measured": answer["measured"],
        "coverage": answer["coverage"],
        "touched": answer["touched"],
        "total": cells.money(Decimal(answer["total"]), currency),
        "revenue": cells.money(Decimal(answer["revenue"]), currency),
        "outages": [
            {name: datetime.fromisoformat(one[name]) for name in ("begins_at", "ends_at")} for one in answer["outages"]
        ],
        "rows": [
            (_channel(one), [cells.money(Decimal(one[model]), currency) for model in _TITLES])
            for one in answer["channels"]
        ],
    }


def _channel(one: dict[str, Any]) -> str:
    if one["name"] is not None:
        return cells.link(reverse("console:campaign-results", args=[one["channel"]]), one["name"])
    return str(_OWN.get(one["channel"], one["channel"]))
