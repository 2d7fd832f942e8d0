"""What readers think of the documentation, for staff."""

from django.db.models import QuerySet

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Column, Empty, ListPage, MenuEntry, screen
from marketing_hub.models import PageRating
from marketing_hub.portal.ratings import list_ratings


class PageRatings(ListPage):
    """Pages by how many readers they did not help."""

    name, title, permission = "page-ratings", "Ratings of documentation", "integrations.view_apiusage"
    menu_entry = MenuEntry("Ratings of docs", "message", "Integrations", order=65)
    default_sort, key_field, search_label = "-unhelpful", "pk", "Beginning of the address"
    empty = Empty("No page was rated yet", "Each page of the documentation asks its readers whether it was helpful.")
    columns = (
        Column("page", "Page", value=whole_row, cell=lambda row: cells.link(row.page, row.page), sort="page"),
        Column("helpful", "Helpful", cell=cells.number, end=True),
        Column("unhelpful", "Not helpful", cell=cells.number, sort="unhelpful", end=True),
        Column("share", "Helpful of all", value=lambda row: share(row), cell=cells.percent, end=True),
        Column("last_at", "Last vote", cell=cells.ago),
    )

    def rows(self) -> QuerySet[PageRating]:
        """All of them."""
        return list_ratings()

    def search(self, rows: QuerySet[PageRating], text: str) -> QuerySet[PageRating]:
        """By the beginning of the address."""
        return rows.filter(page__startswith=text)


def share(row: PageRating) -> float | None:
    """Helpful votes of all; None without any."""
    votes = row.helpful + row.unhelpful
    return row.helpful / votes if votes else None


urlpatterns = [screen("page-ratings", PageRatings)]
