"""Views of a list that staff keep: filters, order and columns under a name."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from core.models.users import StaffUser


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Adjectives for saved views."""

    def seen_by(self, reader: StaffUser, page: str) -> "SavedViewQuerySet":
        """The reader's own views of a list and those that others share, by name."""
        found = self.filter(Q(owner=reader) | Q(shared=True), page=page)
        return found.select_related("owner").order_by("name", "pk")


class SavedView(PublicId, TimeStamped):
    """One kept address of the list `page`; `query` never holds a search text, which may name a person.

    Its owner alone changes it. `shared` shows it to everybody who may open the list; `opens` makes it what its owner
    sees first there.
    """

    id_prefix = "viw"

    owner = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2_000)
    shared = models.BooleanField(default=False)
    opens = models.BooleanField(default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="saved_view_name_unique"),
            models.UniqueConstraint(fields=["owner", "page"], name="saved_view_opens_once", condition=Q(opens=True)),
        ]
        indexes = [models.Index(fields=["page", "name"], name="saved_view_of_page")]
