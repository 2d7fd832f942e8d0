"""What the palette finds among customers."""

from collections.abc import Sequence
from typing import Final

from django.urls import reverse

from core.menu import Hit, Reader, Search
from customers.console.words import PII, VIEW, shown_email, shown_name
from customers.selectors.customers import list_customers, matching_ids

MOST: Final = 6


def find_people(text: str, reader: Reader) -> Sequence[Hit]:
    """By exact id; by the beginning of e-mail address or last name where the reader may see them; newest first."""
    found = list_customers().filter(pk__in=matching_ids(text, by_prefix=reader.has_perm(PII)))
    return [
        Hit(shown_name(row, reader), reverse("console:customer", args=[row.public_id]), shown_email(row, reader))
        for row in found.order_by("-created_at", "-pk")[:MOST]
    ]


PEOPLE: Final = Search("Customers", "users", VIEW, find_people, order=10)
