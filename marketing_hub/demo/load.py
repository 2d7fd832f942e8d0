"""Bringing the demo in: the main job of the product on real purchases, by its own services and over its own API."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, TextIO

from django.db.models import Sum
from django.utils import timezone

from consent.models import ConsentEvent
from consent.services.consent import ConsentEntry, PersonEntries, record_consents_bulk
from core.actors import Actor
from core.errors import DomainError
from customers.models import Customer, ImportFile, ImportTarget, Purchase
from customers.selectors.customers import ids_by_reference
from marketing_hub import welcome
from marketing_hub.demo import cast
from marketing_hub.demo.activity import Activity, invent_activity
from marketing_hub.demo.automations import welcome_newcomers
from marketing_hub.demo.consents import ConsentStep, consent_steps
from marketing_hub.demo.desk import define_audiences, define_tags, open_requests
from marketing_hub.demo.files import bring_in
from marketing_hub.demo.offers import prepare_marketing
from marketing_hub.demo.people import CUSTOMER_MAPPING, Person, invent_people, write_customers
from marketing_hub.demo.progress import Progress
from marketing_hub.demo.retail import (
    KNOWN_LINES,
    KNOWN_NET,
    KNOWN_UNKNOWN,
    PURCHASE_MAPPING,
    Written,
    read_buyers,
    write_purchases,
)
from marketing_hub.demo.shop import Shop

SMALL: Final = 10
"""A small demo has one in so many people."""

_CHUNK: Final = 500
_PENNY: Final = Decimal("0.01")


class MismatchError(Exception):
    """What the product answers is not what the data is known to hold; the text says both."""


@dataclass(frozen=True, slots=True)
class Told:
    """A person and what she decided."""

    person: Person
    steps: Sequence[ConsentStep]


def is_loaded() -> bool:
    """Whether the demo came to its end in this database."""
    return welcome.demo_file().is_file()


def load(*, base_url: str, small: bool, out: TextIO) -> None:
    """The demo is in the product, every figure checked, and its logins and API client are noted for the welcome.

    Called again after an interruption it completes what is missing and doubles nothing. MismatchError when a total
    is not the known one; nothing is noted then.
    """
    progress = Progress(out)
    logins = _prepare(progress)
    now = cast.opened_at()
    shop = cast.register_shop(now=timezone.now())
    people = _invent(progress, now, small)
    _import_people(progress, people, small)
    _import_purchases(progress, people, now, small)
    told = [Told(person, consent_steps(person, now=now)) for person in people]
    _record_consents(progress, told, shop.actor)
    cast.welcome_jane(by=shop.actor, now=now)
    _send_events(progress, told, Shop(base_url, shop.client_id, shop.secret), now)
    _fill_desks(progress, people)
    _note(logins, cast.register_developer(now=timezone.now()))


def _prepare(progress: Progress) -> list[cast.Login]:
    progress.begin("logins")
    logins = cast.hire(now=timezone.now())
    progress.end(f"{len(logins)} members of staff, one a role")
    return logins


def _invent(progress: Progress, now: datetime, small: bool) -> list[Person]:
    progress.begin("people")
    people = invent_people(read_buyers(), now=now)[:: SMALL if small else 1]
    progress.end(f"{len(people):,} invented for the buyers of a real shop")
    return people


def _import_people(progress: Progress, people: Sequence[Person], small: bool) -> None:
    progress.begin("customers")
    file = bring_in(
        name=_name("customers", small),
        target=ImportTarget.CUSTOMERS,
        mapping=CUSTOMER_MAPPING,
        write=partial(write_customers, people=people),
        by=cast.importer(),
        report=progress.at,
    )
    agree("customers created by the import", file.created, len(people))
    agree("customers refused by the import", file.refused, 0)
    progress.end(f"{file.created:,} imported by {file.public_id}")


def _import_purchases(progress: Progress, people: Sequence[Person], now: datetime, small: bool) -> None:
    progress.begin("purchases")
    written = Written()

    def write(content: TextIO) -> None:
        nonlocal written
        written = write_purchases(content, now=now, buyers={person.external_id for person in people} if small else None)

    file = bring_in(
        name=_name("purchases", small),
        target=ImportTarget.PURCHASES,
        mapping=PURCHASE_MAPPING,
        write=write,
        by=cast.importer(),
        report=progress.at,
    )
    progress.end(reconcile(file, written if written.lines else None, small))


def reconcile(file: ImportFile, written: Written | None, small: bool) -> str:
    """Say how the import's figures add up to the file and, for the whole set, to the published answers.

    `written` is what this call put into the file; None when an earlier one did. MismatchError when they do not.
    """
    accepted = Decimal(file.figures["accepted"]["GBP"])
    refused = sum((Decimal(sums["GBP"]) for sums in file.figures["refused"].values()), Decimal(0))
    rows = file.created + file.updated + file.refused
    if written:
        agree("purchase lines read", rows, written.lines)
        agree("reasons of refused lines", file.reasons, {"missing_customer": written.unknown})
        agree("net value of accepted and refused lines", accepted + refused, written.net)
    if not small:
        agree("purchase lines read", rows, KNOWN_LINES)
        agree("reasons of refused lines", file.reasons, {"missing_customer": KNOWN_UNKNOWN})
        agree("net value of accepted and refused lines", (accepted + refused).quantize(_PENNY), KNOWN_NET)
    stored = Purchase.objects.filter(source=file.public_id).aggregate(net=Sum("amount"), lines=Sum("lines"))
    agree("lines of the stored orders", stored["lines"], rows - file.refused)
    agree("net value of the stored orders", stored["net"], accepted)
    return (
        f"{rows:,} lines in {file.created:,} orders; {file.refused:,} refused (missing_customer); net GBP "
        f"{accepted:,.2f} accepted + {refused:,.2f} refused = {accepted + refused:,.2f}"
    )


def _record_consents(progress: Progress, told: Sequence[Told], by: Actor) -> None:
    """Everybody's history is in the ledger; whoever has one already is left alone."""
    progress.begin("consents")
    asked = [one for one in told if one.steps]
    ids = ids_by_reference([one.person.external_id for one in asked])
    for start in range(0, len(asked), _CHUNK):
        chunk = {ids[one.person.external_id]: one for one in asked[start : start + _CHUNK]}
        known = ConsentEvent.objects.filter(customer_id__in=chunk).values_list("customer_id", flat=True).distinct()
        for pk in known:
            del chunk[pk]
        _record(chunk, by)
        progress.at(start + _CHUNK, len(asked))
    entries = sum(ConsentEvent.objects.filter(customer_id__in=part).count() for part in _parts(sorted(ids.values())))
    agree("entries in the ledger", entries, sum(len(one.steps) for one in asked))
    places = Customer.objects.filter(pk__in=ids.values()).values("country").distinct().count()
    progress.end(
        f"{entries:,} decisions of {len(asked):,} people in {places} countries; {len(told) - len(asked):,} never asked"
    )


def _record(chunk: dict[int, Told], by: Actor) -> None:
    people = [PersonEntries(pk, [_entry(step) for step in one.steps]) for pk, one in chunk.items()]
    results = record_consents_bulk(people=people, by=by, now=timezone.now(), reference="demo") if people else []
    refusals = [result for result in results if isinstance(result, DomainError)]
    if refusals:
        raise MismatchError(f"{len(refusals)} consent histories were refused, the first: {refusals[0].message}")


def _entry(step: ConsentStep) -> ConsentEntry:
    return ConsentEntry(
        purpose=step.purpose,
        event=step.event,
        source=step.source,
        notice_version=1 if step.locale else None,
        locale=step.locale,
        evidence=step.evidence,
        occurred_at=step.occurred_at,
    )


def _send_events(progress: Progress, told: Sequence[Told], shop: Shop, now: datetime) -> None:
    progress.begin("events")
    activity = invent_activity([(one.person, one.steps) for one in told], now=now)
    total = len(activity)
    verdicts = shop.send([one.body for one in activity], lambda done: progress.at(done, total))
    progress.end(judge(activity, verdicts))


def judge(activity: Sequence[Activity], verdicts: Sequence[dict[str, Any]]) -> str:
    """Say what became of the events; MismatchError unless exactly those without consent were refused for that."""
    found = Counter(
        (one.allowed, verdict.get("code") or "stored") for one, verdict in zip(activity, verdicts, strict=True)
    )
    allowed = sum(one.allowed for one in activity)
    wanted = {(True, "stored"): allowed, (False, "consent_required"): len(activity) - allowed}
    agree("verdicts on events, by whether the person agrees", dict(found), {k: n for k, n in wanted.items() if n})
    statuses = Counter(verdict["status"] for verdict in verdicts)
    again = f" ({statuses['duplicate']:,} of them sent before)" if statuses["duplicate"] else ""
    return f"{allowed:,} stored{again}, {len(activity) - allowed:,} refused with consent_required, over HTTP"


def _fill_desks(progress: Progress, people: Sequence[Person]) -> None:
    progress.begin("desks")
    audiences = define_audiences(by=cast.importer(), now=timezone.now())
    tags = define_tags(by=cast.importer(), now=timezone.now())
    requests = open_requests(people=people, by=cast.officer(), now=timezone.now())
    marketing = prepare_marketing(by=cast.importer(), now=timezone.now())
    welcomed = welcome_newcomers(by=cast.importer(), reader=cast.officer(), now=timezone.now())
    progress.end(
        f"{audiences} audiences defined, {tags} tags given by rule, {marketing}, {welcomed},"
        f" {requests} privacy requests opened"
    )


def agree(what: str, found: object, expected: object) -> None:
    """Return when both are equal; MismatchError with both otherwise."""
    if found != expected:
        raise MismatchError(f"{what}: {found}, expected {expected}.")


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]


def _name(what: str, small: bool) -> str:
    return f"online-shop-{what}{'-small' if small else ''}.csv"


def _note(logins: Sequence[cast.Login], developer: cast.DemoClient) -> None:
    """Leave the logins and the API client for the welcome, readable by the owner only; the demo is loaded."""
    scopes = sorted(cast.DEVELOPER_SCOPES)
    client = {"client_id": developer.client_id, "client_secret": developer.secret, "scopes": scopes}
    people = [{"role": one.role, "email": one.email, "password": one.password} for one in logins]
    path = welcome.demo_file()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"logins": people, "client": client}, indent=2))
    fresh.replace(path)
