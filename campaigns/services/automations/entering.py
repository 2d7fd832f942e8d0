"""Coming in without a signal: put in by a system or a member of staff, or because a day has come."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from campaigns.models import Automation, AutomationVersion, Run
from campaigns.rules.automations.delays import on_day
from campaigns.rules.automations.entering import Before, why_not
from campaigns.rules.automations.states import AutomationState, VersionState
from campaigns.rules.quiet import zone_of
from campaigns.selectors.automations.listing import earlier
from campaigns.services.automations.definitions import locked
from campaigns.services.automations.following import new_run, store_new
from campaigns.services.automations.recording import Journal
from core import audit, outbox
from core.actors import Actor, ActorKind
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import Cursor
from customers.models import Customer, Status

REFUSED: Final = {
    "was_in_before": "This customer was in the automation before; its policy lets nobody in twice.",
    "is_in_already": "This customer is under way in the automation.",
    "was_in_lately": "This customer was in the automation too short a time ago for its policy.",
}
_PAGE: Final = 2_000
DATES: Final = {name: f"c.{name}" for name in ("birth_date", "created_at", "last_order_at")}
# A value that was sealed since the automation was published is no date any more.
OWN_DATE: Final = (
    "CASE jsonb_typeof(c.attributes -> %(attribute)s) WHEN 'string' THEN c.attributes ->> %(attribute)s END"
)
# Somebody born on 29 February has her day on the 28th in other years.
_YEARLY: Final = """
(extract(month FROM f.day) = %(month)s AND extract(day FROM f.day) = %(day)s
    OR %(leapless)s AND extract(month FROM f.day) = 2 AND extract(day FROM f.day) = 29) AND f.day < %(on)s
"""
_DUE: Final = """
SELECT c.id, c.time_zone FROM customers_customer c CROSS JOIN LATERAL (SELECT ({field})::date AS day) f
WHERE c.id > %(after)s AND c.is_known AND c.merged_into_id IS NULL AND c.status <> 'deleted' AND {day}
ORDER BY c.id LIMIT %(limit)s
"""


@transaction.atomic
def enrol(*, automation: Automation, customer: Customer, ref: str, key: str = "", by: Actor, now: datetime) -> Run:
    """The customer is under way; the same `ref` again answers the run it began.

    Refused unless the automation is active and the customer alive, and when its policy does not let her in.
    """
    automation = locked(automation=automation)
    version = AutomationVersion.objects.filter(automation=automation, state=VersionState.LIVE).first()
    if automation.state != AutomationState.ACTIVE or version is None:
        raise InvalidState("Only an active automation lets somebody in.")
    if not customer.is_known or customer.merged_into_id or customer.status == Status.DELETED:
        raise InvalidInput("This customer is a visitor, erased, or was merged with another one.", param="customer")
    if len(ref) > 100 or not ref.isprintable() or len(key) > 200:
        raise InvalidInput("Invalid 'ref': a text of at most 100 characters.", param="ref")
    begun = Run.objects.filter(automation=automation, customer=customer, ref=f"api:{ref}").first()
    if begun:
        return begun
    before = earlier(automations=[automation.pk], people=[customer.pk]).get((automation.pk, customer.pk), Before())
    if reason := why_not(version.graph, before, at=now, now=now):
        raise Conflict(REFUSED[reason], code=reason)
    run = new_run(version=version, customer_id=customer.pk, ref=f"api:{ref}", at=now, now=now)
    run.key = key
    journal = Journal(now)
    because = "by hand" if by.kind == ActorKind.STAFF else "api"
    journal.note(run, "entered", {"because": because, "by": str(by)})
    store_new(runs=[run], journal=journal)
    journal.close()
    audit.record(by=by, action="automation.enrolled", target=automation.public_id, changes={"run": ["", run.public_id]})
    outbox.publish(topic="automation.enrolled", subject=customer.public_id, payload={"run": run.public_id})
    return run


def enter_by_date(*, now: datetime) -> int:
    """Whoever's day is tomorrow or today has a run that begins at the hour, where she is; how many came in.

    A day is looked at once, from the moment on at which it begins anywhere on earth (UTC+14), so that nobody's hour has
    passed; a worker killed on the way goes on behind the last page.
    """
    rows = AutomationVersion.objects.filter(state=VersionState.LIVE, automation__state=AutomationState.ACTIVE)
    dated = [row for row in rows.select_related("automation").order_by("pk") if row.graph["entry"]["on"] == "date"]
    return sum(_enter_day(version, (now + timedelta(hours=14)).date(), now) for version in dated)


def _enter_day(version: AutomationVersion, day: date, now: datetime) -> int:
    begun = 0
    while True:
        page = _enter_page(version, day, now)
        if page is None:
            return begun
        begun += page


@transaction.atomic
def _enter_page(version: AutomationVersion, day: date, now: datetime) -> int | None:
    """How many of the next page came in; None when the day is done or another worker is at it."""
    name = f"automations.day:{version.automation.public_id}"
    Cursor.objects.get_or_create(name=name)
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(name=name).first()
    # `xid` holds the day, `row` the last customer of it that was looked at, -1 when all were.
    if cursor is None or (cursor.xid, cursor.row) == (day.toordinal(), -1):
        return None
    after = cursor.row if cursor.xid == day.toordinal() else 0
    entry = version.graph["entry"]
    people = _due(entry, day - timedelta(days=entry.get("days", 0)), after)
    begun = _begin(version, day, people, now)
    last = people[-1][0] if len(people) == _PAGE else -1
    Cursor.objects.filter(pk=name).update(xid=day.toordinal(), row=last, at=now, updated_at=now)
    return begun


def _due(entry: dict[str, Any], on: date, after: int) -> list[tuple[int, str]]:
    name = entry["field"]
    values: dict[str, Any] = {"after": after, "limit": _PAGE, "on": on, "month": on.month, "day": on.day}
    leap = on.year % 4 == 0 and (on.year % 100 != 0 or on.year % 400 == 0)
    values["leapless"] = (on.month, on.day) == (2, 28) and not leap
    values["attribute"] = name.removeprefix("attributes.")
    field = DATES.get(name, OWN_DATE)
    statement = _DUE.format(field=field, day=_YEARLY if entry.get("yearly", True) else "f.day = %(on)s")
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _begin(version: AutomationVersion, day: date, people: Sequence[tuple[int, str]], now: datetime) -> int:
    journal, runs = Journal(now), []
    known = earlier(automations=[version.automation_id], people=[pk for pk, _ in people])
    for pk, zone in people:
        at = on_day(day, version.graph["entry"]["at"], zone_of(zone, settings.COMPANY_TIME_ZONE))
        before = known.get((version.automation_id, pk), Before())
        if not why_not(version.graph, before, at=max(at, now), now=now):
            run = new_run(version=version, customer_id=pk, ref=f"date:{day.isoformat()}", at=now, now=now)
            run.next_at = run.clock_at = max(at, now)
            journal.note(run, "entered", {"because": "date", "day": day.isoformat()})
            runs.append(run)
    begun = store_new(runs=runs, journal=journal)
    journal.close()
    return begun
