"""Filters by instant."""

from typing import Final

import django_filters
from django.forms import DateTimeInput

_LOCAL: Final = "%Y-%m-%dT%H:%M"


def moment(label: str, field: str, lookup: str) -> django_filters.DateTimeFilter:
    """Rows whose `field` lies on one side of a local date and time."""
    widget = DateTimeInput(attrs={"type": "datetime-local"}, format=_LOCAL)
    return django_filters.DateTimeFilter(label=label, field_name=field, lookup_expr=lookup, widget=widget)
