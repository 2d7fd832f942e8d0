"""Opens and clicks of messages: noted at once, judged a little later, stored as events through the gate."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.rules.reactions import Kind
from campaigns.rules.reactions import Verdict as Who
from campaigns.selectors.reactions import Measured, measured_deliveries
from campaigns.services.reactions import Mark, note_reactions
from core.actors import Actor, ActorKind
from customers.selectors import direct
from engagement.models import Reaction
from engagement.rules import reactions as rules
from engagement.rules.events import MAX_BATCH, EventIn, Ready
from engagement.rules.keys import key_of
from engagement.rules.members import Device
from engagement.rules.verdicts import Verdict
from engagement.selectors.catalogue import find_type
from engagement.services.ingest import ingest

MESSAGES: Final = Actor(kind=ActorKind.SYSTEM, id="messages", label="Messages")
KEPT: Final = timedelta(hours=1)
_KEEP: Final = """
INSERT INTO engagement_reaction (delivery_id, kind, link, at, minute, agent, device, head, gpc, settled)
VALUES (%(delivery)s, %(kind)s, %(link)s, %(at)s, date_trunc('minute', %(at)s::timestamptz), %(agent)s, %(device)s,
    %(head)s, %(gpc)s, false)
ON CONFLICT DO NOTHING
"""
_NAMES: Final[Mapping[tuple[str, bool], str]] = {
    (Kind.OPEN, False): "open",
    (Kind.CLICK, False): "click",
    (Kind.OPEN, True): "machine-open",
    (Kind.CLICK, True): "machine-click",
}


def keep_reaction(
    *, delivery: int, kind: Kind, link: int = 0, user_agent: str, head: bool, gpc: bool, now: datetime
) -> None:
    """The request is noted, once a minute for the same of the same; of the user agent only its class is kept."""
    values = {"delivery": delivery, "kind": kind.value, "link": link, "at": now, "head": head, "gpc": gpc}
    said = {"agent": rules.agent_of(user_agent).value, "device": rules.device_of(user_agent).value}
    direct.run(statement=_KEEP, parameters=values | said)


@transaction.atomic
def settle_reactions(*, now: datetime, limit: int = 500) -> int:
    """Reactions older than `rules.WINDOW` are judged, in the event log and on their deliveries; how many were.

    Nothing becomes of those whose person no longer allows it: the gate reads consent anew. What a machine did is
    stored under types of its own, so that segments, scores and automations see people only.
    """
    waiting = Reaction.objects.select_for_update(skip_locked=True).filter(settled=False, at__lte=now - rules.WINDOW)
    rows = list(waiting.order_by("at", "id")[:limit])
    if rows:
        known = measured_deliveries({row.delivery_id for row in rows})
        judged = _judged([row for row in rows if row.delivery_id in known], known)
        _store(judged, known, now)
        Reaction.objects.filter(pk__in=[row.pk for row in rows]).update(settled=True)
    Reaction.objects.filter(at__lt=now - KEPT).delete()
    return len(rows)


def _judged(rows: Sequence[Reaction], known: Mapping[int, Measured]) -> list[tuple[Reaction, Who, str]]:
    around: dict[int, list[rules.Reaction]] = {}
    for other in Reaction.objects.filter(delivery_id__in=known).order_by("at", "id"):
        around.setdefault(other.delivery_id, []).append(_plain(other))
    found = []
    for row in rows:
        facts = known[row.delivery_id]
        who, why = rules.judge(_plain(row), around[row.delivery_id], sent_at=facts.sent_at, links=facts.links)
        found.append((row, who, why))
    return found


def _plain(row: Reaction) -> rules.Reaction:
    return rules.Reaction(kind=row.kind, link=row.link, at=row.at, agent=row.agent, head=row.head)


def _store(judged: Sequence[tuple[Reaction, Who, str]], known: Mapping[int, Measured], now: datetime) -> None:
    """Through the gate, those with a Global Privacy Control signal apart; then on the deliveries that it let in."""
    marks = []
    for signal in (False, True):
        part = [one for one in judged if one[0].gpc is signal]
        for start in range(0, len(part), MAX_BATCH):
            batch = part[start : start + MAX_BATCH]
            events = [_event(place, one, known[one[0].delivery_id]) for place, one in enumerate(batch)]
            verdicts = ingest(events=events, by=MESSAGES, now=now, gpc=signal)
            marks += [
                Mark(row.delivery_id, Kind(row.kind), who, row.at)
                for (row, who, _), verdict in zip(batch, verdicts, strict=True)
                if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE)
            ]
    note_reactions(marks=marks)


def _event(place: int, one: tuple[Reaction, Who, str], facts: Measured) -> Ready:
    row, who, why = one
    form = find_type(name=_NAMES[row.kind, who is Who.MACHINE])
    event = EventIn(
        type=form.kind.name,
        timestamp=row.at,
        user_id=facts.customer,
        campaign_id=facts.campaign,
        device_type=Device(row.device),
        element_id=f"link-{row.link}" if row.link else None,
        properties={"verdict": who.name.lower(), "because": why, "delivery": row.delivery_id},
    )
    key, _ = key_of(f"reaction:{row.pk}")
    return Ready(place, event, form, key, key, text_kept=False, at=row.at)
