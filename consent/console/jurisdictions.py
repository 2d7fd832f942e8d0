"""Places and the rules that decide there."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from consent.console.words import MODES
from consent.models import Jurisdiction
from consent.selectors.jurisdictions import list_jurisdictions
from core.console import cells
from core.console.tables import whole_row
from core.console.views import Column, DetailPage, Header, ListPage, MenuEntry
from core.errors import NotFound
from core.menu import Panel

VIEW = "consent.view_purpose"


class JurisdictionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    mode = django_filters.ChoiceFilter(
        label="Tracking", choices=[(mode, state.word) for mode, state in MODES.items()], empty_label="Any way"
    )

    class Meta:
        model = Jurisdiction
        fields: Sequence[str] = ()


class JurisdictionList(ListPage):
    """Every place with a rule of its own."""

    name, title, permission = "jurisdictions", "Jurisdictions", VIEW
    menu_entry = MenuEntry("Jurisdictions", "scale", "Compliance", order=27)
    filterset_class, search_label = JurisdictionFilter, "Name or code"
    default_sort, key_field = "name", "code"
    columns = (
        Column("name", "Place", value=whole_row, sort="name", cell=lambda row: place_link(row)),
        Column("mode", "Tracking", cell=cells.state(MODES)),
        Column("email", "E-mail marketing", value=lambda row: _mode(row, "marketing_email")),
        Column("sms", "SMS", value=lambda row: _mode(row, "sms")),
        Column("share", "Sale or sharing", value=lambda row: _mode(row, "sale_share")),
        Column("gpc", "GPC", value=lambda row: str(row.rule["gpc_effect"]).capitalize()),
        Column("age", "Consents alone from", value=lambda row: row.rule["digital_consent_age"], end=True),
        Column("rule_set", "Rules", cell=cells.code),
    )

    def rows(self) -> QuerySet[Jurisdiction]:
        """All of them."""
        return list_jurisdictions()

    def search(self, rows: QuerySet[Jurisdiction], text: str) -> QuerySet[Jurisdiction]:
        """By the beginning of the name, or the code."""
        return rows.filter(name__istartswith=text) | rows.filter(code__iexact=text)


class JurisdictionDetail(DetailPage):
    """One place: what it asks for, and the articles it was read from."""

    name, permission = "jurisdiction", VIEW
    panels = (
        Panel("rule", "What the place asks for", "consent/facts.html", VIEW, lambda request, row: _rule(row)),
        Panel("sources", "Where it was read", "consent/facts.html", VIEW, lambda request, row: _sources(row)),
    )

    def find(self) -> Jurisdiction:
        """By code."""
        row = list_jurisdictions().filter(code=self.kwargs["code"]).first()
        if row is None:
            raise NotFound("This place has no rule of its own; it follows its country's or the strictest (*).")
        return row

    def header(self, subject: Jurisdiction) -> Header:
        """Name and version of the rules."""
        state = cells.dot(MODES[subject.mode])
        return Header(subject.name, f"Rules of {subject.rule_set}", subject.code, state)


def place_link(row: Jurisdiction) -> str:
    """The name, leading to the rule."""
    return cells.link(reverse("console:jurisdiction", args=[row.code]), row.name, row.code)


def _mode(row: Jurisdiction, use: str) -> str:
    return _WAYS[str(row.rule[use])]


_WAYS = {"opt_in": "Ask first", "implied": "Ask first, or implied", "opt_out": "Until they say no"}
_HIDDEN = frozenset({"sources", "code", "name", "rule_set"})


def _rule(row: Jurisdiction) -> Mapping[str, Any]:
    facts = [
        (name.replace("_", " ").capitalize(), _words(value)) for name, value in row.rule.items() if name not in _HIDDEN
    ]
    return {"facts": sorted(facts)}


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(str(item).replace("_", " ") for item in value)
    return _WAYS.get(str(value), str(value)) if value is not None else "—"


def _sources(row: Jurisdiction) -> Mapping[str, Any]:
    return {"facts": [(topic.capitalize(), text) for topic, text in sorted(row.rule["sources"].items())]}
