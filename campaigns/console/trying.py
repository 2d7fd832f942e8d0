"""A campaign's message looked at as one person would get it, and sent to oneself, before anybody gets it."""

from typing import Any

from django import forms

from campaigns.console.campaigns import address
from campaigns.console.wizard import CampaignStep
from campaigns.console.words import PII
from campaigns.models import Campaign
from campaigns.services.trying import preview_letter, send_test
from core.console.forms import ConsoleForm
from customers.models import Customer
from customers.selectors.customers import find_customer


class PreviewForm(ConsoleForm):
    """As whom; sent in the body, since an id may lead to a person."""

    customer = forms.CharField(label="Customer", max_length=255, help_text="Public id (cus_...) or external id.")


class CampaignPreview(CampaignStep):
    """The message as one person would get it; nothing is sent."""

    name, title, permission, steps = "campaign-preview", "Preview", PII, ()
    template_name, form_class, submit_label = "campaigns/preview.html", PreviewForm, "Show"

    def extra(self) -> dict[str, Any]:
        """The message, when somebody was named."""
        return {"campaign": self.campaign, "letter": getattr(self, "letter", None)}

    def save(self, form: PreviewForm) -> Customer:
        """Write it; that it was looked at stands in the audit log."""
        customer = find_customer(reference=form.cleaned_data["customer"].strip())
        self.letter = preview_letter(campaign=self.campaign, customer=customer, by=self.actor, now=self.now)
        return customer

    def done(self, result: Customer) -> Any:
        """The same page with the message."""
        return self.shown(self.form_class(initial={"customer": result.public_id}))


class CampaignTest(CampaignStep):
    """One message to the reader's own address."""

    name, title, steps = "campaign-test", "Send a test", ()
    template_name = "console/confirm.html"
    form_class, submit_label, success = PreviewForm, "Send it to me", "The test is on its way to you."

    def extra(self) -> dict[str, Any]:
        """To whom it goes."""
        return {"question": f"The message as this customer would get it goes to {self.reader.email} and nobody else."}

    def save(self, form: PreviewForm) -> Campaign:
        """Send."""
        customer = find_customer(reference=form.cleaned_data["customer"].strip())
        send_test(campaign=self.campaign, customer=customer, to=self.reader.email, by=self.actor, now=self.now)
        return self.campaign

    def success_url(self, result: Campaign) -> str:
        """The campaign's page."""
        return address("campaign", result)
