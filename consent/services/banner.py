"""What a visitor decided on a banner: every purpose the page asked for, yes or no, with the words she saw."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent.rules.preferences import no_event
from consent.rules.vocabulary import Event, State
from consent.selectors.banner import BannerUse, banner_content
from consent.selectors.catalogue import catalogue
from consent.selectors.preferences import preferences_of
from consent.services.batches import NamedEntries, NamedResult, issue_named, record_named
from consent.services.circumstances import Circumstances
from consent.services.consent import ConsentEntry
from consent.services.tokens import IssuedToken
from core.actors import Actor
from core.errors import InvalidInput
from customers.models import IdentityKind
from customers.selectors.customers import find_by_identity
from customers.services.identities import normalised

BANNER: Final = "banner"


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerDecision:
    """Who (by the page's anonymous id), where, and which of the purposes shown she accepted; the others are a no."""

    anonymous_id: str
    place: str = ""
    accepted: Collection[str] = ()


def decide_banner(*, decision: BannerDecision, how: Circumstances, by: Actor, now: datetime) -> NamedResult:
    """The visitor's yes or no to everything the banner asks stands in the ledger; a token for what is allowed now.

    A purpose that her browser's signal covers is never a yes here: the banner does not ask against the signal.
    Refuses purposes that a page may not ask for, and a suppressed visitor (403).
    """
    content = banner_content(place=decision.place, locale=how.locale, gpc=how.gpc)
    unknown = set(decision.accepted) - {use.key for use in content.uses}
    if unknown:
        raise InvalidInput(f"A page may not ask for '{min(unknown)}'.", param="accepted")
    states = _states(decision.anonymous_id, how, now)
    entries = [_entry(use, use.key in decision.accepted, decision.place, states, how) for use in content.uses]
    person = NamedEntries(anonymous_id=decision.anonymous_id, place=decision.place, entries=entries)
    result = record_named(people=[person], by=by, now=now, gpc=how.gpc)[0]
    if not isinstance(result, NamedResult):
        raise result
    return result


def show_banner(*, decision: BannerDecision, how: Circumstances, by: Actor, now: datetime) -> IssuedToken:
    """A token for what is on record, and, where the place is opt-out, for what the notice just shown allows.

    Nothing is recorded. ConsentRequired when nothing is allowed.
    """
    content = banner_content(place=decision.place, locale=how.locale, gpc=how.gpc)
    shown = [use for use in content.uses if not use.by_signal]
    person = NamedEntries(anonymous_id=decision.anonymous_id, place=decision.place)
    return issue_named(
        person=person,
        purposes=(),
        notices=[use.notice for use in shown],
        by=by,
        now=now,
        gpc=how.gpc,
    )


def _states(anonymous_id: str, how: Circumstances, now: datetime) -> dict[str, State]:
    kind, value = normalised(kind=IdentityKind.ANONYMOUS_ID, value=anonymous_id)
    customer = find_by_identity(kind=kind, value=value)
    if customer is None:
        return {}
    found = preferences_of(customer=customer, locale=how.locale, now=now)
    return {choice.use.key: choice.state for choice in found.choices}


def _entry(use: BannerUse, wanted: bool, place: str, states: dict[str, State], how: Circumstances) -> ConsentEntry:
    row, rule = catalogue().uses[use.key], catalogue().rule_of(place)
    mode = rule.mode_for(row.kind, row.channel)
    no = no_event(states.get(use.key, State.NONE), row.kind, mode, row.legal_basis)
    event = Event.GRANTED if wanted and not use.by_signal else no
    return ConsentEntry(purpose=use.key, event=event, source=BANNER, notice=use.notice, evidence=how.evidence(BANNER))
