"""What changes if this customer moves to California? Asked on the screen; nothing is stored."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from consent.selectors.jurisdictions import list_jurisdictions
from consent.selectors.simulation import simulate_move
from core.console.forms import ConsoleForm
from core.console.views import Page
from customers.rules.countries import COUNTRY_NAMES
from customers.selectors.customers import find_customer


def places() -> list[tuple[str, str]]:
    """Every country, and the places below one that have a rule of their own, by name."""
    parts = {row.code: row.name for row in list_jurisdictions().defer("rule") if "-" in row.code}
    return sorted((COUNTRY_NAMES | parts).items(), key=lambda place: place[1])


class PlaceForm(ConsoleForm):
    """Where to."""

    place = forms.ChoiceField(label="Moves to", choices=places)


class SimulateMove(Page):
    """The rules, clocks and answers for one customer, here and there."""

    name, title, permission = "customer-simulate", "What if she moves?", "consent.view_consent"
    template_name = "consent/simulate.html"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """The question, for California until another place is chosen, with the answer."""
        customer = find_customer(reference=public_id)
        form = PlaceForm(request.GET if "place" in request.GET else {"place": "US-CA"})
        valid = form.is_valid()
        move = simulate_move(customer=customer, place=form.cleaned_data["place"], now=self.now) if valid else None
        context = {
            "form": form.dressed(),
            "move": move,
            "customer": customer,
            "back": reverse("console:customer-consent", args=[customer.public_id]),
        }
        return self.draw(self.template_name, context, 200 if valid else 422)
