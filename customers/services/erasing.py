"""What every eraser of the privacy registry answers: how many rows it changed, person by person, in two statements."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Count, QuerySet

Rows = Counter[int]
"""Rows changed, by row id of the customer."""
_OWNER: Final = ("customer_id",)


def count_rows(rows: QuerySet[Any, Any], people: Sequence[int], /, *, by: Sequence[str] = _OWNER) -> Rows:
    """How many of these rows there are of each of these people; `by` names the columns that hold one.

    A row about two of them counts for the one in the first column.
    """
    wanted, counted = set(people), Rows()
    for *owners, number in rows.order_by().values_list(*by).annotate(number=Count("*")):
        owner = next((pk for pk in owners if pk in wanted), None)
        if owner is not None:
            counted[owner] += number
    return counted


def delete_rows(rows: QuerySet[Any, Any], people: Sequence[int], /, *, by: Sequence[str] = _OWNER) -> Rows:
    """These rows are gone; how many of each of these people."""
    counted = count_rows(rows, people, by=by)
    if counted:
        rows.order_by().delete()
    return counted


def update_rows(
    rows: QuerySet[Any, Any], people: Sequence[int], /, *, by: Sequence[str] = _OWNER, **values: Any
) -> Rows:
    """These rows hold these values; how many of each of these people."""
    counted = count_rows(rows, people, by=by)
    if counted:
        rows.order_by().update(**values)
    return counted
