"""Putting a person into an automation by hand: she is looked up first, with what the consent gate says of her."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.urls import reverse

from campaigns.console.automations import address
from campaigns.console.words import CHANGE
from campaigns.models import Automation, Run
from campaigns.rules.deliveries import reason_words
from campaigns.selectors.audience import why_not_written_to
from campaigns.selectors.automations.listing import find_automation
from campaigns.services.automations.entering import enrol
from core.console.forms import ConsoleForm
from core.console.views import ActionPage
from customers.models import Customer
from customers.selectors.customers import find_customer


class EnrolForm(ConsoleForm):
    """Whom, about what. `seen` is the customer whose answer was shown, `ref` makes a second click harmless."""

    customer = forms.CharField(label="Customer", max_length=255, help_text="Public id (cus_...) or external id.")
    key = forms.CharField(
        label="About",
        max_length=200,
        required=False,
        help_text="What it is about, such as the id of a cart, when its steps wait for the same one. Empty: nothing.",
    )
    seen = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput)
    ref = forms.CharField(max_length=60, widget=forms.HiddenInput)


class EnrolByHand(ActionPage):
    """First the answer of the consent gate for this person, then, confirmed, she is under way."""

    name, title, permission = "automation-enrol", "Put somebody in", CHANGE
    form_class, success = EnrolForm, "This customer is under way."

    @property
    def automation(self) -> Automation:
        """The automation of the address."""
        return find_automation(self.kwargs["public_id"])

    @property
    def asked(self) -> Customer | None:
        """Whose answer is shown."""
        found: Customer | None = getattr(self, "_asked", None)
        return found

    @property
    def submit_label(self) -> str:  # type: ignore[override]
        """First looking, then doing."""
        return "Put in" if self.asked else "Look up"

    def initial(self) -> dict[str, Any]:
        """A reference of its own for each time the page is opened."""
        return {"ref": f"console-{uuid4()}"}

    def question(self) -> str:
        """What happens."""
        name = self.automation.name
        if self.asked:
            return f"Go on, and this customer begins with the first step of “{name}”, as if it had let her in itself."
        return f"You put one customer into “{name}”. First you see whether she may be written to; nothing happens yet."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """What the gate says of the customer who was named."""
        customer, automation = self.asked, self.automation
        if customer is None:
            return ()
        if not automation.purpose_id:
            return (("Customer", customer.public_id), ("Consent gate", "Not asked: it sends no messages."))
        reason = why_not_written_to(customer_id=customer.pk, purpose=automation.purpose_id, now=self.now)
        no = f"No. {reason_words(reason)}. She goes her way and gets no message."
        purpose = automation.purpose.name if automation.purpose else ""
        return (
            ("Customer", customer.public_id),
            ("Purpose", purpose),
            ("May she be written to?", no if reason else "Yes, at this moment."),
            ("Asked again", "Before each message: her answer of that moment counts."),
        )

    def save(self, form: EnrolForm) -> Run | dict[str, str]:
        """Show the answer for whoever is named first; put her in when it was shown."""
        data = form.cleaned_data
        customer = find_customer(reference=data["customer"].strip())
        if data["seen"] != customer.public_id:
            self._asked = customer
            return {**data, "customer": customer.public_id, "seen": customer.public_id}
        facts = {"ref": data["ref"], "key": data["key"], "by": self.actor, "now": self.now}
        return enrol(automation=self.automation, customer=customer, **facts)

    def done(self, result: Run | dict[str, str]) -> HttpResponse:
        """Her way; or the same page with the answer."""
        return self.shown(self.form_class(initial=result)) if isinstance(result, dict) else super().done(result)

    def success_url(self, result: Run) -> str:
        """Her way through it."""
        return address("automation-run", result.automation, result.public_id)

    def cancel_url(self) -> str:
        """Everybody in it."""
        return reverse("console:automation-runs", args=[self.kwargs["public_id"]])
