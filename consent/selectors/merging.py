"""What a merge would do to consent, before anybody does it."""

from dataclasses import replace
from datetime import datetime

from consent.models import ConsentEvent
from consent.rules.merging import Outcome, may_differ, permits_less
from consent.rules.standing import Person, Standing, decide
from consent.rules.vocabulary import State
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.standings import Record, person_of, read_records
from customers.models import Customer
from customers.selectors.merges import Foreseen


def preview_consent(survivor: Customer, absorbed: Customer, result: Customer, now: datetime) -> Foreseen:
    """How many entries each ledger has, and where the merged person would stand on each purpose.

    `result` is the survivor with the fields it would take over; the decisions are those of `services.merging`.
    """
    records = read_records([survivor.pk, absorbed.pk])
    outcomes = _Outcomes(survivor, absorbed, result, records[survivor.pk], records[absorbed.pk], now)
    counts = {pk: ConsentEvent.objects.filter(customer_id=pk).count() for pk in (survivor.pk, absorbed.pk)}
    return Foreseen(
        counts={"Entries in the consent ledger": (counts[survivor.pk], counts[absorbed.pk])},
        consents=[outcomes.of(use) for use in catalogue().uses.values()],
    )


class _Outcomes:
    """Both records side by side, and the person the merge would make."""

    def __init__(
        self, survivor: Customer, absorbed: Customer, result: Customer, ours: Record, theirs: Record, now: datetime
    ) -> None:
        self.now, self.strict = now, absorbed.is_known
        self.ours, self.theirs = ours, theirs
        self.one = person_of(survivor, suppressed=ours.suppressed, restricted=ours.restricted)
        self.other = person_of(absorbed, suppressed=theirs.suppressed, restricted=theirs.restricted)
        seen = [at for at in (self.one.gpc_first_seen_at, self.other.gpc_first_seen_at) if at]
        made = person_of(
            result,
            suppressed=ours.suppressed or theirs.suppressed,
            restricted=ours.restricted or theirs.restricted,
        )
        self.made = replace(made, gpc_first_seen_at=min(seen, default=None))

    def of(self, use: Use) -> Outcome:
        """One purpose."""
        mine, yours = self._standing(self.ours, use), self._standing(self.theirs, use)
        carried = yours is not None and permits_less(yours, mine)
        stands = yours if carried else mine
        one = self._allowed(self.one, use, mine)
        other = self._allowed(self.other, use, yours)
        allowed = self._allowed(self.made, use, stands)
        narrowed = self.strict and allowed and not (one and other) and may_differ(use.kind)
        return Outcome(
            purpose=use.key,
            name=use.name,
            survivor=_word(mine),
            survivor_allowed=one,
            absorbed=_word(yours),
            absorbed_allowed=other,
            result=_word(stands),
            allowed=allowed and not narrowed,
            why=_why(carried, narrowed),
        )

    def _standing(self, record: Record, use: Use) -> Standing | None:
        kept = record.kept.get(use.id)
        return kept.standing if kept else None

    def _allowed(self, person: Person, use: Use, standing: Standing | None) -> bool:
        rule = catalogue().rule_of(person.place)
        return decide(use, person, standing, rule, self.now).allowed


def _word(standing: Standing | None) -> str:
    return standing.state.value if standing else State.NONE.value


def _why(carried: bool, narrowed: bool) -> str:
    if narrowed:
        return "allowed for one of the two only, so for neither until asked again"
    return "what permits less is carried over" if carried else "as it stands with the survivor"
