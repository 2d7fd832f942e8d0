"""The rules of places, and what they say about Global Privacy Control."""

from typing import Any

from django.db.models import QuerySet

from consent.models import Jurisdiction
from consent.rules.vocabulary import Purpose
from consent.selectors.catalogue import catalogue


def list_jurisdictions() -> QuerySet[Jurisdiction]:
    """Every place with a rule of its own, by code."""
    return Jurisdiction.objects.order_by("code")


def find_jurisdiction(place: str) -> Jurisdiction:
    """The row whose rule applies in a place: its own, its country's, or the strictest."""
    return Jurisdiction.objects.get(code=catalogue().rule_of(place).code)


def gpc_support() -> dict[str, Any]:
    """`gpc`: whether the signal stops the sale and sharing of data everywhere; `lastUpdate`: since which rule set."""
    rules = catalogue().rules.values()
    everywhere = all(Purpose.SALE_SHARE in rule.gpc_purposes for rule in rules)
    return {"gpc": bool(rules) and everywhere, "lastUpdate": max((rule.rule_set for rule in rules), default="")}
