"""What readers think of the documentation, for staff."""

from collections.abc import Sequence
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from core.console import cells
from core.console.forms import NoteForm
from core.console.tables import whole_row
from core.console.views import Action, ActionPage, Column, Empty, ListPage, MenuEntry, screen
from marketing_hub.models import PageComment, PageRating
from marketing_hub.portal.ratings import author_names, find_comment, list_comments, list_ratings, remove_comment

VIEW: Final = "integrations.view_apiusage"
REMOVE: Final = "integrations.remove_pagecomment"


def _comments_of(row: Any) -> str:
    query = urlencode({"of": row.page})
    return cells.link(f"{reverse('console:page-comments')}?{query}", row.comments) if row.comments else cells.number(0)


class PageRatings(ListPage):
    """Pages by how many readers they did not help."""

    name, title, permission = "page-ratings", "Ratings of documentation", VIEW
    menu_entry = MenuEntry("Ratings of docs", "message", "Integrations", order=65)
    default_sort, key_field, search_label = "-unhelpful", "pk", "Beginning of the address"
    empty = Empty("No page was rated yet", "Each page of the documentation asks its readers whether it was helpful.")
    columns = (
        Column("page", "Page", value=whole_row, cell=lambda row: cells.link(row.page, row.page), sort="page"),
        Column("helpful", "Helpful", cell=cells.number, end=True),
        Column("unhelpful", "Not helpful", cell=cells.number, sort="unhelpful", end=True),
        Column("share", "Helpful of all", value=lambda row: share(row), cell=cells.percent, end=True),
        Column("comments", "Comments", value=whole_row, cell=_comments_of, end=True),
        Column("last_at", "Last vote", cell=cells.ago),
    )

    def rows(self) -> QuerySet[PageRating]:
        """All of them."""
        return list_ratings()

    def search(self, rows: QuerySet[PageRating], text: str) -> QuerySet[PageRating]:
        """By the beginning of the address."""
        return rows.filter(page__startswith=text)

    def actions(self) -> Sequence[Action]:
        """What they wrote."""
        return (Action("All comments", reverse("console:page-comments"), VIEW, "message"),)


def share(row: PageRating) -> float | None:
    """Helpful votes of all; None without any."""
    votes = row.helpful + row.unhelpful
    return row.helpful / votes if votes else None


class CommentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    of = django_filters.CharFilter(label="Page", field_name="page")
    helpful = django_filters.ChoiceFilter(
        label="Vote", choices=[("True", "Helpful"), ("False", "Not helpful")], empty_label="Any vote"
    )

    class Meta:
        model = PageComment
        fields: Sequence[str] = ()


def _remove(row: PageComment) -> str:
    return cells.link(reverse("console:page-comment-remove", args=[row.pk]), "Remove")


class PageComments(ListPage):
    """What readers wrote beside their votes, the newest first."""

    name, title, permission = "page-comments", "Comments on documentation", VIEW
    filterset_class, default_sort, key_field, keeps_views = CommentFilter, "-created_at", "pk", False
    search_label = "Beginning of the address"
    empty = Empty("No comments yet", "Readers can say in words what was missing on a page, beside their vote.")
    columns = (
        Column("page", "Page", value=whole_row, cell=lambda row: cells.link(row.page, row.page)),
        Column("text", "Comment", cell=cells.text),
        Column("helpful", "Helpful", cell=cells.yes_no),
        Column("author", "By"),
        Column("created_at", "Written", cell=cells.instant, sort="created_at"),
        Column("remove", "Remove", value=whole_row, cell=_remove, permission=REMOVE),
    )

    def rows(self) -> QuerySet[PageComment]:
        """All of them."""
        return list_comments()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Who wrote it."""
        names = author_names(public_ids={row.staff for row in rows if row.staff})
        for row in rows:
            row.author = names.get(row.staff, row.staff) or "a reader"
        return rows

    def search(self, rows: QuerySet[PageComment], text: str) -> QuerySet[PageComment]:
        """By the beginning of the address."""
        return rows.filter(page__startswith=text)

    def actions(self) -> Sequence[Action]:
        """Back to the votes."""
        return (Action("Ratings", reverse("console:page-ratings"), VIEW, "list"),)


class RemoveComment(ActionPage):
    """Take a comment away that is no comment, or names a person."""

    name, title, permission = "page-comment-remove", "Remove the comment", REMOVE
    form_class, submit_label, danger, success = NoteForm, "Remove", True, "The comment is removed."

    def question(self) -> str:
        """Which one."""
        comment = find_comment(number=self.kwargs["number"])
        return f"“{comment.text[:200]}” on {comment.page} is removed for good. The vote stays."

    def save(self, form: NoteForm) -> None:
        """Remove."""
        remove_comment(comment=find_comment(number=self.kwargs["number"]), by=self.actor)

    def success_url(self, result: None) -> str:
        """The others."""
        return reverse("console:page-comments")

    def cancel_url(self) -> str:
        """The others."""
        return reverse("console:page-comments")


urlpatterns = [
    screen("page-ratings", PageRatings),
    screen("page-comments", PageComments),
    screen("page-comments/<int:number>/remove", RemoveComment),
]
