"""What people decide by a signed link: save their choices, say no to everything, unsubscribe with one click."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.rules.preferences import no_event
from consent.rules.vocabulary import REFUSALS, Channel, Event, State
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.confirmations import newsletter_purposes
from consent.selectors.links import Links, links_for, person_of_preferences, person_of_unsubscribe
from consent.selectors.preferences import Choice, Preferences, preferences_of
from consent.services.circumstances import Circumstances, person_actor
from consent.services.confirmations import Question, ask_confirmation
from consent.services.consent import ConsentEntry, record_consent
from consent.services.gpc import apply_gpc
from core import audit
from core.actors import Actor
from core.errors import InvalidInput
from customers.models import Customer

PAGE: Final = "preference_centre"
ONE_CLICK: Final = "one_click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person sent: the purposes `wanted`, those that the page she saw showed as on (`shown`), and the notice
    (public id) it showed for each."""

    wanted: Collection[str] = ()
    shown: Collection[str] = ()
    notices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """How many entries were written, and whether a letter asks her to confirm."""

    entries: int
    mailed: bool


@transaction.atomic
def issue_links(*, customer: Customer, purpose: str, locale: str, by: Actor, now: datetime) -> Links:
    """Links for a message to this person; who asked for them is in the audit trail. Refuses an unknown purpose."""
    uses = catalogue().uses
    key = purpose or next(iter(newsletter_purposes()), "")
    if key not in uses:
        raise InvalidInput(f"Unknown purpose '{key}'; choose from {', '.join(uses)}.", param="purpose")
    audit.record(by=by, action="preference_link.issued", target=customer.public_id, changes={"purpose": ["", key]})
    return links_for(customer=customer, purpose=uses[key], locale=locale, now=now)


def hear_reader(*, customer: Customer, how: Circumstances, now: datetime) -> int:
    """The signal that the browser of a link's reader sends is on record; 1 when it is her first."""
    return apply_gpc(customer_ids=[customer.pk], by=person_actor(customer=customer, how=how), now=now) if how.gpc else 0


@transaction.atomic
def save_preferences(*, token: str, wish: Wish, how: Circumstances, now: datetime) -> Saved:
    """What she changed stands in the ledger with the words she saw.

    A tick that the page had set itself is no consent (Recital 32) and is left as it is; so is a tick that somebody
    else's page set meanwhile: only what differs from what was `shown` counts. A yes against her signal carries
    that the page named the conflict (11 CCR 7025(c)(3)). Where the law wants double opt-in, a yes to e-mail waits for
    her confirmation from the mailbox.
    """
    customer, _ = person_of_preferences(token, now)
    if hear_reader(customer=customer, how=how, now=now):
        customer.refresh_from_db()
    found = preferences_of(customer=customer, locale=how.locale, now=now)
    asked = [one.use.key for one in found.choices if _needs_mailbox(one, found, customer) and _is_new_yes(one, wish)]
    changes = [_entry(one, wish, how) for one in found.choices if one.use.key not in asked]
    entries = _record(customer, [entry for entry in changes if entry], how, now)
    if asked:
        by, facts = person_actor(customer=customer, how=how), how.evidence(PAGE)
        question = Question(purposes=asked, locale=how.locale, form_id=PAGE, evidence=facts)
        ask_confirmation(customer=customer, question=question, by=by, now=now)
    return Saved(entries, bool(asked))


@transaction.atomic
def refuse_everything(*, token: str, how: Circumstances, now: datetime) -> int:
    """She has said no to every purpose that is hers to decide; how many entries. Repeating it changes nothing."""
    customer, _ = person_of_preferences(token, now)
    hear_reader(customer=customer, how=how, now=now)
    found = preferences_of(customer=customer, locale=how.locale, now=now)
    return _record(customer, [_no(one, how, PAGE) for one in found.choices if one.state not in REFUSALS], how, now)


@transaction.atomic
def unsubscribe(*, token: str, how: Circumstances, now: datetime) -> Use:
    """The purpose of the link is over for its person (RFC 8058); repeating it changes nothing."""
    customer, use = person_of_unsubscribe(token)
    found = preferences_of(customer=customer, locale=how.locale, now=now)
    state = next((choice.state for choice in found.choices if choice.use.id == use.id), State.NONE)
    if state not in REFUSALS:
        entry = ConsentEntry(
            purpose=use.key, event=Event.UNSUBSCRIBED, source=ONE_CLICK, evidence=how.evidence("list-unsubscribe")
        )
        _record(customer, [entry], how, now)
    return use


def _is_new_yes(choice: Choice, wish: Wish) -> bool:
    return choice.use.key in wish.wanted and choice.use.key not in wish.shown


def _needs_mailbox(choice: Choice, found: Preferences, customer: Customer) -> bool:
    return found.rule.double_opt_in and choice.use.channel is Channel.EMAIL and bool(customer.email)


def _entry(choice: Choice, wish: Wish, how: Circumstances) -> ConsentEntry | None:
    key = choice.use.key
    if _is_new_yes(choice, wish):
        facts = how.evidence(PAGE) | ({"conflict_prompt": True} if choice.conflict else {})
        notice = wish.notices.get(key, choice.notice)
        return ConsentEntry(purpose=key, event=Event.GRANTED, source=PAGE, notice=notice, evidence=facts)
    said_no = key not in wish.wanted and (key in wish.shown or choice.on)
    return _no(choice, how, PAGE) if said_no and choice.state not in REFUSALS else None


def _no(choice: Choice, how: Circumstances, form: str) -> ConsentEntry:
    use = choice.use
    event = no_event(choice.state, use.kind, choice.mode, use.legal_basis)
    return ConsentEntry(purpose=use.key, event=event, source=PAGE, notice=choice.notice, evidence=how.evidence(form))


def _record(customer: Customer, entries: list[ConsentEntry], how: Circumstances, now: datetime) -> int:
    if entries:
        record_consent(
            customer=customer,
            entries=entries,
            by=person_actor(customer=customer, how=how),
            now=now,
            reason="own choice",
        )
    return len(entries)
