"""Checking one thing somebody decided and putting it on her page as the next link of the chain."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from consent.models import ConsentEvent
from consent.rules.chain import entry_hash
from consent.rules.evidence import EvidenceError, clean_evidence
from consent.rules.gpp import decode_gpp, refused_by, tc_sections
from consent.rules.periods import add_months
from consent.rules.standing import NO_EVENTS, YES_EVENTS, Entry, after
from consent.rules.states import IllegalTransitionError
from consent.rules.tcf import MAX_AGE_MONTHS, Section, ask_again_at, is_later, leaves_out, missing
from consent.rules.vocabulary import Basis, Event, Mode
from consent.selectors.catalogue import Catalogue, Notice, NoticeName, Use, find_notices
from consent.selectors.ledger import content_of
from consent.selectors.standings import Head
from consent.services.pages import Page
from core.actors import Actor
from core.errors import Conflict, InvalidInput

CLOCK_SKEW: Final = timedelta(minutes=5)
_ENDS: Final = NO_EVENTS | {Event.EXPIRED, Event.INVALIDATED}
_BASIS_OF_EVENT: Final = {Event.SOFT_OPT_IN: Basis.SOFT_OPT_IN, Event.GRANTED: Basis.CONSENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """One thing a person decided, or that happened to her consent.

    `purpose` is a key, `event` a word of `consent.rules.vocabulary.Event`. The words shown are named by `notice`
    (`ntc_...`) or by `notice_version` and `locale`. `basis` is derived when empty. `evidence` takes the names of
    `consent.rules.evidence`. `occurred_at` defaults to now, `valid_until` to the end the purpose sets.
    """

    purpose: str
    event: str
    source: str
    notice: str = ""
    notice_version: int | None = None
    locale: str = ""
    basis: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    valid_until: datetime | None = None


Notices = Mapping[NoticeName, Notice]


def read_notices(*, entries: Iterable[ConsentEntry], uses: Catalogue) -> Notices:
    """The notices that these entries name, by what they name them."""
    return find_notices({name for entry in entries if (name := _name_of(entry, uses))})


def _name_of(entry: ConsentEntry, uses: Catalogue) -> NoticeName | None:
    if entry.notice:
        return entry.notice
    if entry.notice_version is None or entry.purpose not in uses.uses:
        return None
    return uses.uses[entry.purpose].id, entry.notice_version, entry.locale


def put_on(*, page: Page, entry: ConsentEntry, notices: Notices, uses: Catalogue, by: Actor, now: datetime) -> bool:
    """The page ends with `entry`; False when it only repeats what stands there.

    Refuses an unknown purpose, event, notice or evidence, wording that is not the notice's, an instant in the future
    (InvalidInput, `param` names the field), and an event that cannot follow the present state (Conflict).
    """
    use = _use(entry, uses)
    notice = _notice(entry, use, notices, uses)
    fact = _entry(page, entry, use, notice, now)
    standing = page.standings.get(use.id)
    if standing and fact.repeats(standing.entry) and entry.valid_until in (None, standing.entry.valid_until):
        return False
    try:
        fresh = after(standing, fact)
    except IllegalTransitionError as error:
        raise Conflict(f"{use.name}: {error}", param="event") from error
    row = _row(page, fact, use, notice, by, now)
    page.entries.append(row)
    page.head = Head(row.seq, row.hash)
    if fresh is not None and fresh.entry is fact:
        page.standings[use.id], page.behind[use.id] = fresh, row
    page.refused |= use.mask if fact.event in _ENDS else 0
    if fact.facts.get("gpc"):
        seen = page.person.gpc_first_seen_at
        page.person = replace(page.person, gpc_first_seen_at=min(seen or fact.occurred_at, fact.occurred_at))
    return True


def put_restored(*, page: Page, use: Use, restores_seq: int, merged_from: str, by: Actor, now: datetime) -> None:
    """The ledger says that a merge was undone for this purpose; the caller has put back the state behind it."""
    facts = clean_evidence({"merged_from": merged_from, "restores_seq": restores_seq})
    fact = Entry(seq=page.head.seq + 1, event=Event.RESTORED, occurred_at=now, source="unmerge", facts=facts)
    row = _row(page, fact, use, None, by, now)
    page.entries.append(row)
    page.head = Head(row.seq, row.hash)


def _use(entry: ConsentEntry, uses: Catalogue) -> Use:
    use = uses.uses.get(entry.purpose)
    if use is None:
        known = ", ".join(uses.uses)
        raise InvalidInput(f"Unknown purpose '{entry.purpose}'; choose from {known}.", param="purpose")
    return use


def _notice(entry: ConsentEntry, use: Use, notices: Notices, uses: Catalogue) -> Notice | None:
    name = _name_of(entry, uses)
    if name is None:
        return None
    notice = notices.get(name)
    if notice is None or notice.purpose_id != use.id:
        raise InvalidInput(
            f"There is no such notice for the purpose '{use.key}'.", code="unknown_notice", param="notice"
        )
    return notice


def _entry(page: Page, entry: ConsentEntry, use: Use, notice: Notice | None, now: datetime) -> Entry:
    event = _word(Event, entry.event, "event")
    occurred_at = _occurred_at(entry, now)
    standing = page.standings.get(use.id)
    basis = _word(Basis, entry.basis, "basis") if entry.basis else _basis(event, use, page, standing)
    facts = _consistent(_facts(entry, notice), event, use, basis, now)
    return Entry(
        seq=page.head.seq + 1,
        event=event,
        occurred_at=occurred_at,
        basis=basis,
        notice=notice.version if notice else None,
        valid_until=_valid_until(entry, event, use, occurred_at, facts),
        source=entry.source,
        facts=facts,
    )


def _word(words: Any, text: str, param: str) -> Any:
    if text not in list(words):
        raise InvalidInput(f"Invalid '{param}': choose from {', '.join(words)}.", param=param)
    return words(text)


def _occurred_at(entry: ConsentEntry, now: datetime) -> datetime:
    if entry.occurred_at and entry.occurred_at > now + CLOCK_SKEW:
        raise InvalidInput("Consent cannot be recorded before it is given.", param="occurred_at")
    return min(entry.occurred_at or now, now)


def _valid_until(
    entry: ConsentEntry, event: Event, use: Use, occurred_at: datetime, facts: Mapping[str, Any]
) -> datetime | None:
    if event not in YES_EVENTS:
        return None
    if entry.valid_until and entry.valid_until <= occurred_at:
        raise InvalidInput("A consent cannot end before it begins.", param="valid_until")
    by_purpose = occurred_at + timedelta(days=use.valid_days) if use.valid_days else None
    ends = (entry.valid_until, by_purpose, _end_of_tc(facts, occurred_at))
    return min((end for end in ends if end), default=None)


def _end_of_tc(facts: Mapping[str, Any], occurred_at: datetime) -> datetime | None:
    """When people behind TC strings are to be asked again; counted from the yes where a string claims to be later."""
    latest = add_months(occurred_at, MAX_AGE_MONTHS)
    end = min((min(ask_again_at(said), latest) for said in tc_sections(facts)), default=None)
    if end is not None and end <= occurred_at:
        raise InvalidInput(
            f"The TC string is older than {MAX_AGE_MONTHS} months: ask this person again.",
            code="evidence_too_old",
            param=f"evidence.{_tc_name(facts)}",
        )
    return end


def _tc_name(facts: Mapping[str, Any]) -> str:
    return "tc_string" if "tc_string" in facts else "gpp"


def _basis(event: Event, use: Use, page: Page, standing: Any) -> Basis:
    """What the entry rests on when nobody said: consent for a yes, else what stood before, else the place's way."""
    if event in _BASIS_OF_EVENT:
        return _BASIS_OF_EVENT[event]
    mode = page.rule.mode_for(use.kind, use.channel)
    if event is Event.IMPLIED:
        return Basis.NOTICE_OPT_OUT if mode is Mode.OPT_OUT else Basis.IMPLIED
    if standing is not None and event not in YES_EVENTS:
        return Basis(standing.entry.basis)
    return Basis.NOTICE_OPT_OUT if mode is Mode.OPT_OUT and event in _ENDS else use.legal_basis


def _facts(entry: ConsentEntry, notice: Notice | None) -> dict[str, Any]:
    try:
        facts = clean_evidence(entry.evidence)
    except EvidenceError as error:
        raise InvalidInput(str(error), param=f"evidence.{error.name}") from error
    if notice and facts.get("wording_sha256", notice.sha256) != notice.sha256:
        raise InvalidInput(
            "The words shown are not the words of this notice.",
            code="wording_mismatch",
            param="evidence.wording_sha256",
        )
    return facts


def _consistent(facts: dict[str, Any], event: Event, use: Use, basis: Basis, now: datetime) -> dict[str, Any]:
    """The facts, unless they prove the contrary: a GPP or TC string that says no is no proof of a yes."""
    if event not in YES_EVENTS:
        return facts
    for said in tc_sections(facts):
        param = f"evidence.{_tc_name(facts)}"
        if is_later(said, now + CLOCK_SKEW):
            raise InvalidInput("The TC string says that it was last updated in the future.", param=param)
        if why := _why_no_yes(said, use, by_interest=basis is Basis.LEGITIMATE_INTEREST):
            raise InvalidInput(why, code="evidence_contradicts", param=param)
    if "gpp" in facts and use.kind in refused_by(decode_gpp(facts["gpp"])):
        raise InvalidInput(f"The GPP string says no to {use.name}.", code="evidence_contradicts", param="evidence.gpp")
    return facts


def _why_no_yes(said: Section, use: Use, *, by_interest: bool) -> str:
    ours = settings.TCF_VENDOR_ID
    if lacking := missing(said, use.kind, use.channel, by_interest=by_interest, vendor=ours):
        numbers = ", ".join(map(str, lacking))
        return f"The TC string does not grant purpose {numbers} of the TCF, on which {use.name} rests."
    if ours and leaves_out(said, ours, use.kind, use.channel, by_interest=by_interest):
        return f"The TC string does not name our vendor {ours} of the TCF, on whose consent {use.name} rests."
    return ""


def _row(page: Page, fact: Entry, use: Use, notice: Notice | None, by: Actor, now: datetime) -> ConsentEvent:
    row = ConsentEvent(
        public_id=ConsentEvent.new_public_id(),
        customer_id=page.customer.pk,
        subject=page.customer.public_id,
        seq=fact.seq,
        purpose_id=use.id,
        event=fact.event.value,
        legal_basis=fact.basis.value,
        place=page.person.place,
        rule_set=page.rule.rule_set,
        notice_id=notice.id if notice else None,
        source=fact.source,
        actor=str(by),
        evidence=dict(fact.facts),
        occurred_at=fact.occurred_at,
        recorded_at=now,
        valid_until=fact.valid_until,
        previous_hash=page.head.hash,
    )
    content = content_of(row, use.key, notice.public_id if notice else "", notice.sha256 if notice else "")
    row.hash = entry_hash(content, row.previous_hash)
    return row
