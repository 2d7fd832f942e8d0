"""Was this page helpful: counted by page, without cookies and without anything about the reader."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F, QuerySet

from core import meter
from core.errors import NotFound, RateLimited
from marketing_hub.models import PageRating
from marketing_hub.portal import pages

AN_HOUR: Final = meter.Window("hour", 30, 3_600)
"""How many votes one network address has in an hour; the counter forgets it with the hour."""


def rateable() -> frozenset[str]:
    """The addresses that can be rated: every page of the documentation."""
    made = {link.url for section in pages.navigation() for link in section.links}
    return frozenset(made | {pages.url_of(name) for name in pages.names()})


@transaction.atomic
def rate_page(*, page: str, helpful: bool, address: str, now: datetime) -> None:
    """One vote more for the page. Refuses addresses that are no page (404), and more than AN_HOUR allows (429)."""
    if page not in rateable():
        raise NotFound("There is no such page.")
    if not meter.take(f"page-rating:{address}", [AN_HOUR]).granted:
        raise RateLimited("That is enough for an hour. Thank you.")
    PageRating.objects.get_or_create(page=page, defaults={"last_at": now})
    counted = "helpful" if helpful else "unhelpful"
    PageRating.objects.filter(page=page).update(**{counted: F(counted) + 1, "last_at": now})


def list_ratings() -> QuerySet[PageRating]:
    """Every page that was rated, in no order."""
    return PageRating.objects.all()
