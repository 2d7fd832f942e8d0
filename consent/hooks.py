"""What consent contributes to the floors below.

Importing this module registers; the foundation does so at start-up.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from redis.exceptions import RedisError

from consent.models import (
    Confirmation,
    ConsentEvent,
    ConsentState,
    ConsentToken,
    DataRequest,
    Disclosure,
    LegalHold,
    Restriction,
    Suppression,
)
from consent.selectors import papers, personal
from consent.selectors.answers import expand_consent
from consent.selectors.criteria import CONSENT
from consent.selectors.disclosures import collect_recipients
from consent.selectors.figures import reach_by_email
from consent.selectors.merging import preview_consent
from consent.selectors.purposes import importable_purposes
from consent.selectors.requests import why_held
from consent.selectors.restrictions import collect_restrictions
from consent.selectors.segments import CRITERIA, GATE
from consent.selectors.suppression import suppressed_among
from consent.selectors.timeline import CONSENT_SOURCE
from consent.services import disclosures, erasure
from consent.services.bulk import SUPPRESS
from consent.services.hearing import record_signal
from consent.services.imports import (
    check_imported_basis,
    invalidate_imported_consent,
    record_imported_consent,
)
from consent.services.masks import recompute_masks
from consent.services.merging import absorb_consent, restore_consent
from consent.services.onetrust_files import record_rows
from consent.services.request_purposes import TAGS, move_tags, register_mover
from consent.services.restrictions import erase_restrictions
from core import menu, privacy
from core.actors import Actor
from core.api.gpc import Name, register_hearer
from core.errors import DomainError, Problem
from core.privacy import PersonalData
from customers.models import ImportTarget
from customers.rules.drafts import DecisionDraft
from customers.selectors.criteria import register_criterion
from customers.selectors.expansions import register_expansion
from customers.selectors.import_steps import Preparing, register_preparing
from customers.selectors.merges import register_merge_preview
from customers.selectors.origins import register_namer
from customers.selectors.purposes import register_purposes
from customers.selectors.recipients import Recipients, register_recipients
from customers.selectors.segments.gates import register_gate
from customers.selectors.segments.registry import register_segment_criterion
from customers.selectors.timeline import register_source
from customers.services import guards
from customers.services.bulk import register_bulk_step
from customers.services.guards import MergePart, Pair
from customers.services.telling import register_keeper

_PLACES: Final = (
    PersonalData(
        name="consent.requests",
        model=DataRequest,
        category="requests about their data, and what became of them",
        purpose="answering people and proving it",
        retention="24 months after closing (11 CCR 7101(a)); the address until the answer has left",
        collect=personal.collect_requests,
        erase=erasure.forget_requesters,
        order=540,
        kept_because="GDPR Art. 5(2), 17(3)(b): the record of a request stays without its address",
    ),
    PersonalData(
        name="consent.holds",
        model=LegalHold,
        category="legal holds on their data",
        purpose="keeping what a court may ask for",
        retention="for good, under a public id",
        collect=personal.collect_holds,
        erase=erasure.keep_holds,
        order=550,
        kept_because="GDPR Art. 17(3)(e): legal claims",
    ),
    PersonalData(
        name="consent.disclosures",
        model=Disclosure,
        category="who received their data, how and when",
        purpose="naming recipients, and telling them what changed",
        retention="24 months unless DISCLOSURE_RETENTION_MONTHS says otherwise",
        collect=collect_recipients,
        erase=disclosures.keep_disclosures,
        order=560,
        kept_because="GDPR Art. 19: recipients are told of the erasure; the record holds a number only",
    ),
    PersonalData(
        name="consent.restrictions",
        model=Restriction,
        category="restrictions on the use of their data",
        purpose="keeping to what people asked for",
        retention="as long as the customer",
        collect=collect_restrictions,
        erase=erase_restrictions,
        order=545,
    ),
    PersonalData(
        name="consent.tokens",
        model=ConsentToken,
        category="consent tokens issued",
        purpose="proof of permission for events",
        retention="as long as the events they allowed",
        collect=personal.collect_tokens,
        erase=erasure.erase_tokens,
        order=500,
    ),
    PersonalData(
        name="consent.confirmations",
        model=Confirmation,
        category="questions by e-mail whether they agree, and the answers",
        purpose="double opt-in and renewal of consent",
        retention="400 days after closing; the address until answered or expired",
        collect=personal.collect_confirmations,
        erase=erasure.erase_confirmations,
        order=505,
    ),
    PersonalData(
        name="consent.states",
        model=ConsentState,
        category="where a person stands on each purpose",
        purpose="respecting what people decided",
        retention="as long as the customer",
        collect=personal.collect_states,
        erase=erasure.erase_states,
        order=510,
    ),
    PersonalData(
        name="consent.suppressions",
        model=Suppression,
        category="keyed hashes of identifiers that must not come back",
        purpose="leaving people alone",
        retention="for good, as keyed hashes",
        collect=personal.collect_suppressions,
        erase=erasure.loosen_suppressions,
        order=520,
    ),
    PersonalData(
        name="consent.ledger",
        model=ConsentEvent,
        category="what people decided about their data, with proof",
        purpose="demonstrating consent",
        retention="for good, under a public id",
        collect=personal.collect_ledger,
        erase=erasure.keep_ledger,
        order=530,
        kept_because="GDPR Art. 7(1): the controller demonstrates consent; Art. 17(3)(e): legal claims",
    ),
)


def _absorb(pair: Pair, by: Actor, now: datetime) -> Any:
    return absorb_consent(absorbed_id=pair.absorbed_id, into_id=pair.into_id, by=by, now=now, visitor=pair.visitor)


def _restore(pair: Pair, image: Any, by: Actor, now: datetime) -> None:
    restore_consent(absorbed_id=pair.absorbed_id, into_id=pair.into_id, image=image, merged_at=pair.at, by=by, now=now)


def _project(customer_ids: Sequence[int], now: datetime) -> None:
    recompute_masks(customer_ids=customer_ids, now=now)


def _import(
    stated: Sequence[guards.Stated], basis: Mapping[str, Any], now: datetime
) -> Sequence[guards.Fate | DomainError]:
    return record_imported_consent(stated=stated, basis=basis, now=now)


def _import_decisions(
    rows: Sequence[DecisionDraft], basis: Mapping[str, Any], now: datetime
) -> Sequence[guards.Fate | guards.Refused]:
    return record_rows(rows=rows, basis=basis, now=now)


def _check_basis(basis: Mapping[str, Any], purposes: Collection[str], now: datetime) -> Sequence[Problem]:
    return check_imported_basis(basis=basis, purposes=purposes, now=now)


def _take_back(imported: str, since: datetime, until: datetime, by: Actor, now: datetime) -> int:
    return invalidate_imported_consent(imported=imported, since=since, until=until, by=by, now=now)


def _hear(names: Collection[Name], by: Actor, now: datetime) -> int:
    return record_signal(names=names, by=by, now=now)


for _place in _PLACES:
    privacy.register(_place)
guards.register_erasure_guard(name="legal hold", check=why_held)
guards.register_creation_guard(name="suppression", check=suppressed_among)
guards.register_place_projection(name="consent", project=_project)
guards.register_merge_part(part=MergePart(name="consent", absorb=_absorb, restore=_restore))
register_merge_preview(name="consent", preview=preview_consent)
register_hearer(name="consent", hearer=_hear)
register_keeper(name="consent", keep=disclosures.keep_told)
register_preparing(
    target=ImportTarget.CONSENTS,
    preparing=Preparing(
        "consent.record_consent",
        (
            ("Purposes", "onetrust-purposes", "shield-check"),
            ("Try", "onetrust-try", "eye"),
            ("Import", "onetrust-start", "upload"),
        ),
    ),
)
guards.register_decision_import(name="consent", importer=_import_decisions)
guards.register_consent_import(name="consent", importer=_import, check=_check_basis, take_back=_take_back)
register_purposes(name="consent", choices=importable_purposes)
register_recipients(
    name="consent",
    recipients=Recipients(
        papers.working_processors,
        papers.is_registered,
        papers.check_may_get,
        papers.withheld_from_recipient,
        papers.barrier_to,
    ),
)
register_mover(place=TAGS, move=move_tags)
register_namer(prefix="prc", namer=papers.names_of_processors)
register_expansion(name="consent", expander=expand_consent)
register_criterion(CONSENT)
for _asked in CRITERIA:
    register_segment_criterion(_asked)
register_gate(GATE)
register_bulk_step(SUPPRESS)
register_source(CONSENT_SOURCE)


def _reach(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    now = timezone.now()
    try:
        return cache.get_or_set("home:reach", lambda: reach_by_email(now=now), 60) or {}
    except RedisError:
        return reach_by_email(now=now)


for _panel in (
    menu.Panel(
        name="consent-reachable",
        title="Reachable by e-mail",
        template="consent/_reachable.html",
        permission="consent.view_purpose",
        context=_reach,
        place="figure",
        order=20,
        icon="mail",
    ),
    menu.Panel(
        name="consent-email",
        title="E-mail consent",
        template="consent/_email_states.html",
        permission="consent.view_purpose",
        context=_reach,
        place="side",
        order=10,
    ),
):
    menu.add_panel("home", _panel)
