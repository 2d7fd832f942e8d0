"""Links to a person's own choices, made by staff for a message to her."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse

from consent.rules.letters import LOCALES, locale_for
from consent.selectors.links import Links
from consent.services.preferences import issue_links
from core.console.forms import ConsoleForm
from core.console.views import ActionPage
from customers.models import Customer
from customers.selectors.customers import find_customer

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}


class LinkForm(ConsoleForm):
    """In which language the page opens."""

    locale = forms.ChoiceField(label="Language", choices=[(code, LANGUAGES[code]) for code in LOCALES])


class PreferenceLink(ActionPage):
    """Makes the signed link to a person's preference centre, to be put into an answer to her."""

    name, title, permission = "customer-consent-link", "Preference link", "consent.record_consent"
    form_class, submit_label, success = LinkForm, "Make the link", ""

    @property
    def customer(self) -> Customer:
        """Whose choices."""
        return find_customer(reference=self.kwargs["public_id"])

    def initial(self) -> dict[str, Any]:
        """The language of the person, as far as we have words."""
        return {"locale": locale_for(self.customer.language or "")}

    def question(self) -> str:
        """What will happen."""
        return (
            "Makes a link with which this person sees and changes her consent without signing in. Whoever has the link "
            "can do so: send it to her only. That you made it stands in the audit log."
        )

    def save(self, form: Any) -> Links:
        """Sign it."""
        locale = form.cleaned_data["locale"]
        return issue_links(customer=self.customer, purpose="", locale=locale, by=self.actor, now=self.now)

    def done(self, result: Any) -> HttpResponse:
        """The link, once; it is stored nowhere."""
        return self.draw("consent/link.html", {"links": result, "back": self.cancel_url(), "title": self.title})

    def cancel_url(self) -> str:
        """Back."""
        return reverse("console:customer-consent", args=[self.kwargs["public_id"]])
