"""What the invented people did lately, as events in the API's own spelling: pure and deterministic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from consent.rules.periods import add_months
from consent.rules.policy import resolve
from marketing_hub.demo.consents import MAILING, TRACKING, ConsentStep, allowed_between
from marketing_hub.demo.people import Person, dice

SHOP = "https://shop.example.com"
ORDERS_LOOKED_AT = 2
DAYS_BACK = 60
MAILING_DAYS = 30
_TUESDAY = 1
_PAGES = ("/", "/new", "/sale", "/gifts", "/kitchen", "/garden")
_DEVICES = ("mobile", "desktop", "tablet")
_DEVICE_SHARES = (55, 35, 10)
_OPENS, _CLICKS, _VISITS = 0.4, 0.25, 0.8
_UNASKED_VISITS = 0.1
_ACTIVE_NOW, _PRESSES = 0.02, 0.5
_ABOUT_TO_RUN_OUT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Activity:
    """An event body for `POST /engagement/events`.

    `allowed` says whether the person agrees to tracking now, once her whole consent history is on record, and her yes
    has not run out by the law of her place; the few that are not allowed are there to be refused with
    `consent_required`.
    """

    at: datetime
    body: dict[str, Any]
    allowed: bool


def invent_activity(people: Iterable[tuple[Person, Sequence[ConsentStep]]], *, now: datetime) -> list[Activity]:
    """All events in order of time, none after `now` and none older than 60 days.

    Around each person's last two purchases a visit, a look and a click; to the mailings of the last 30 days opens,
    clicks and visits; a few people are in the shop within the last hour. Nobody is there whose consent runs out
    within a week, so that the answers hold for some days.
    """
    mailings = list(_mailings(now))
    found = [
        activity
        for person, steps in people
        for activity in _of(person, steps, mailings, now)
        if now - timedelta(days=DAYS_BACK) < activity.at <= now
    ]
    return sorted(found, key=lambda activity: (activity.at, activity.body["eventId"]))


def _of(
    person: Person, steps: Sequence[ConsentStep], mailings: Sequence[datetime], now: datetime
) -> Iterator[Activity]:
    luck = dice("activity", person.external_id)
    agreed_at = _agreed_at(steps)
    ends_at = _runs_out_at(person, agreed_at) if agreed_at else now
    if now < ends_at < now + _ABOUT_TO_RUN_OUT:
        return
    hand = _Hand(person, luck, agreed_at if ends_at > now else None)
    if hand.agreed_at is None:
        if luck.random() < _UNASKED_VISITS:
            yield hand.visit(now - timedelta(minutes=luck.randint(60, MAILING_DAYS * 1440)))
        return
    for order in person.orders[-ORDERS_LOOKED_AT:]:
        yield from (activity for activity in _shopping(hand, luck, order) if activity.at >= hand.agreed_at)
    mailing = allowed_between(steps, MAILING)
    for sent in mailings:
        if mailing and mailing[0] <= sent and (mailing[1] is None or sent < mailing[1]):
            yield from _reading(hand, luck, sent)
    if luck.random() < _ACTIVE_NOW:
        yield from _browsing(hand, luck, now)


def _agreed_at(steps: Sequence[ConsentStep]) -> datetime | None:
    agreed = allowed_between(steps, TRACKING)
    return agreed[0] if agreed and agreed[1] is None else None


def _runs_out_at(person: Person, agreed_at: datetime) -> datetime:
    """The end of the longest time that a consent to tracking lasts where she lives."""
    return add_months(agreed_at, resolve(person.country).cookie_max_age_months)


class _Hand:
    """Writes the events of one person."""

    def __init__(self, person: Person, luck: Random, agreed_at: datetime | None) -> None:
        self._user, self._luck, self.agreed_at = person.external_id, luck, agreed_at
        self._device = luck.choices(_DEVICES, _DEVICE_SHARES)[0]

    def visit(self, at: datetime) -> Activity:
        """A page of the shop was opened."""
        return self.act("page-view", at, properties={"url": SHOP + self._luck.choice(_PAGES)})

    def act(self, kind: str, at: datetime, **members: Any) -> Activity:
        """An event of a kind at an instant, with its members."""
        at = at.replace(microsecond=0)
        body = {
            "type": kind,
            "eventId": str(UUID(int=self._luck.getrandbits(128), version=4)),
            "userId": self._user,
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "deviceType": self._device,
        }
        return Activity(at, body | members, allowed=self.agreed_at is not None)


def _shopping(hand: _Hand, luck: Random, order: datetime) -> Iterator[Activity]:
    campaign = f"promo_{order.year}_q{(order.month + 2) // 3}"
    yield hand.visit(order - timedelta(minutes=luck.randint(600, 2800)))
    yield hand.act("view", order - timedelta(minutes=luck.randint(30, 90)), campaignId=campaign)
    click = order - timedelta(minutes=luck.randint(4, 25))
    yield hand.act("click", click, campaignId=campaign, elementId="add-to-basket")


def _reading(hand: _Hand, luck: Random, sent: datetime) -> Iterator[Activity]:
    if luck.random() > _OPENS:
        return
    campaign = f"newsletter_{sent:%Y_%m_%d}"
    opened = sent + timedelta(minutes=luck.randint(1, 2000))
    yield hand.act("open", opened, campaignId=campaign)
    if luck.random() > _CLICKS:
        return
    clicked = opened + timedelta(seconds=luck.randint(5, 240))
    yield hand.act("click", clicked, campaignId=campaign, elementId=luck.choice(("hero", "offer-1", "offer-2")))
    if luck.random() < _VISITS:
        yield hand.visit(clicked + timedelta(seconds=2))


def _browsing(hand: _Hand, luck: Random, now: datetime) -> Iterator[Activity]:
    """In the shop within the last hour: a page, an offer on it, and half the time a click, all before `now`."""
    came = now - timedelta(minutes=luck.randint(1, 55), seconds=luck.randint(40, 59))
    campaign = f"promo_{now.year}_q{(now.month + 2) // 3}"
    yield hand.visit(came)
    yield hand.act("view", came + timedelta(seconds=luck.randint(2, 20)), campaignId=campaign)
    if luck.random() < _PRESSES:
        at = came + timedelta(seconds=luck.randint(21, 95))
        yield hand.act("click", at, campaignId=campaign, elementId=luck.choice(("hero", "offer-1", "add-to-basket")))


def _mailings(now: datetime) -> Iterator[datetime]:
    """Tuesdays at nine (UTC) of the last 30 days, oldest first."""
    today = now.astimezone(UTC).date()
    for back in range(MAILING_DAYS, 0, -1):
        day = today - timedelta(days=back)
        if day.weekday() == _TUESDAY:
            yield datetime.combine(day, time(9), tzinfo=UTC)
