"""Forms about customers; what they mean is checked by the services."""

from typing import Any

from django import forms

from core.console.forms import ConsoleForm
from customers.models import Status
from customers.rules.countries import COUNTRY_NAMES
from customers.selectors.segments.listing import static_choices

_COUNTRIES = [("", "Not known"), *((code, f"{name} ({code})") for code, name in sorted(COUNTRY_NAMES.items()))]


class CustomerForm(ConsoleForm):
    """A profile. One of e-mail address, phone number and external id is needed."""

    email = forms.CharField(label="E-mail", required=False, max_length=254)
    phone = forms.CharField(label="Phone", required=False, max_length=40, help_text="With + and country code.")
    external_id = forms.CharField(label="External id", required=False, max_length=255)
    first_name = forms.CharField(label="First name", required=False, max_length=120)
    last_name = forms.CharField(label="Last name", required=False, max_length=120)
    country = forms.ChoiceField(label="Country", required=False, choices=_COUNTRIES)
    region = forms.CharField(label="Region", required=False, max_length=6, help_text="ISO 3166-2, such as US-CA.")
    language = forms.CharField(label="Language", required=False, max_length=12, help_text="Such as en or pt-BR.")
    time_zone = forms.CharField(label="Time zone", required=False, max_length=60, help_text="Such as Europe/Berlin.")
    birth_date = forms.DateField(
        label="Date of birth", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    status = forms.ChoiceField(label="Status", choices=Status.choices[:2], initial=Status.ACTIVE)
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def properties(self) -> dict[str, Any]:
        """What the services take."""
        values = {name: value or None for name, value in self.cleaned_data.items() if name != "version"}
        born = self.cleaned_data.get("birth_date")
        return values | {"birth_date": born.isoformat() if born else None}


class TagForm(ConsoleForm):
    """One tag."""

    tag = forms.CharField(label="Tag", max_length=100)


class ListChoiceForm(ConsoleForm):
    """One of the lists kept by hand."""

    segment = forms.ChoiceField(label="List", choices=static_choices)


class TagsForm(ConsoleForm):
    """The whole set."""

    tags = forms.CharField(label="Tags", required=False, max_length=4_000, help_text="Separated by commas.")

    def names(self) -> list[str]:
        """The tags as typed, without empty ones."""
        return [name.strip() for name in self.cleaned_data["tags"].split(",") if name.strip()]
