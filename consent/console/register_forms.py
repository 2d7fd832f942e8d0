"""What can be typed into each register."""

from operator import itemgetter
from typing import Any

from django import forms

from consent.models.registers import LONG, Basis, Breach, Transfer
from core.console.forms import ConsoleForm
from customers.rules.countries import COUNTRY_NAMES

_COUNTRIES: list[tuple[str, str]] = sorted(COUNTRY_NAMES.items(), key=itemgetter(1))


def _long(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=label, max_length=LONG, required=required, help_text=help_text, widget=area)


def _day(label: str, *, required: bool = False, help_text: str = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


def _moment(label: str, *, required: bool = False, help_text: str = "") -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=required, help_text=help_text, widget=widget)


class PlacesField(forms.CharField):
    """Codes of places, typed with commas between them; a list."""

    def prepare_value(self, value: Any) -> Any:
        """As it is typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The codes, each once, in capitals."""
        words = str(value or "").replace(",", " ").upper().split()
        return list(dict.fromkeys(words))


def _places(label: str, help_text: str) -> PlacesField:
    return PlacesField(label=label, max_length=300, required=False, help_text=help_text)


class EntryForm(ConsoleForm):
    """A form whose fields are those of the entry."""

    def values(self) -> dict[str, Any]:
        """What was typed, ready for the service."""
        return dict(self.cleaned_data)


class ActivityForm(EntryForm):
    """GDPR Art. 30(1)."""

    name = forms.CharField(label="Activity", max_length=120)
    purpose = _long("Purpose (b)")
    controller = forms.CharField(
        label="Controller, representative, data protection officer (a)",
        max_length=300,
        help_text="Offices and general addresses, not names of people.",
    )
    legal_basis = forms.ChoiceField(label="Legal basis", choices=Basis.choices)
    people = _long("Categories of people (c)")
    data_kinds = _long("Categories of data (c)")
    recipients = _long("Categories of recipients (d)", required=False)
    transfer = forms.ChoiceField(label="Transfer to a third country (e)", choices=Transfer.choices)
    retention = _long("Time limits for erasure (f)")
    security = _long("Security measures (g)")
    review_on = _day("Look at it again on")
    ended_on = _day("Ended on")


class ProcessorForm(EntryForm):
    """GDPR Art. 28."""

    name = forms.CharField(label="Company", max_length=120)
    client = forms.CharField(
        label="API client", max_length=40, required=False, help_text="Its public id (cli_...), if it reads by the API."
    )
    service = _long("What it does for us")
    purpose = forms.CharField(label="Purpose", max_length=300)
    legal_basis = forms.ChoiceField(label="Legal basis", choices=Basis.choices)
    country = forms.ChoiceField(label="Country", choices=_COUNTRIES)
    transfer = forms.ChoiceField(label="Transfer to a third country", choices=Transfer.choices)
    agreement = forms.CharField(label="Agreement and version", max_length=120)
    signed_on = _day("Signed on", required=True)
    agreement_ends_on = _day("Agreement ends on", help_text="Empty when it runs until ended.")
    certificate = forms.CharField(
        label="Proof of security",
        max_length=120,
        required=False,
        help_text="Such as SOC 2 Type II or ISO 27001. No connection to the company can begin without one that holds.",
    )
    certificate_ends_on = _day("Proof of security ends on")
    sub_processors = _long("Sub-processors", required=False)
    storage_places = _places("Keeps data in", "Codes such as DE, US. Its own country when empty.")
    barred_places = _places(
        "Never gets data of people in", "Countries or regions such as CN, US-CA, whose data may not go there."
    )
    keep_days = forms.IntegerField(
        label="May keep data for (days)",
        required=False,
        min_value=1,
        help_text="Nothing older is sent. Empty: no limit.",
    )
    ended_on = _day("No longer works for us since")


class AgentForm(EntryForm):
    """An entry of the service directory of the Data Rights Protocol (section 3.05.1)."""

    name = forms.CharField(label="Agent", max_length=120)
    agent_id = forms.CharField(label="Id in the network", max_length=60, help_text="Capital letters and underscores.")
    verify_key = forms.CharField(
        label="Public key", max_length=44, help_text="Its verify_key in the service directory: Ed25519 in base64."
    )
    web_url = forms.URLField(label="Web site", max_length=300, required=False, assume_scheme="https")
    identity_assurance_url = forms.URLField(
        label="How it verifies people", max_length=300, required=False, assume_scheme="https"
    )
    contact = forms.EmailField(label="Technical contact", required=False, help_text="A general address, no person's.")
    relies_on_email = forms.BooleanField(
        label="Its check of an e-mail address is enough for us",
        required=False,
        help_text="Otherwise we write to each person before anything is collected (11 CCR 7063(a)).",
    )
    ended_on = _day("No longer heard since")


class BreachForm(EntryForm):
    """GDPR Art. 33(3) and (5)."""

    name = forms.CharField(label="What happened, in a line", max_length=120, help_text="No names of people.")
    aware_at = _moment("When we became aware (UTC)", required=True, help_text="The clock of 72 hours begins here.")
    happened = _long("Facts: what, where, how")
    people_affected = forms.IntegerField(label="People affected, about", required=False, min_value=0)
    data_kinds = _long("Kinds of data and of people")
    consequences = _long("Likely consequences", required=False)
    measures = _long("Measures taken or proposed", required=False)
    risk = forms.ChoiceField(label="Risk to people", choices=Breach.Risk.choices)
    authority = forms.CharField(label="Authority", max_length=120, required=False)
    authority_told_at = _moment("Authority told at (UTC)")
    delay_reason = forms.CharField(
        label="Reasons for a delay", max_length=300, required=False, help_text="When told after 72 hours."
    )
    people_told_at = _moment("People told at (UTC)")
    closed_at = _moment("Closed at (UTC)")
