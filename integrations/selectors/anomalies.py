"""What is unusual now, from figures that are there already; what was found, what is muted."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from consent.selectors.disclosures import people_by_day
from core.errors import NotFound
from core.models import AuditEntry, StaffUser
from integrations.models import Anomaly, AnomalyState, ApiClient, ClientNetwork, DailyUsage, Mute, RefusedRequest
from integrations.rules.anomalies import (
    BURST_WITHIN,
    BURSTS,
    DAYS_BEHIND,
    LEARNED_IN,
    LEAST,
    LOOKED_BACK,
    REST_ACTION,
    Finding,
    Kind,
    Place,
    burst,
    multiple,
    network_of,
    new_place,
)

MOST: Final = 500
"""Clients, members of staff or networks looked at for one kind at a time: those with the most first."""
_KNOWN_DAYS: Final = timedelta(days=90)
_OF_API: Final = "client:"


def unusual(*, now: datetime) -> list[Finding]:
    """Everything unusual at this instant, of all kinds; at most MOST of each. A dozen queries."""
    found = [
        *_refusals(now),
        *_volumes(now),
        *_reads(now),
        *_new_networks(now),
        *_rests(now),
        *_sign_in_refusals(now),
        *_sign_in_networks(now),
    ]
    return [finding for finding in found if finding is not None]


def _refusals(now: datetime) -> Iterator[Finding | None]:
    rows = RefusedRequest.objects.filter(minute__gt=now - BURST_WITHIN, status__in=(401, 403, 404))
    closed, missing = Sum("count", filter=~Q(status=404)), Sum("count", filter=Q(status=404))
    counted = rows.order_by().values("client_id").annotate(closed=closed, missing=missing)
    for row in counted.order_by("-closed", "client_id")[:MOST]:
        for kind, seen in ((Kind.REFUSALS, row["closed"]), (Kind.GUESSING, row["missing"])):
            yield burst(kind=kind, subject=row["client_id"], day=now.date(), seen=seen or 0)


def _volumes(now: datetime) -> Iterator[Finding | None]:
    today = now.astimezone(UTC).date()
    days = DailyUsage.objects.exclude(client_id="").order_by().values("client_id", "day").annotate(total=Sum("calls"))
    many = days.filter(day=today, total__gte=LEAST[Kind.VOLUME]).order_by("-total")[:MOST]
    seen = {row["client_id"]: row["total"] for row in many}
    before = days.filter(client_id__in=seen, day__lt=today, day__gte=today - timedelta(days=DAYS_BEHIND))
    series = _series((row["client_id"], row["day"], row["total"]) for row in before)
    for name, total in seen.items():
        yield multiple(kind=Kind.VOLUME, subject=name, day=today, seen=total, before=series[name])


def _reads(now: datetime) -> Iterator[Finding | None]:
    start = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    today = start.date()
    seen = {
        name: people
        for name, _, people in people_by_day(prefix=_OF_API, since=start, least=LEAST[Kind.READS], most=MOST)
    }
    since = start - timedelta(days=DAYS_BEHIND)
    rows = people_by_day(recipients=list(seen), since=since, until=start, most=MOST * DAYS_BEHIND) if seen else []
    series = _series(rows)
    for name, people in seen.items():
        subject = name.removeprefix(_OF_API)
        yield multiple(kind=Kind.READS, subject=subject, day=today, seen=people, before=series[name])


def _series(rows: Iterable[tuple[str, date, int]]) -> dict[str, list[int]]:
    series: dict[str, list[int]] = defaultdict(list)
    for name, _, number in sorted(rows):
        series[name].append(number)
    return series


def _new_networks(now: datetime) -> Iterator[Finding | None]:
    fresh = list(ClientNetwork.objects.filter(first_at__gt=now - LOOKED_BACK).order_by("-first_at")[:MOST])
    others: dict[str, list[Place]] = defaultdict(list)
    for row in ClientNetwork.objects.filter(client_id__in={row.client_id for row in fresh}).order_by("first_at")[
        : MOST * 20
    ]:
        others[row.client_id].append(_place(row))
    for row in fresh:
        yield new_place(subject=row.client_id, place=_place(row), others=others[row.client_id])


def _place(row: ClientNetwork) -> Place:
    return Place(row.network, row.country, row.first_at)


def _rests(now: datetime) -> Iterator[Finding | None]:
    """Of the services of clients, which see the instant of the use before."""
    woken = AuditEntry.objects.filter(action=REST_ACTION, at__gt=now - LOOKED_BACK).order_by("-at", "-id")[:MOST]
    for entry in woken:
        rested = int(entry.changes.get("rested_days", [None, 0])[1])
        yield Finding(Kind.REST, entry.target, entry.at.astimezone(UTC).date().isoformat(), rested)


def _sign_in_refusals(now: datetime) -> Iterator[Finding | None]:
    actions = ("staff.sign_in_refused", "staff.code_refused", "staff.single_sign_on_refused")
    rows = AuditEntry.objects.filter(action__in=actions, at__gt=now - BURST_WITHIN).order_by()
    counted = rows.values("target").annotate(seen=Count("id")).filter(seen__gte=BURSTS[Kind.SIGN_IN_REFUSALS])
    for row in counted.order_by("-seen", "target")[:MOST]:
        yield burst(kind=Kind.SIGN_IN_REFUSALS, subject=row["target"], day=now.date(), seen=row["seen"])


def _sign_in_networks(now: datetime) -> Iterator[Finding | None]:
    entries = AuditEntry.objects.filter(action="staff.signed_in", ip__isnull=False).order_by()
    lately = entries.filter(at__gt=now - LOOKED_BACK).values("target").annotate(last=Max("at")).order_by("-last")
    people = [row["target"] for row in lately[:MOST]]
    rows = entries.filter(target__in=people, at__gt=now - _KNOWN_DAYS - LEARNED_IN).values("target", "ip")
    places: dict[str, dict[str, datetime]] = defaultdict(dict)
    for row in rows.annotate(first=Min("at")).order_by("first")[: MOST * 20]:
        places[row["target"]].setdefault(network_of(str(row["ip"])), row["first"])
    for person, networks in places.items():
        known = [Place(network, "", since) for network, since in networks.items()]
        for place in known:
            if now - place.since < LOOKED_BACK:
                yield new_place(subject=person, place=place, others=known, staff=True)


def list_anomalies() -> QuerySet[Anomaly]:
    """Everything found, in no order."""
    return Anomaly.objects.all()


def find_anomaly(*, public_id: str) -> Anomaly:
    """The one with this public id; NotFound otherwise."""
    found = Anomaly.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such alert.")
    return found


def waiting_anomalies() -> QuerySet[Anomaly]:
    """Open and not muted, the newest first."""
    return Anomaly.objects.filter(state=AnomalyState.OPEN, muted=False).order_by("-created_at", "-id")


def list_mutes() -> QuerySet[Mute]:
    """Every mute, also those that are over."""
    return Mute.objects.all()


def find_mute(*, public_id: str) -> Mute:
    """The one with this public id; NotFound otherwise."""
    found = Mute.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("There is no such mute.")
    return found


def is_muted(*, subject: str, kind: str, now: datetime) -> bool:
    """Whether nobody wants to be told of this."""
    return Mute.objects.filter(subject=subject, kind__in=("", kind), until__gt=now).exists()


def muted_of(*, kind: str, now: datetime) -> set[str]:
    """The subjects that are muted for this kind; at most MOST."""
    rows = Mute.objects.filter(kind__in=("", kind), until__gt=now).order_by("-created_at")
    return set(rows.values_list("subject", flat=True)[:MOST])


def subject_names(*, subjects: Collection[str]) -> dict[str, str]:
    """Names of clients and of members of staff by public id; those that are gone are absent."""
    clients = ApiClient.objects.filter(public_id__in=subjects).values_list("public_id", "name")
    staff = StaffUser.objects.filter(public_id__in=subjects).values_list("public_id", "name")
    return {**dict(clients), **dict(staff)}
