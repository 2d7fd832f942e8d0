"""The desk's questions: the queue, one request, its dates and the reasons for them, what is due and what is late."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q, QuerySet

from consent.models import ClockEntry, DataRequest, LegalHold, Letter, RequestEvent, RequestPackage, RequestStep
from consent.rules.regimes import zone_of
from consent.rules.request_clock import Dates, dates_of, known_regime
from consent.rules.request_steps import ERASING
from consent.rules.requests import KEEPABLE, LANES, Kind, Lane, Verb, urgency
from core import privacy
from core.crypto import keyed_hash, seal, unseal
from core.errors import NotFound
from core.models import StaffUser
from customers.models import Customer, Identity, IdentityKind
from customers.rules.identity import BadIdentity, normalise
from customers.selectors.recipients import check_leaving

CARDS_A_LANE: Final = 25
REQUEST_CONTEXT: Final = "privacy request"
NEAR_MISSES: Final = 10


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the board: its cards, most pressing first, and how many there are in all."""

    lane: Lane
    cards: list[DataRequest]
    total: int


def list_requests() -> QuerySet[DataRequest]:
    """Every request with the profile it is about."""
    return DataRequest.objects.select_related("customer")


def find_request(reference: str) -> DataRequest:
    """The request with this public id; NotFound otherwise."""
    row = list_requests().filter(public_id=reference).first()
    if row is None:
        raise NotFound("There is no privacy request with this id.")
    return row


def request_for(recipient: str, /, *, reference: str, now: datetime) -> DataRequest:
    """As `find_request`, for this API client; Forbidden, with the reason, where nothing about its person may go."""
    row = find_request(reference)
    check_leaving(recipient, customer_ids=[row.customer_id] if row.customer_id else [], now=now)
    return row


def board(rows: QuerySet[DataRequest]) -> list[Column]:
    """The columns with at most 25 cards each; six queries whatever the number of requests."""
    totals: dict[str, int] = dict(rows.order_by().values_list("state").annotate(number=Count("pk")))
    columns = []
    for lane, states in LANES.items():
        order = ("-closed_at", "-id") if lane is Lane.DONE else ("safe_due", "id")
        cards = list(rows.filter(state__in=states).order_by(*order)[:CARDS_A_LANE])
        columns.append(Column(lane, cards, sum(totals.get(state, 0) for state in states)))
    return columns


def count_open() -> int:
    """How many requests wait for an answer."""
    return DataRequest.objects.open().count()


def count_late(now: datetime) -> int:
    """How many open requests are past the day we work towards, each by the day it is at the place of its law."""
    return past_due(DataRequest.objects.open(), now).count()


def past_due(rows: QuerySet[DataRequest], now: datetime) -> QuerySet[DataRequest]:
    """Those of these requests that are past the day we work towards, each by the day it is at the place of its law.

    One query more than a comparison with one day, for the laws of what is due about now.
    """
    earliest, latest = days_on_earth(now)
    about_now = DataRequest.objects.open().filter(safe_due__gte=earliest, safe_due__lt=latest)
    late = Q(safe_due__lt=earliest)
    for regime in about_now.order_by().values_list("regime", flat=True).distinct():
        late |= Q(regime=regime, safe_due__lt=local_day(regime, now))
    return rows.filter(late)


def days_on_earth(now: datetime) -> tuple[date, date]:
    """The earliest and the latest day that it is anywhere (UTC-12 and UTC+14)."""
    earliest, latest = ((now + timedelta(hours=hours)).astimezone(UTC).date() for hours in (-12, 14))
    return earliest, latest


def count_failed_tasks() -> tuple[int, date] | None:
    """How many open requests have a failed task, and the earliest day one of them is due; None when there is none."""
    found = DataRequest.objects.open().filter(steps__state="failed")
    told = found.aggregate(number=Count("pk", distinct=True), earliest=Min("safe_due"))
    return (told["number"], told["earliest"]) if told["number"] else None


def dates_now(request: DataRequest, today: date, entries: Iterable[ClockEntry] | None = None) -> Dates:
    """The due dates of a request, computed from its clock rows."""
    rows = clock_of(request) if entries is None else entries
    return dates_of(kind=request.kind, regime=request.regime, entries=rows, today=today)


def clock_of(request: DataRequest) -> list[ClockEntry]:
    """The clock rows in the order in which they came."""
    return list(ClockEntry.objects.filter(request=request).order_by("id"))


def local_day(regime: str, at: datetime) -> date:
    """The day on which an instant falls at the place of the regime."""
    return at.astimezone(ZoneInfo(zone_of(known_regime(regime)))).date()


def noon_of(regime: str, day: date) -> datetime:
    """Noon of this day at the place of the regime: stands for a day of which no hour is known."""
    return datetime.combine(day, time(12), tzinfo=ZoneInfo(zone_of(known_regime(regime))))


def days_left(request: DataRequest, now: datetime) -> int:
    """How many days are left until the day we work towards, at the place of its law; negative when it is past."""
    return (request.safe_due - local_day(request.regime, now)).days


def tone_of(request: DataRequest, now: datetime) -> str:
    """How pressing an open request is."""
    return urgency(days_left(request, now), (request.safe_due - request.received_on).days)


def steps_of(request: DataRequest) -> list[RequestStep]:
    """The tasks of a request in their order."""
    return list(RequestStep.objects.filter(request=request).order_by("order", "id"))


def history_of_request(request: DataRequest, limit: int = 200) -> list[RequestEvent]:
    """What happened, newest first."""
    return list(RequestEvent.objects.filter(request=request).order_by("-id")[:limit])


def letters_of(request: DataRequest) -> list[Letter]:
    """The letters of a request, newest first."""
    return list(Letter.objects.filter(request=request).order_by("-id")[:50])


def find_step(request: DataRequest, pk: int) -> RequestStep:
    """A task of this request; NotFound for one of another."""
    step = RequestStep.objects.filter(request=request, pk=pk).first()
    if step is None:
        raise NotFound("This request has no such task.")
    return step


def active_hold(request: DataRequest) -> LegalHold | None:
    """The legal hold on the person, if one stands."""
    if request.customer_id is None:
        return None
    return LegalHold.objects.filter(customer_id=request.customer_id, lifted_at__isnull=True).order_by("id").first()


def why_held(customer_ids: Sequence[int], /) -> str:
    """Which legal hold forbids to erase one of these people, in a sentence; empty when none does."""
    return next(iter(holds_on(customer_ids).values()), "")


def holds_on(customer_ids: Sequence[int], /) -> dict[int, str]:
    """Those of these people who may not be erased, each with the legal hold that forbids it, in a sentence."""
    holds, found = LegalHold.objects.filter(customer_id__in=customer_ids, lifted_at__isnull=True), dict[int, str]()
    for owner, scope in holds.order_by("id").values_list("customer_id", "scope"):
        found.setdefault(owner, f"A legal hold stands ({scope}); nothing of this person may be erased.")
    return found


def package_of(request: DataRequest) -> RequestPackage | None:
    """The newest package of a request."""
    return RequestPackage.objects.filter(request=request).order_by("-id").first()


def open_twins(*, kind: str, contact_hash: str, customer_id: int | None, purpose: str = "") -> QuerySet[DataRequest]:
    """Open requests of the same person for the same thing, oldest first."""
    same = Q(customer_id=customer_id) if customer_id else Q(pk__in=[])
    if contact_hash:
        same |= Q(contact_hash=contact_hash)
    return DataRequest.objects.open().filter(same, kind=kind, purpose=purpose).order_by("received_at", "id")


def contact_hash_of(address: str) -> str:
    """The keyed hash under which a requester's address is found again, however it was typed."""
    try:
        return keyed_hash("request-contact", normalise(IdentityKind.EMAIL, address))
    except BadIdentity:
        return ""


def sealed(text: str) -> str:
    """Encrypted; empty stays empty."""
    return seal(text, REQUEST_CONTEXT) if text else ""


def opened(text: str) -> str:
    """The text of `sealed`."""
    return unseal(text, REQUEST_CONTEXT) if text else ""


def contacts_of(rows: Iterable[DataRequest]) -> Mapping[int, str]:
    """The address of each requester, by number of the request; empty when it was forgotten."""
    return {row.pk: opened(row.contact_sealed) for row in rows}


def person_behind(address: str) -> Customer | None:
    """The living profile with this e-mail address, however it was typed."""
    try:
        value = normalise(IdentityKind.EMAIL, address)
    except BadIdentity:
        return None
    found = Identity.objects.select_related("customer").filter(kind=IdentityKind.EMAIL, value=value).first()
    return found.customer if found else None


def near_misses(address: str) -> list[Customer]:
    """Profiles whose address begins alike: the same name before the at sign, or before a plus in it."""
    local = address.partition("@")[0].partition("+")[0].strip().lower()
    if len(local) < 3:
        return []
    alike = Q(email__startswith=f"{local}@") | Q(email__startswith=f"{local}+")
    return list(Customer.objects.known().filter(alike).order_by("id")[:NEAR_MISSES])


def names_of_staff(actors: Iterable[str]) -> dict[str, str]:
    """The names behind actors such as `staff:usr_...`; one query."""
    ids = {actor.removeprefix("staff:") for actor in actors if actor.startswith("staff:")}
    rows = StaffUser.objects.filter(public_id__in=ids).values_list("public_id", "name")
    return {f"staff:{public_id}": name for public_id, name in rows}


def officers() -> list[StaffUser]:
    """Staff to whom a request can be given."""
    found = StaffUser.objects.filter(is_active=True, role__in=("compliance_officer", "superuser"))
    return list(found.order_by("name", "id")[:200])


def refusable_parts(request: DataRequest, /) -> dict[str, str]:
    """The places of the privacy registry that can be refused by themselves, and what they hold, by what they hold.

    Of an erasure only those whose rows may stay when their person is gone.
    """
    places = sorted(privacy.places(), key=lambda place: place.category)
    if request.kind == Kind.ERASURE:
        whole = request.verb == Verb.ERASE and not request.purpose
        places = [place for place in places if whole and place.name in KEEPABLE]
    return {place.name: place.category for place in places}


def erasure_has_begun(request: DataRequest, /) -> bool:
    """Whether a place was erased for it already, so that it can neither be refused nor withdrawn any more."""
    return RequestStep.objects.filter(request=request, action__in=ERASING, state="done").exists()


def unfinished(request: DataRequest, actions: Iterable[str]) -> int:
    """How many tasks of these kinds are neither done nor skipped."""
    return RequestStep.objects.filter(
        request=request, action__in=list(actions), state__in=["waiting", "failed"]
    ).count()


def requests_of(customer: Customer) -> list[DataRequest]:
    """The requests of a customer, newest first."""
    return list(DataRequest.objects.filter(customer=customer).order_by("-id")[:20])


def explanation(request: DataRequest, today: date) -> dict[str, Any]:
    """Both dates, why, and everything they were computed from."""
    entries = clock_of(request)
    dates = dates_now(request, today, entries)
    answer = dates.answer
    return {
        "regime": request.regime,
        "law": known_regime(request.regime).law.name,
        "law_due": answer.law_due,
        "safe_due": answer.safe_due,
        "short_due": dates.short_due,
        "acknowledge_by": dates.acknowledge.safe_due,
        "extension": answer.extension,
        "extension_notice_by": answer.notice_by,
        "days_stopped": answer.days_stopped,
        "paused_for": request.paused_for or None,
        "why": list(answer.why),
        "rule_set": answer.rule_set,
        "holiday_set": answer.holiday_set,
        "clock": [
            {"kind": row.kind, "question": row.question or None, "on": row.on, "at": row.at, "by": row.by}
            for row in entries
        ],
        "stale": (answer.law_due, answer.safe_due) != (request.law_due, request.safe_due),
    }


def waiting_for_reminder(now: datetime) -> QuerySet[DataRequest]:
    """Open requests with two weeks left or less whose last rung was not told, most pressing first."""
    soon = (now + timedelta(days=15)).date()
    return DataRequest.objects.open().filter(safe_due__lte=soon, reminded__lt=4).order_by("safe_due", "id")
