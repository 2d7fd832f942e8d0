"""What people decide by a signed link: save their choices, say no to everything, unsubscribe with one click."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from consent.rules.preferences import no_event
from consent.rules.vocabulary import REFUSALS, Channel, Event, Purpose, State
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.links import Links, links_for, person_of_preferences, person_of_unsubscribe
from consent.selectors.preferences import Choice, preferences_of
from consent.services.consent import ConsentEntry, record_consent
from consent.services.gpc import apply_gpc
from core import audit
from core.actors import Actor, ActorKind
from core.crypto import keyed_hash
from core.errors import InvalidInput
from customers.models import Customer

PAGE: Final = "preference_centre"
ONE_CLICK: Final = "one_click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a stranger's request came in: kept as keyed hashes, as proof beside what she decided."""

    ip: str = ""
    user_agent: str = ""
    locale: str = "en"
    gpc: bool = False

    def evidence(self, form: str) -> dict[str, Any]:
        """As the ledger keeps it."""
        hashes = {
            "ip_hash": keyed_hash("consent-ip", self.ip) if self.ip else None,
            "user_agent_hash": keyed_hash("consent-user-agent", self.user_agent) if self.user_agent else None,
        }
        return {"form_id": form, "page": f"{form}/{self.locale}", **hashes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person sent: the purposes `wanted`, those that the page she saw showed as on (`shown`), and the notice
    (public id) it showed for each."""

    wanted: Collection[str] = ()
    shown: Collection[str] = ()
    notices: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def issue_links(*, customer: Customer, purpose: str, locale: str, by: Actor, now: datetime) -> Links:
    """Links for a message to this person; who asked for them is in the audit trail. Refuses an unknown purpose."""
    uses = catalogue().uses
    key = purpose or _usual(uses)
    if key not in uses:
        raise InvalidInput(f"Unknown purpose '{key}'; choose from {', '.join(uses)}.", param="purpose")
    audit.record(by=by, action="preference_link.issued", target=customer.public_id, changes={"purpose": ["", key]})
    return links_for(customer=customer, purpose=uses[key], locale=locale, now=now)


def _usual(uses: Mapping[str, Use]) -> str:
    marketing = [use for use in uses.values() if use.kind is Purpose.MARKETING]
    return next((use.key for use in marketing if use.channel is Channel.EMAIL), "")


def hear_reader(*, customer: Customer, how: Circumstances, now: datetime) -> int:
    """The signal that the browser of a link's reader sends is on record; 1 when it is her first."""
    return apply_gpc(customer_ids=[customer.pk], by=_person(customer, how), now=now) if how.gpc else 0


@transaction.atomic
def save_preferences(*, token: str, wish: Wish, how: Circumstances, now: datetime) -> int:
    """What she changed stands in the ledger with the words she saw; how many entries.

    A tick that the page had set itself is no consent (Recital 32) and is left as it is; so is a tick that somebody
    else's page set meanwhile: only what differs from what was `shown` counts. A yes against her signal carries
    that the page named the conflict (11 CCR 7025(c)(3)).
    """
    customer, _ = person_of_preferences(token, now)
    if hear_reader(customer=customer, how=how, now=now):
        customer.refresh_from_db()
    found = preferences_of(customer=customer, locale=how.locale, now=now)
    changes = [entry for choice in found.choices if (entry := _entry(choice, wish, how))]
    return _record(customer, changes, how, now)


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


def _entry(choice: Choice, wish: Wish, how: Circumstances) -> ConsentEntry | None:
    key = choice.use.key
    if key in wish.wanted and key not in wish.shown:
        facts = how.evidence(PAGE) | ({"conflict_prompt": True} if choice.conflict else {})
        notice = wish.notices.get(key, choice.notice)
        return ConsentEntry(purpose=key, event=Event.GRANTED, source=PAGE, notice=notice, evidence=facts)
    said_no = key not in wish.wanted and (key in wish.shown or choice.on or choice.state is State.PENDING_DOI)
    return _no(choice, how, PAGE) if said_no and choice.state not in REFUSALS else None


def _no(choice: Choice, how: Circumstances, form: str) -> ConsentEntry:
    use = choice.use
    event = no_event(choice.state, use.kind, choice.mode, use.legal_basis)
    return ConsentEntry(purpose=use.key, event=event, source=PAGE, notice=choice.notice, evidence=how.evidence(form))


def _record(customer: Customer, entries: list[ConsentEntry], how: Circumstances, now: datetime) -> int:
    if entries:
        record_consent(customer=customer, entries=entries, by=_person(customer, how), now=now, reason="own choice")
    return len(entries)


def _person(customer: Customer, how: Circumstances) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=customer.public_id, ip=how.ip)
