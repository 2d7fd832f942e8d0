"""Messages in a person's timeline: what left for her, and what she did with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from campaigns.models import Delivery
from campaigns.rules.reactions import Verdict
from customers.selectors.timeline import Before, Entry, Source

_HOW: Final[Mapping[int | None, str]] = {
    Verdict.HUMAN: "yes",
    Verdict.UNCERTAIN: "perhaps",
    Verdict.MACHINE: "by a machine",
}


def fetch_messages(customer_ids: Sequence[int], before: Before, limit: int) -> list[Entry]:
    """At most `limit` messages that left for these customers, newest first by when they did."""
    rows = Delivery.objects.filter(customer__in=customer_ids, sent_at__isnull=False)
    rows = rows.filter(before.condition("sent_at", "pk")).select_related("campaign").order_by("-sent_at", "-pk")
    return [_entry(row, row.sent_at) for row in rows[:limit] if row.sent_at]


def _entry(row: Delivery, at: datetime) -> Entry:
    campaign = row.campaign
    became = {
        "outcome": row.get_outcome_display(),
        "opened": _HOW.get(row.opened, ""),
        "clicked": _HOW.get(row.clicked, ""),
    }
    return Entry(
        at=at,
        row=f"{row.pk:020d}",
        kind="message_sent",
        title=f"Was sent “{campaign.subject or campaign.name}”",
        source=campaign.public_id,
        details={"campaign": campaign.public_id, "channel": campaign.channel}
        | {name: words for name, words in became.items() if words},
    )


MESSAGES: Final = Source(name="messages", label="Messages", fetch=fetch_messages)
