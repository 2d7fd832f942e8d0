"""Telling followers what was recorded: one message a person and topic, never with personal data."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from consent.rules.standing import NO_EVENTS, YES_EVENTS
from consent.rules.vocabulary import Event
from consent.selectors.catalogue import Catalogue
from consent.selectors.outlook import Outlook
from consent.services.pages import Page
from core import outbox

GRANTED: Final = "consent.granted"
WITHDRAWN: Final = "consent.withdrawn"
GPC_RECEIVED: Final = "consent.gpc_received"
_TOPICS: Final = {
    **dict.fromkeys(YES_EVENTS, GRANTED),
    **dict.fromkeys(NO_EVENTS | {Event.EXPIRED, Event.INVALIDATED}, WITHDRAWN),
    Event.RESTORED: GRANTED,
}


def tell(*, pages: Iterable[Page], found: Mapping[int, Outlook], uses: Catalogue) -> None:
    """Publish what the new entries of these pages mean; questions (requested, pending) are not news."""
    facts = [fact for page in pages for fact in _facts(page, found[page.customer.pk], uses)]
    if facts:
        outbox.publish_many(facts)


def tell_gpc(*, pages: Iterable[Page]) -> None:
    """Publish that the signal was received from these people."""
    outbox.publish_many(
        [outbox.Fact(GPC_RECEIVED, page.customer.public_id, {"customer": page.customer.public_id}) for page in pages]
    )


def _facts(page: Page, outlook: Outlook, uses: Catalogue) -> list[outbox.Fact]:
    news: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in page.entries:
        topic = _TOPICS.get(Event(row.event))
        use = uses.by_id[row.purpose_id]
        if topic:
            allowed = outlook.decisions[use.id].allowed
            news[topic].append({"purpose": use.key, "event": row.event, "seq": row.seq, "allowed": allowed})
    customer = page.customer.public_id
    return [outbox.Fact(topic, customer, {"customer": customer, "purposes": rows}) for topic, rows in news.items()]
