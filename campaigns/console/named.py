"""Lists of things that people gave a name: found by a part of it, or by key or id."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from core.console.views import ListPage


class NamedList(ListPage, abstract=True):
    """A list whose rows have a name; there are hundreds of them, so looking into each name is quick."""

    search_label: ClassVar[str] = "Name or key"

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """Those with this text in their name, or with this key or id."""
        return rows.filter(Q(name__icontains=text) | Q(**{self.key_field: text}))
