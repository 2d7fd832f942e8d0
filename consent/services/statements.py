"""What a sender of events says that people decided: recorded only where it agrees with what they told us themselves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent.models import NoticeVersion
from consent.rules.letters import locale_for
from consent.rules.preferences import no_event
from consent.rules.vocabulary import REFUSALS, Event, Mode, State
from consent.selectors.catalogue import Catalogue, Use, catalogue
from consent.selectors.preferences import newest_notices
from consent.selectors.standings import Kept, Record, read_records
from consent.services.consent import ConsentEntry, PersonEntries, record_consents_bulk
from core.actors import Actor
from core.errors import DomainError
from customers.models import Customer

SOURCE: Final = "sdk"
"""The source of these entries in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One person (database id), what she said yes or no to by purpose key, when, and the language she read."""

    customer_id: int
    choices: Mapping[str, bool]
    at: datetime
    language: str = ""


def take_statements(*, statements: Sequence[Statement], by: Actor, now: datetime, reference: str) -> int:
    """Each choice that says something new is in the ledger with the source `sdk`; for how many people there was one.

    A no is recorded where it takes something away: always accepted (GDPR Art. 7(3)). A yes rests on the newest notice
    of its purpose, which whoever sends it says was shown, and never ends a no that came another way than this one: what
    a person told the preference centre, a banner or staff stands against an older copy in somebody's server. Purposes
    that do not exist are passed over. `reference` names the cause in evidence and audit. The same few statements for
    any number of people.
    """
    uses, ids = catalogue(), sorted({one.customer_id for one in statements})
    records = read_records(ids) if ids else {}
    places = {pk: customer.place for pk, customer in Customer.objects.in_bulk(ids).items()} if ids else {}
    words = _Words(uses)
    entries: dict[int, list[ConsentEntry]] = defaultdict(list)
    for (pk, key, wanted), one in _latest(statements).items():
        use, record = uses.uses.get(key), records.get(pk)
        event = _event(use, record, wanted, places.get(pk, ""), uses) if use and record else None
        if use and event:
            entries[pk].append(_entry(one, use, event, words, reference))
    people = [PersonEntries(pk, found) for pk, found in entries.items()]
    results = record_consents_bulk(people=people, by=by, now=now, reference=reference) if people else []
    return sum(not isinstance(result, DomainError) for result in results)


def _latest(statements: Sequence[Statement]) -> dict[tuple[int, str, bool], Statement]:
    """Of the same choice said several times, the latest."""
    found: dict[tuple[int, str, bool], Statement] = {}
    for one in sorted(statements, key=lambda statement: statement.at):
        found |= {(one.customer_id, key, wanted): one for key, wanted in one.choices.items()}
    return found


def _event(use: Use, record: Record, wanted: bool, place: str, uses: Catalogue) -> Event | None:
    """What the choice is called in the ledger; None when it adds nothing or may not stand."""
    kept = record.kept.get(use.id)
    if wanted:
        return Event.GRANTED if _may_say_yes(kept) else None
    state = kept.standing.state if kept else State.NONE
    mode = uses.rule_of(place).mode_for(use.kind, use.channel)
    if state in REFUSALS or (state is State.NONE and mode is not Mode.OPT_OUT):
        return None
    return no_event(state, use.kind, mode, use.legal_basis)


def _may_say_yes(kept: Kept | None) -> bool:
    if kept is None:
        return True
    said_no_elsewhere = kept.standing.state in REFUSALS and kept.standing.entry.source != SOURCE
    return not kept.allowed and not said_no_elsewhere


class _Words:
    """The newest notice of each purpose by language, looked up once a language."""

    def __init__(self, uses: Catalogue) -> None:
        self.ids = list(uses.by_id)
        self.kept: dict[str, Mapping[int, NoticeVersion]] = {}

    def of(self, use: Use, language: str) -> str:
        """Public id of the notice; empty when none was published."""
        locale = locale_for(language)
        if locale not in self.kept:
            self.kept[locale] = newest_notices(purpose_ids=self.ids, locale=locale)
        notice = self.kept[locale].get(use.id)
        return notice.public_id if notice else ""


def _entry(one: Statement, use: Use, event: Event, words: _Words, reference: str) -> ConsentEntry:
    notice = words.of(use, one.language) if event is Event.GRANTED else ""
    return ConsentEntry(
        purpose=use.key,
        event=event,
        source=SOURCE,
        notice=notice,
        evidence={"reference": reference},
        occurred_at=one.at,
    )
