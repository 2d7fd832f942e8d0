"""Where we are open to a fine, and what requests cost, on one screen; the figures to compare with can be changed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from consent.console.registers import CHANGE, VIEW
from consent.rules.risk import REFERENCES, REQUEST_COST
from consent.selectors.risk import Exposure, references, risk_panel
from consent.services.references import set_references
from core.console import cells
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.views import Action, FormPage, MenuEntry, Page


class RiskPanel(Page):
    """Open exposure, ceilings of fines, effort and cost of requests."""

    name, title, permission, template_name = "risk", "Risk and effort", VIEW, "consent/risk.html"
    menu_entry = MenuEntry("Risk and effort", "scale", "Compliance", order=71)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Everything as it stands now."""
        risk = risk_panel(now=self.now)
        change = Action("Change the figures", reverse("console:risk-references"), CHANGE, "edit")
        context = {
            "risk": risk,
            "exposures": [(one, _state(one), _where(one)) for one in risk.exposures],
            "reference": (risk.figures[REQUEST_COST], REFERENCES[REQUEST_COST]),
            "figures": [(reference, risk.figures[key]) for key, reference in REFERENCES.items()],
            "currency": settings.PRIVACY_COST_CURRENCY,
            "actions": self.allowed((change,)),
        }
        return self.draw(self.template_name, context)


def _state(exposure: Exposure) -> str:
    tone = "bad" if exposure.finable else "warn"
    return cells.dot(State("None", "good") if not exposure.number else State(f"{exposure.number:,}", tone))


def _where(exposure: Exposure) -> str:
    return f"{reverse(f'console:{exposure.screen}')}{'?' if exposure.query else ''}{exposure.query}"


class ReferencesForm(ConsoleForm):
    """One field a figure."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, one in REFERENCES.items():
            self.fields[key] = forms.DecimalField(
                label=f"{one.label} ({one.unit})",
                min_value=Decimal(0),
                max_digits=17,
                decimal_places=2,
                help_text=f"{one.source}. At first {one.first:,}.",
            )


class EditReferences(FormPage):
    """Change what risk and effort are compared with."""

    name, title, permission = "risk-references", "Figures to compare with", CHANGE
    form_class, success = ReferencesForm, "The figures are stored."

    def initial(self) -> dict[str, Any]:
        """As they stand."""
        return dict(references())

    def save(self, form: ReferencesForm) -> dict[str, Decimal]:
        """Store them."""
        return set_references(values=form.cleaned_data, by=self.actor, now=self.now)

    def success_url(self, result: Any) -> str:
        """The panel."""
        return reverse("console:risk")

    def cancel_url(self) -> str:
        """The panel."""
        return reverse("console:risk")
