"""Coming in because a day has come.

Everybody is looked at once for each day, from the moment on at which it begins anywhere on earth (UTC+14); whose row is
written later, such as somebody who came to be known on that very day, is looked at then.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import transaction

from campaigns.models import AutomationVersion
from campaigns.rules.automations.delays import on_day
from campaigns.rules.automations.entering import TOO_OLD, Before, falls_on, why_not
from campaigns.rules.automations.states import AutomationState, VersionState
from campaigns.selectors.automations.days import Dated, of_day, written
from campaigns.selectors.automations.listing import earlier
from campaigns.services.automations.following import LATE, new_run, store_new
from campaigns.services.automations.recording import Journal
from core import outbox
from core.models import Cursor

_PAGE: Final = 2_000
_DAYS: Final = "automations.day:"
_ROWS: Final = "automations.dated:"
_DONE: Final = -1
_EARLIEST, _LATEST = timedelta(hours=14), timedelta(hours=12)
Coming = tuple[Dated, date]


def enter_by_date(*, now: datetime) -> int:
    """Whoever's day is tomorrow or today has a run that begins at the hour, where she is; how many came in.

    An hour that had passed when the version went live, or the automation went on after a pause, lets nobody in. Who
    came to be known later in her day comes in at once. A worker killed on the way goes on behind the last page.
    """
    rows = AutomationVersion.objects.filter(state=VersionState.LIVE, automation__state=AutomationState.ACTIVE)
    dated = [row for row in rows.select_related("automation").order_by("pk") if row.graph["entry"]["on"] == "date"]
    used = [f"{prefix}{row.pk}" for row in dated for prefix in (_DAYS, _ROWS)]
    for prefix in (_DAYS, _ROWS):
        Cursor.objects.filter(name__startswith=prefix).exclude(name__in=used).delete()
    return sum(_enter(version, now) for version in dated)


def _enter(version: AutomationVersion, now: datetime) -> int:
    since, begun, more = _active_since(version, now), 0, True
    for day in _days(now):
        while (page := _day_page(version, day, since, now)) is not None:
            begun += page
    while more:
        page, more = _written_page(version, since, now)
        begun += page
    return begun


def _days(now: datetime) -> Iterator[date]:
    """Every day with an hour that is still to come, or is not too old, somewhere on earth."""
    first, last = (now - _LATEST - TOO_OLD).date(), (now + _EARLIEST).date()
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


@transaction.atomic
def _active_since(version: AutomationVersion, now: datetime) -> datetime:
    """Since when this version lets people in; rows written from then on are read behind the second cursor."""
    cursor, is_new = Cursor.objects.get_or_create(name=f"{_DAYS}{version.pk}", defaults={"at": now})
    if is_new:
        Cursor.objects.get_or_create(name=f"{_ROWS}{version.pk}", defaults={"xid": outbox.horizon() - 1})
    return cursor.at or now


@transaction.atomic
def _day_page(version: AutomationVersion, day: date, since: datetime, now: datetime) -> int | None:
    """How many of the next page came in; None when the day is done or another worker is at it."""
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(name=f"{_DAYS}{version.pk}").first()
    # `xid` holds the day, `row` the last customer of it that was looked at.
    number = day.toordinal()
    if cursor is None or cursor.xid > number or (cursor.xid, cursor.row) == (number, _DONE):
        return None
    after = cursor.row if cursor.xid == number else 0
    people = of_day(version.graph, on=_dated(version, day), after=after, limit=_PAGE)
    begun = _begin(version, [(person, day) for person in people if _has(version, person, day)], since, now)
    row = people[-1].pk if len(people) == _PAGE else _DONE
    outbox.move_cursor(cursor=cursor, xid=number, row=row, at=cursor.at, now=now)
    return begun


@transaction.atomic
def _written_page(version: AutomationVersion, since: datetime, now: datetime) -> tuple[int, bool]:
    """How many of the next written rows came in, and whether there are more; none while another worker is at it."""
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(name=f"{_ROWS}{version.pk}").first()
    horizon = outbox.horizon()
    if cursor is None or cursor.xid >= horizon - 1:
        return 0, False
    people = written(version.graph, xid=cursor.xid, after=cursor.row, horizon=horizon, limit=_PAGE)
    days = [*_days(now)]
    theirs = [(one, day) for one in people for day in days if _has(version, one, day)]
    begun = _begin(version, [(one, day) for one, day in theirs if _goes_on(one, day, now)], since, now)
    more = len(people) == _PAGE
    xid, row = (people[-1].xid, people[-1].pk) if more else (horizon - 1, 2**63 - 1)
    outbox.move_cursor(cursor=cursor, xid=xid, row=row, at=now, now=now)
    return begun, more


def _dated(version: AutomationVersion, day: date) -> date:
    """The date in profiles whose day this is: so many days before it."""
    return day - timedelta(days=version.graph["entry"].get("days", 0))


def _has(version: AutomationVersion, person: Dated, day: date) -> bool:
    """Whether it is her day."""
    yearly = version.graph["entry"].get("yearly", True)
    return person.day is not None and falls_on(person.day, _dated(version, day), yearly)


def _goes_on(person: Dated, day: date, now: datetime) -> bool:
    """Whether the day is not over where she is, or has only just ended: nobody is congratulated a day late."""
    return now < on_day(day + timedelta(days=1), time.min.isoformat(), person.zone) + LATE


def _begin(version: AutomationVersion, coming: Sequence[Coming], since: datetime, now: datetime) -> int:
    entry, journal, runs = version.graph["entry"], Journal(now), []
    known = earlier(automations=[version.automation_id], people=[person.pk for person, _ in coming])
    for person, day in coming:
        at = on_day(day, entry["at"], person.zone)
        before = known.get((version.automation_id, person.pk), Before())
        if at >= since and not why_not(version.graph, before, at=at, now=now):
            ref = f"date:{day.isoformat()}"
            run = new_run(version=version, customer_id=person.pk, ref=ref, at=now, now=now)
            run.next_at = run.clock_at = max(at, now)
            journal.note(run, "entered", {"because": "date", "day": day.isoformat()})
            runs.append(run)
    begun = store_new(runs=runs, journal=journal)
    journal.close()
    return begun
