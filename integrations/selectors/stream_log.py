"""The two logs as one stretch in one order: what was published, and what people did where somebody asks for that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection

from consent.selectors.decisions import use_of
from core import outbox
from core.errors import Gone, InvalidInput
from core.models import Cursor, OutboxMessage
from customers.selectors.recipients import barrier_for
from engagement.selectors.answers import event_answers
from engagement.selectors.catalogue import event_catalogue
from engagement.selectors.stream import Place, read_stream
from integrations.rules.envelopes import Happening, cloud_event, data_of
from integrations.rules.event_catalogue import types_of
from integrations.rules.streams import ENGAGEMENT, Mark, Wish, filters_of, frame
from integrations.selectors.event_feed import types_asked_for
from integrations.selectors.webhook_queue import Audience, Content, contents, happening_of

STEP: Final = 500
Gate = tuple[str, str]
"""Purpose, and the API client of a company of the register; empty for everybody else."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event, ready to be sent: to whom it may be told by purpose and company, and whom that tells about."""

    mark: Mark
    event: Happening
    bytes: bytes
    by_gate: Mapping[Gate, Content]

    def for_wish(self, wish: Wish) -> Content | None:
        """What it tells this listener; None when it is not wanted, or not allowed."""
        content = self.by_gate[wish.gate] if wish.wants(self.event) else None
        return content if content is not None and content.allowed else None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Everything behind one mark up to another, for these types and gates; `full` when more is there already."""

    events: Sequence[Told]
    upto: Mark
    full: bool
    types: frozenset[str] = frozenset()
    gates: frozenset[Gate] = frozenset()

    def covers(self, wish: Wish) -> bool:
        """Whether it was read with this wish in mind."""
        return wish.gate in self.gates and wish.types <= self.types


@dataclass(frozen=True, slots=True)
class _Rows:
    """Events of one log with their marks; `end` where more of that log follows."""

    found: Sequence[tuple[Mark, Happening]] = field(default_factory=list)
    end: Mark | None = None


def head() -> Mark:
    """Behind everything that is final now."""
    return Mark.below(outbox.horizon())


def wish_for(*, topics: str, filters: Sequence[str], purpose: str, client: str, now: datetime) -> Wish:
    """What a listener asks for; InvalidInput for an unknown type, filter or purpose; Forbidden where nothing may go.

    Without topics everything that is published; what people did (`engagement.*`) only where it is named.
    """
    parts = [part.strip() for part in topics.split(",") if part.strip()]
    engaged = [part for part in parts if part.startswith(ENGAGEMENT)]
    published = [part for part in parts if part not in engaged]
    types = types_asked_for(text=",".join(published)) if published or not engaged else types_of([])
    accepted = filters_of(filters)
    if accepted is None:
        raise InvalidInput("Invalid 'filter': write member:value,value", param="filter")
    use_of(purpose)
    check_engagement(patterns=engaged, param="topics")
    company = client if barrier_for(client, now=now) else ""
    return Wish(types | engagement_types(engaged), purpose, accepted, company)


def engagement_types(patterns: Collection[str]) -> frozenset[str]:
    """The types of what people do that these patterns name, as far as they are known."""
    known = frozenset(ENGAGEMENT + name for name in event_catalogue().current) if patterns else frozenset()
    return known if f"{ENGAGEMENT}*" in patterns else known & frozenset(patterns)


def check_engagement(*, patterns: Collection[str], param: str) -> None:
    """Return when each pattern names a type of what people do, or all of them; InvalidInput about `param` when not."""
    for pattern in patterns:
        if pattern != f"{ENGAGEMENT}*" and not engagement_types([pattern]):
            raise InvalidInput(f"Invalid '{param}': there is no '{pattern[:60]}'", param=param)


def place_asked_for(*, text: str, param: str) -> Mark | None:
    """The place in an `id:` of ours, None for ''; Gone when the log behind it is not kept any more."""
    mark = Mark.read(text) if text else None
    if text and mark is None:
        raise InvalidInput(f"Invalid '{param}'", param=param)
    if mark is not None and mark != Mark() and not _is_kept(mark):
        raise Gone("The log is not kept that long; read everything again.", param=param)
    return mark


def _is_kept(mark: Mark) -> bool:
    """The log is trimmed from its oldest row on: nothing behind the mark is gone while something up to it is there,
    or while the very first row is there still."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(xid), min(id) FROM core_outboxmessage")
        xid, row = cursor.fetchone()
    return mark.is_engaged if xid is None else bool(xid <= mark.xid or row == 1)


def first_behind(*, after: Mark, engagement: bool) -> datetime | None:
    """When the oldest event behind the mark was written, also of what people did where `engagement`; None: no event."""
    rows: list[OutboxMessage] = outbox.read_after(cursor=Cursor(xid=after.xid, row=after.published_row), limit=1)
    found = [row.created_at for row in rows]
    if engagement:
        page = read_stream(after=Place(after.xid, after.event_id), limit=1)
        found += [answer["receivedAt"] for answer in event_answers(page.events)]
    return min(found, default=None)


def read_stretch(
    *, after: Mark, types: frozenset[str], gates: frozenset[Gate], now: datetime, upto: Mark | None = None
) -> Stretch:
    """What is final behind `after` (and not behind `upto`), in order: at most STEP events of each log are looked at.

    Each person is asked about through the consent gate, once for each purpose and company that listens; to a company
    goes nothing about people whose data may not go there, nothing that it may not keep, without an agreement nothing.
    """
    end = head() if upto is None else upto
    rows = [_published(after)]
    if any(name.startswith(ENGAGEMENT) for name in types):
        rows.append(_done_by_people(after))
    full = [part.end for part in rows if part.end is not None and part.end < end]
    end = min([end, *full])
    found = sorted((one for part in rows for one in part.found if one[0] <= end and one[1].type in types), key=_place)
    events = [event for _, event in found]
    said = {
        (purpose, company): contents(audience=Audience(purpose, False, "", company), events=events, now=now)
        for purpose, company in (gates if events else ())
    }
    told = [_told(mark, event, said) for mark, event in found]
    return Stretch(told, end, bool(full), types, gates)


def _place(one: tuple[Mark, Happening]) -> Mark:
    return one[0]


def _told(mark: Mark, event: Happening, said: Mapping[Gate, Mapping[str, Content]]) -> Told:
    body = cloud_event(event, source=settings.PUBLIC_URL, data=data_of(event))
    allowed = {gate: contents_of[event.message_id] for gate, contents_of in said.items()}
    return Told(mark, event, frame(mark, body), allowed)


def _published(after: Mark) -> _Rows:
    rows: list[OutboxMessage] = outbox.read_after(cursor=Cursor(xid=after.xid, row=after.published_row), limit=STEP)
    found = [(Mark.published(row.xid, row.pk), happening_of(row)) for row in rows]
    return _Rows(found, found[-1][0] if len(rows) == STEP else None)


def _done_by_people(after: Mark) -> _Rows:
    page = read_stream(after=Place(after.xid, after.event_id), limit=STEP)
    found = []
    for row, answer in zip(page.events, event_answers(page.events), strict=True):
        mark = Mark.engaged(row.xid, row.event_id)
        found.append((mark, _happening(mark, answer)))
    return _Rows(found, found[-1][0] if page.has_more else None)


def _happening(mark: Mark, answer: Mapping[str, Any]) -> Happening:
    payload = {name: value for name, value in answer.items() if name not in ("id", "userId")}
    message_id = str(answer["id"]).removeprefix("evt_")
    kind = ENGAGEMENT + str(answer["type"])
    return Happening(message_id, kind, answer["receivedAt"], answer["customerId"] or "", payload, "", str(mark))
