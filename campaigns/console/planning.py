"""The calculator: how many people an experiment needs, and for how long. Works by address alone; stores nothing."""

from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from campaigns.console.experiment_words import VIEW
from campaigns.selectors.planning import Question, plan
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.views import Page
from core.errors import DomainError

_LEAST: Final = 0.1
_RAREST: Final = 0.001
_MOST: Final = 10**9
_EXAMPLE: Final = {"baseline": "5", "uplift": "10", "power": "80", "level": "5", "groups": "2", "per_day": "1000"}


class PlanForm(ConsoleForm):
    """The question, in percent as people speak."""

    baseline = forms.FloatField(
        label="Control today: percent of people, or average amount", min_value=0, max_value=_MOST
    )
    deviation = forms.FloatField(
        label="Standard deviation of the amount",
        required=False,
        min_value=0,
        max_value=_MOST,
        help_text="Leave it empty for a share of people, such as those who buy.",
    )
    uplift = forms.FloatField(label="Change worth finding, in percent of today", min_value=-99, max_value=100_000)
    power = forms.FloatField(label="Chance to find it, in percent", min_value=50, max_value=99)
    level = forms.FloatField(label="Chance of a false alarm, in percent", min_value=0.1, max_value=50)
    groups = forms.IntegerField(label="Groups with the control", min_value=2, max_value=8)
    per_day = forms.IntegerField(label="People a day in all", required=False, min_value=2, max_value=_MOST)
    people = forms.IntegerField(
        label="Or: people in each group",
        required=False,
        min_value=2,
        max_value=_MOST,
        help_text="What so many people could show.",
    )

    def clean(self) -> dict[str, Any]:
        """What cannot be, in percent as it was typed."""
        data = self.cleaned_data
        today, change = data.get("baseline"), data.get("uplift")
        if change is not None and abs(change) < _LEAST:
            self.add_error("uplift", f"Nobody can find a change so small. Take {_LEAST} percent or more, up or down.")
        if today is None or change is None or data.get("deviation") is not None:
            return data
        if not _RAREST <= today < 100:
            self.add_error("baseline", f"A share of people lies between {_RAREST} and 100 percent.")
        elif not 0 < today * (1 + change / 100) < 100:
            self.add_error("uplift", "With this change the share would leave 0 to 100 percent.")
        return data

    def question(self) -> Question:
        """As the rules take it."""
        data = self.cleaned_data
        share = data["deviation"] is None
        return Question(
            baseline=data["baseline"] / 100 if share else data["baseline"],
            uplift=data["uplift"] / 100,
            deviation=data["deviation"],
            power=data["power"] / 100,
            level=data["level"] / 100,
            groups=data["groups"],
            per_day=data["per_day"],
            people=data["people"],
        )


class PlanExperiment(Page):
    """The question and its answer on one page."""

    name, title, permission = "experiment-plan", "Plan an experiment", VIEW
    template_name = "campaigns/plan.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The example until something else is asked."""
        form = PlanForm(request.GET if "baseline" in request.GET else _EXAMPLE)
        answer = None
        if form.is_valid():
            try:
                answer = plan(form.question())
            except DomainError as error:
                form.refuse(error)
        context: dict[str, Any] = {
            "form": form.dressed(),
            "answer": answer,
            "curve": [(cells.percent(power), people) for people, power in answer.curve] if answer else (),
            "back": reverse("console:experiments"),
        }
        return self.draw(self.template_name, context, 200 if answer else 422)
