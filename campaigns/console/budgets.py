"""Letting the budget of a campaign be raised when clicks spike, and taking a raise back."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from campaigns.console.words import APPROVE, PAUSE, VIEW, whom
from campaigns.models import BudgetGuard, BudgetRaise, Campaign
from campaigns.selectors.budgets import find_raise, guard_of, lately_raised, raises_of
from campaigns.selectors.campaigns import find_campaign
from campaigns.services.budgets import end_guard, revert_raise, set_guard
from core.console import cells
from core.console.forms import ConsoleForm, ReasonForm
from core.console.views import ActionPage, FormPage
from core.menu import Alert, AlertSource


def _address(name: str, campaign: Campaign, *more: str) -> str:
    return reverse(f"console:{name}", args=[campaign.public_id, *more])


def guard(request: HttpRequest, campaign: Campaign) -> Mapping[str, Any]:
    """The guard, what it did, and the buttons."""
    raises, found = raises_of(campaign), guard_of(campaign)
    actors = {one.public_id: one.reverted_by for one in raises} | ({"guard": found.set_by} if found else {})
    names = dict(whom(actors))
    rows = [(one, _address("campaign-budget-revert", campaign, one.public_id), names[one.public_id]) for one in raises]
    return {
        "guard": found,
        "set_by": names.get("guard", ""),
        "raises": rows,
        "campaign": campaign,
        "set_url": _address("campaign-budget-guard", campaign),
        "end_url": _address("campaign-budget-guard-end", campaign),
        "may_set": request.user.has_perm(APPROVE) and campaign.budget is not None,
        "may_end": request.user.has_perm(PAUSE),
    }


class GuardForm(ConsoleForm):
    """Inside what the budget is raised."""

    step = forms.DecimalField(
        label="Raise by at most", min_value=Decimal("0.01"), decimal_places=2, help_text="Each time clicks spike."
    )
    ceiling = forms.DecimalField(
        label="Never above", min_value=Decimal("0.01"), decimal_places=2, help_text="The budget stops there."
    )
    factor = forms.DecimalField(
        label="A spike is so many times what is usual", min_value=Decimal("1.5"), decimal_places=1, initial=3
    )
    least_clicks = forms.IntegerField(label="And at least so many clicks", min_value=1, initial=20)
    window_minutes = forms.IntegerField(label="Within minutes", min_value=10, max_value=1_440, initial=60)
    cooldown_minutes = forms.IntegerField(
        label="Not again for minutes", min_value=10, max_value=43_200, initial=360, help_text="At least one window."
    )


class SetBudgetGuard(FormPage):
    """By somebody who did not submit the campaign."""

    name, title, permission = "campaign-budget-guard", "Budget guard", APPROVE
    form_class, submit_label, success = GuardForm, "Let it be raised", "The budget is watched."

    @property
    def campaign(self) -> Campaign:
        """The campaign of the address."""
        return find_campaign(self.kwargs["public_id"])

    def initial(self) -> dict[str, Any]:
        """As it is."""
        found = guard_of(self.campaign)
        return {name: getattr(found, name) for name in GuardForm.base_fields} if found else {}

    def save(self, form: GuardForm) -> BudgetGuard:
        """Set it."""
        return set_guard(campaign=self.campaign, values=form.cleaned_data, by=self.actor, now=self.now)

    def success_url(self, result: BudgetGuard) -> str:
        """The campaign's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The campaign's page."""
        return reverse("console:campaign", args=[self.kwargs["public_id"]])


class EndBudgetGuard(ActionPage):
    """No more raises."""

    name, title, permission = "campaign-budget-guard-end", "Stop raising", PAUSE
    submit_label, success = "Stop raising", "The budget is not raised by itself any more."

    def question(self) -> str:
        """What happens."""
        return "The budget is not raised by itself any more; what was raised stays until you take it back."

    def save(self, form: ConsoleForm) -> None:
        """End it."""
        campaign = find_campaign(self.kwargs["public_id"])
        end_guard(campaign=campaign, by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The campaign's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The campaign's page."""
        return reverse("console:campaign", args=[self.kwargs["public_id"]])


class RevertBudget(ActionPage):
    """The budget is as it was."""

    name, title, permission = "campaign-budget-revert", "Take the raise back", PAUSE
    form_class = ReasonForm
    submit_label, success = "Take it back", "The raise was taken back, and the guard is off."

    @property
    def budget_raise(self) -> BudgetRaise:
        """The raise of the address."""
        return find_raise(find_campaign(self.kwargs["public_id"]), self.kwargs["raise_id"])

    def question(self) -> str:
        """What happens."""
        return "The budget is lower by what was added. It is not raised by itself again until somebody allows that."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """From what to what."""
        one = self.budget_raise
        money = one.campaign.currency
        return (("Before", cells.money(one.before, money)), ("Raised to", cells.money(one.after, money)))

    def save(self, form: ReasonForm) -> BudgetRaise:
        """Take it back."""
        reason = form.cleaned_data["reason"]
        return revert_raise(budget_raise=self.budget_raise, reason=reason, by=self.actor, now=self.now)

    def success_url(self, result: BudgetRaise) -> str:
        """The campaign's page."""
        return self.cancel_url()

    def cancel_url(self) -> str:
        """The campaign's page."""
        return reverse("console:campaign", args=[self.kwargs["public_id"]])


def raised_lately() -> list[Alert]:
    """Raises of the last day that nobody took back."""
    return [
        Alert(
            f"A spike of clicks raised the budget of “{one.campaign.name}” from {one.before} to {one.after}"
            f" {one.campaign.currency}.",
            _address("campaign", one.campaign),
        )
        for one in lately_raised(timezone.now())
    ]


ALERTS = AlertSource("budgets", VIEW, raised_lately)
