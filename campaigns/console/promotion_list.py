"""The list of promotions: what each gives and to whom, when, how often, and what runs at the same time."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from campaigns.console.named import NamedList
from campaigns.console.offers import CHANGE, VIEW, given, validity
from campaigns.models import Promotion
from campaigns.rules.offers import Overlap, PromotionState, is_full
from campaigns.selectors.offers import campaigns_by_promotion, count_active, list_promotions, only_full
from campaigns.selectors.overlaps import overlaps_of
from core.console import cells
from core.console.cells import State
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import Column, Empty, MenuEntry, Tab

STATES = {
    "draft": State("Draft", "idle"),
    "active": State("Active", "good"),
    "full": State("Cap reached", "warn"),
    "paused": State("Paused", "warn"),
    "ended": State("Ended", "idle"),
}


def state_of(promotion: Promotion) -> str:
    """Its state as screens show it: one that runs and has nothing left to redeem is at its cap."""
    running = promotion.state == PromotionState.ACTIVE
    return "full" if running and is_full(promotion.redeemed, promotion.max_redemptions) else promotion.state


def _beside(found: Sequence[Overlap]) -> str:
    if not found:
        return cells.NOTHING
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    words = f"With “{found[0].name}”{more}"
    title = "; ".join(f"“{one.name}”: {one.why}" for one in found)
    return format_html('<span class="state state-warn" title="{}">{}</span>', title, words)


class PromotionFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What promotions can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=PromotionState.choices, empty_label="Any state")
    cap = django_filters.ChoiceFilter(label="Cap", choices=[("reached", "Reached")], method="narrowed_by_cap")

    class Meta:
        model = Promotion
        fields: Sequence[str] = ()

    def narrowed_by_cap(self, rows: QuerySet[Promotion], name: str, value: str) -> QuerySet[Promotion]:
        """Those that run and have nothing left to redeem."""
        return only_full(rows)


class PromotionList(NamedList):
    """Every promotion."""

    name, title, permission = "promotions", "Promotions", VIEW
    menu_entry = MenuEntry("Promotions", "rosette-discount", "Marketing", order=30, count=count_active)
    filterset_class, bar_filters, default_sort, key_field = PromotionFilter, ("state",), "-created_at", "key"
    tabs = (
        Tab("Active", {"state": "active"}),
        Tab("Cap reached", {"cap": "reached"}),
        Tab("Drafts", {"state": "draft"}),
        Tab("Ended", {"state": "ended"}),
    )
    columns = (
        Column(
            "promotion",
            "Promotion",
            value=whole_row,
            cell=lambda row: cells.link(reverse("console:promotion", args=[row.key]), row.name, row.key),
        ),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("given", "Gives", value=lambda row: given(row.offer)),
        Column("segment", "For", value=lambda row: row.segment.name if row.segment else "Everybody"),
        Column("valid", "Valid", value=whole_row, cell=lambda row: validity(row.begins_at, row.ends_at)),
        Column("overlaps", "Same time", value=lambda row: row.beside, cell=_beside),
        Column("redeemed", "Redeemed", cell=cells.number, end=True),
        Column("cap", "Cap", value=lambda row: row.max_redemptions, cell=cells.number, end=True),
        Column("campaigns", "Campaigns", value=lambda row: row.given_by, cell=cells.number, end=True),
        Column("changed", "Changed", value=lambda row: row.updated_at, cell=cells.ago, sort="updated_at"),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        return Empty("No promotions yet", "A promotion makes an offer for a time, in variants.", self.actions()[0])

    def rows(self) -> QuerySet[Promotion]:
        """All of them."""
        return list_promotions()

    def prepare(self, rows: list[Any]) -> list[Any]:
        """How many campaigns give the codes of each, and what runs at the same time; a query each."""
        given_by, beside = campaigns_by_promotion(rows), overlaps_of(rows, self.now)
        for row in rows:
            row.given_by, row.beside = given_by.get(row.pk, 0), beside.get(row.pk, ())
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New promotion", reverse("console:promotion-new"), CHANGE, "plus", primary=True),)
