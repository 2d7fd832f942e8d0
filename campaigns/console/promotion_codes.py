"""The codes of a promotion on screens: all of them, page by page, as a file, and more of them."""

from collections.abc import Sequence
from typing import Any, Final

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse

from campaigns.console.offers import CHANGE, VIEW
from campaigns.console.promotions import PromotionStep
from campaigns.models import Code
from campaigns.selectors.offers import codes_like, find_promotion, list_codes
from campaigns.services.code_files import stream_codes
from campaigns.services.offers import make_codes
from core.console import cells
from core.console.addresses import Address
from core.console.cells import State
from core.console.forms import ConsoleForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import ActionPage, Column, Empty, ListPage, Tab
from core.errors import InvalidInput

USES: Final = (("unused", "Unused"), ("partly", "Partly used"), ("used_up", "Used up"))
_STATES: Final = {
    "unused": State("Unused"),
    "partly": State("Partly used", "info"),
    "used_up": State("Used up", "good"),
}


def _use(code: Code) -> str:
    used_up = code.redeemed >= code.max_redemptions
    return cells.dot(_STATES["used_up" if used_up else "partly" if code.redeemed else "unused"])


class CodeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What codes can be narrowed by."""

    use = django_filters.ChoiceFilter(label="Use", choices=USES, empty_label="Any use", method="narrowed_by_use")

    class Meta:
        model = Code
        fields: Sequence[str] = ()

    def narrowed_by_use(self, rows: QuerySet[Code], name: str, value: str) -> QuerySet[Code]:
        """Those that were used so."""
        return codes_like(rows, use=value)


class PromotionCodes(ListPage):
    """Every code of one promotion, the newest first."""

    name, title, permission, search_label = "promotion-code-list", "Codes", VIEW, "Code, or its beginning"
    filterset_class, bar_filters, keeps_views, default_sort, key_field = CodeFilter, ("use",), False, "-pk", "pk"
    tabs = (Tab("Unused", {"use": "unused"}), Tab("Used up", {"use": "used_up"}))
    empty = Empty("No codes here", "Make some, or look for others.")
    columns = (
        Column("code", "Code", cell=cells.code),
        Column("use", "Use", value=whole_row, cell=_use),
        Column("redeemed", "Redeemed", cell=cells.number, end=True),
        Column("max_redemptions", "Of", cell=cells.number, end=True),
        Column("created_at", "Made", cell=cells.instant),
    )

    def rows(self) -> QuerySet[Code]:
        """Those of the promotion of this address."""
        return list_codes(find_promotion(self.kwargs["key"]))

    def search(self, rows: QuerySet[Code], text: str) -> QuerySet[Code]:
        """Those that begin with it."""
        return codes_like(rows, beginning=text)

    def actions(self) -> Sequence[Action]:
        """Back, these as a file, and more."""
        key = [self.kwargs["key"]]
        file = reverse("console:promotion-code-file", args=key) + self.address.with_(sort=None, columns=None)
        return (
            Action("Promotion", reverse("console:promotion", args=key), VIEW, "arrow-left"),
            Action("Download CSV", file, CHANGE, "download"),
            Action("Make codes", reverse("console:promotion-codes", args=key), CHANGE, "receipt-2", primary=True),
        )


class DownloadCodes(PromotionStep, ActionPage):
    """The codes that the list shows, as a file; who fetched how many stands in the audit log."""

    name, title, submit_label, step_up = "promotion-code-file", "Download codes", "Download CSV", True

    def question(self) -> str:
        """What happens."""
        return "Whoever has the file can redeem its codes. The download stands in the audit log."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Which codes."""
        beginning, use = self._wanted()
        told = [("Promotion", self.promotion.name)]
        told += [("Beginning with", beginning)] if beginning else []
        return [*told, ("Codes", dict(USES).get(use, "All"))]

    def save(self, form: ConsoleForm) -> HttpResponseBase:
        """The file, written while it is read."""
        beginning, use = self._wanted()
        promotion = self.promotion
        lines = stream_codes(promotion=promotion, beginning=beginning, use=use, by=self.actor)
        headers = {"Content-Disposition": f'attachment; filename="codes-{promotion.key}.csv"'}
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    def done(self, result: Any) -> Any:
        """The file is the answer."""
        return result

    def cancel_url(self) -> str:
        """The same codes on the screen."""
        return reverse("console:promotion-code-list", args=[self.kwargs["key"]]) + Address(self.request.GET).with_()

    def _wanted(self) -> tuple[str, str]:
        """Beginning and use that the address asks for; refused when any part of it cannot be understood."""
        address = Address(self.request.GET)
        use, beginning = address.get("use"), address.text
        if address.unknown(["use"]) or beginning is None or use not in ("", *dict(USES)):
            raise InvalidInput("A filter of this download is not valid. Go back to the list and correct it.")
        return beginning, use


class CodesForm(ConsoleForm):
    """How many."""

    stands_for = {"prefix": "beginning"}
    number = forms.IntegerField(label="How many", min_value=1, max_value=10_000, initial=100)
    max_redemptions = forms.IntegerField(label="Each redeems so often", min_value=1, max_value=1_000_000, initial=1)
    beginning = forms.CharField(label="Beginning", max_length=12, required=False)


class MakeCodes(PromotionStep):
    """Codes nobody can guess."""

    name, title = "promotion-codes", "Make codes"
    form_class, submit_label, success = CodesForm, "Make", "The codes are made."

    def save(self, form: CodesForm) -> Any:
        """Make."""
        data = form.cleaned_data
        return make_codes(
            promotion=self.promotion,
            number=data["number"],
            max_redemptions=data["max_redemptions"],
            prefix=data["beginning"],
            by=self.actor,
            now=self.now,
        )
