"""Refused events: who sent them, why they were refused, how often; never what was sent."""

from django.db.models import QuerySet

from core.console import cells
from core.console.views import Column, Empty, ListPage, MenuEntry
from engagement.models import Rejection
from engagement.selectors.rejections import list_rejections


class RejectionList(ListPage):
    """What was refused, minute by minute."""

    name, title, permission = "rejections", "Refused events", "engagement.view_rejection"
    menu_entry = MenuEntry("Refused events", "ban", "Integrations", order=60)
    default_sort, key_field = "-at", "pk"
    columns = (
        Column("at", "Last", cell=cells.ago, sort="at"),
        Column("client_id", "Client", cell=cells.code),
        Column("event_type", "Event type"),
        Column("code", "Reason", cell=cells.code),
        Column("param", "Field"),
        Column("message", "Message"),
        Column("count", "Events", cell=cells.number, end=True),
        Column("request_id", "Request", cell=cells.code, optional=True),
    )
    empty = Empty("No event was refused", "Refused events show here with their reason for 30 days.")

    def rows(self) -> QuerySet[Rejection]:
        """Those of every client."""
        return list_rejections()
