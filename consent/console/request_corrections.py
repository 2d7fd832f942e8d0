"""Carrying out what people ask for on the request's own page: correct a profile, lift a restriction or a limit."""

from typing import Any

from django import forms

from consent.console.request_actions import NeededTextForm, RequestAction
from consent.console.request_words import APPROVE
from consent.models import Covers, DataRequest
from consent.services.request_corrections import correct_subject
from consent.services.restrictions import lift_restrictions
from core.console.forms import ConsoleForm
from core.errors import InvalidState
from customers.models import Customer
from customers.rules.countries import COUNTRY_NAMES

_COUNTRIES = [("", "Unknown"), *sorted(COUNTRY_NAMES.items(), key=lambda item: str(item[1]))]


def found(request: DataRequest) -> Customer:
    """The person behind a request; InvalidState when nobody was found."""
    if request.customer is None:
        raise InvalidState("Nobody was found for this request.")
    return request.customer


class CorrectForm(ConsoleForm):
    """The profile as the person says it is."""

    first_name = forms.CharField(label="First name", max_length=120, required=False)
    last_name = forms.CharField(label="Last name", max_length=120, required=False)
    email = forms.CharField(label="E-mail address", max_length=254, required=False)
    phone = forms.CharField(label="Phone number", max_length=40, required=False)
    country = forms.ChoiceField(label="Country", choices=_COUNTRIES, required=False)
    region = forms.CharField(label="Region", max_length=6, required=False, help_text="ISO 3166-2, such as US-CA.")
    language = forms.CharField(label="Language", max_length=12, required=False)
    birth_date = forms.DateField(
        label="Date of birth", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def properties(self) -> dict[str, Any]:
        """What was changed; an emptied field is null."""
        changed = {name: self.cleaned_data[name] or None for name in self.changed_data}
        born = changed.get("birth_date")
        return changed | ({"birth_date": born.isoformat()} if born else {})


class Correct(RequestAction):
    """Writes the corrected values to the profile."""

    name, title, form_class, submit_label = "request-correct", "Correct the profile", CorrectForm, "Correct"
    success = "The profile is corrected."
    words = "The profile gets these values (GDPR Art. 16). The history says which fields, not what they held."

    def initial(self) -> dict[str, Any]:
        """What is stored."""
        customer = self.row.customer
        return {name: getattr(customer, name) or "" for name in CorrectForm.base_fields} if customer else {}

    def save(self, form: Any) -> Any:
        """Correct."""
        return correct_subject(request=self.row, properties=form.properties(), by=self.actor, now=self.now)


class AllowSensitive(RequestAction):
    """Ends the limit on the use of sensitive data of the person behind a request."""

    name, title, permission, form_class = "request-unlimit", "Allow sensitive data again", APPROVE, NeededTextForm
    submit_label, success, danger = "Allow", "Sensitive data may be used again as the record allows.", True
    words = (
        "Values of sensitive and confidential attributes are shown, exported and sent again as the record allows. The "
        "person must have agreed herself, in two steps, and may not be asked to within 12 months "
        "(Cal. Civ. Code 1798.135(c)(4), 11 CCR 7028): write down how and when. Every no in her ledger stays."
    )

    def save(self, form: Any) -> Any:
        """Lift."""
        customer, because = found(self.row), form.cleaned_data["text"]
        return lift_restrictions(
            customer=customer, covers=Covers.SENSITIVE, because=because, by=self.actor, now=self.now
        )


class LiftRestriction(RequestAction):
    """Ends the restriction of the person behind a request."""

    name, title, permission, form_class = "request-unrestrict", "Lift the restriction", APPROVE, NeededTextForm
    submit_label, success, danger = "Lift", "The restriction is lifted.", True
    words = (
        "The data may be used again as the record allows. The person must have been told before "
        "(GDPR Art. 18(3)): write down how and when."
    )

    def save(self, form: Any) -> Any:
        """Lift."""
        return lift_restrictions(
            customer=found(self.row), because=form.cleaned_data["text"], by=self.actor, now=self.now
        )
