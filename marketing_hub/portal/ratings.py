"""Was this page helpful: counted by page, without cookies and without anything about the reader; and why, in words."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core import audit, meter
from core.actors import Actor
from core.errors import InvalidInput, NotFound, RateLimited
from core.models import StaffUser
from marketing_hub.models import PageComment, PageRating
from marketing_hub.portal import pages

AN_HOUR: Final = meter.Window("hour", 30, 3_600)
"""How many votes one network address has in an hour; the counter forgets it with the hour."""
COMMENTS_AN_HOUR: Final = meter.Window("hour", 5, 3_600)
"""How many comments one network address has in an hour."""
COMMENTS_A_DAY: Final = meter.Window("day", 1_000, 86_400)
"""How many comments all addresses together have in a day: whoever has many addresses fills no table."""
LONGEST: Final = 1_000
BATCH: Final = 1_000


def rateable() -> frozenset[str]:
    """The addresses that can be rated: every page of the documentation."""
    made = {link.url for section in pages.navigation() for link in section.links}
    return frozenset(made | {pages.url_of(name) for name in pages.names()})


@transaction.atomic
def rate_page(*, page: str, helpful: bool, address: str, now: datetime, comment: str = "", staff: str = "") -> None:
    """One vote more for the page, and the comment with it, if there is one; `staff` is the public id of its author.

    Refuses addresses that are no page (404), comments of more than LONGEST characters (400), and more votes or
    comments than the windows allow (429); then neither is kept.
    """
    text = plain(comment)
    if page not in rateable():
        raise NotFound("There is no such page.")
    if len(text) > LONGEST:
        raise InvalidInput(f"A comment has at most {LONGEST:,} characters.", param="comment")
    if not meter.take(f"page-rating:{address}", [AN_HOUR]).granted or (text and not _may_comment(address)):
        raise RateLimited("That is enough for an hour. Thank you.")
    PageRating.objects.get_or_create(page=page, defaults={"last_at": now})
    counted = "helpful" if helpful else "unhelpful"
    PageRating.objects.filter(page=page).update(**{counted: F(counted) + 1, "last_at": now})
    if text:
        PageComment.objects.create(page=page, helpful=helpful, text=text, staff=staff, created_at=now)


def plain(text: str) -> str:
    """The text without characters that do not print; lines stay, spaces around go."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in lines if letter == "\n" or letter.isprintable()).strip()


def _may_comment(address: str) -> bool:
    own = meter.take(f"page-comment:{address}", [COMMENTS_AN_HOUR]).granted
    return own and meter.take("page-comment", [COMMENTS_A_DAY]).granted


def list_ratings() -> QuerySet[PageRating]:
    """Every page that was rated, in no order, with `comments`: how many it has."""
    own = PageComment.objects.filter(page=OuterRef("page")).order_by().values("page").annotate(n=Count("id"))
    return PageRating.objects.annotate(comments=Coalesce(Subquery(own.values("n")), 0))


def list_comments() -> QuerySet[PageComment]:
    """Every comment, in no order."""
    return PageComment.objects.all()


def find_comment(*, number: int) -> PageComment:
    """The comment with this number; NotFound otherwise."""
    found = PageComment.objects.filter(pk=number).first()
    if found is None:
        raise NotFound("There is no such comment.")
    return found


def author_names(*, public_ids: set[str]) -> dict[str, str]:
    """Names of members of staff by public id; those that are gone are absent."""
    return dict(StaffUser.objects.filter(public_id__in=public_ids).values_list("public_id", "name"))


@transaction.atomic
def remove_comment(*, comment: PageComment, by: Actor) -> None:
    """The comment is gone; the audit log says from which page, not what it said."""
    if PageComment.objects.filter(pk=comment.pk).delete()[0]:
        audit.record(by=by, action="page_comment.removed", target=comment.page)


def forget_comments(*, now: datetime) -> int:
    """Comments older than PAGE_COMMENT_DAYS are gone, BATCH rows a statement; how many."""
    before, gone = now - timedelta(days=settings.PAGE_COMMENT_DAYS), 0
    old = PageComment.objects.filter(created_at__lt=before).order_by("created_at", "id").values("pk")
    while found := PageComment.objects.filter(pk__in=old[:BATCH]).delete()[0]:
        gone += found
    return gone
