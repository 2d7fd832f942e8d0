"""What a person's whole record allows now, and when that changes next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from consent.rules.decisions import Decision
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.standing import Person, Standing, decide, next_birthday, runs_out_at
from consent.selectors.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Outlook:
    """`mask` has the bit of every purpose allowed now; it holds until `until` unless something is recorded.

    `decisions` are by purpose id; `ends` says when each running yes runs out.
    """

    mask: int
    until: datetime | None
    decisions: Mapping[int, Decision]
    ends: Mapping[int, datetime] = field(default_factory=dict)


class Outlooks:
    """Looks out for many people at one moment; what silence allows is worked out once a day, place and age."""

    def __init__(self, uses: Catalogue, at: datetime) -> None:
        self.uses = uses
        self.at = at

    def of(self, person: Person, standings: Mapping[int, Standing]) -> Outlook:
        """The outlook of one person."""
        rule = self.uses.rule_of(person.place)
        silent = self._of_silence(person, rule)
        birthday = next_birthday(person, self.at)
        if not standings:
            return silent if birthday is None else Outlook(silent.mask, birthday, silent.decisions)
        return self._of_record(person, standings, rule, silent, birthday)

    def _of_silence(self, person: Person, rule: JurisdictionRule) -> Outlook:
        """What the place allows without a word of the person: the same all day for everybody of her age."""
        signal = person.gpc_first_seen_at is not None
        key = self.at.date(), rule.code, person.age(self.at), signal, person.suppressed, person.restricted
        found: Outlook | None = self.uses.silences.get(key)
        if found is None:
            uses = self.uses.by_id.values()
            decisions = {use.id: decide(use, person, None, rule, self.at) for use in uses}
            mask = sum(use.mask for use in uses if decisions[use.id].allowed)
            found = self.uses.silences[key] = Outlook(mask, None, decisions)
        return found

    def _of_record(
        self,
        person: Person,
        standings: Mapping[int, Standing],
        rule: JurisdictionRule,
        silent: Outlook,
        birthday: datetime | None,
    ) -> Outlook:
        mask, decisions, ends = silent.mask, dict(silent.decisions), {}
        for use_id, standing in standings.items():
            use = self.uses.by_id.get(use_id)
            if use is None:
                continue
            decision = decisions[use_id] = decide(use, person, standing, rule, self.at)
            mask = mask | use.mask if decision.allowed else mask & ~use.mask
            end = runs_out_at(standing, use.channel, rule)
            if end is not None:
                ends[use_id] = end
        moments = [end for use_id, end in ends.items() if decisions[use_id].allowed]
        until = min(moments if birthday is None else [*moments, birthday], default=None)
        return Outlook(mask, until, decisions, ends)
