"""The facts a decision is made from."""

from dataclasses import dataclass
from datetime import datetime

from consent.rules.vocabulary import Basis, Channel, Purpose, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One use for one person at the instant `at`, with the ledger as it stood then.

    Facts that would help the use default to absent, so a caller who forgets one gets a deny. `age` in completed
    years, None when not known (then the person counts as grown up: no law here presumes a child). `identified`:
    the person behind the request is known to us, not only a browser. Datetimes are aware. Ledger facts belong to
    the event behind `state`: `notice_recorded`, `wording_recorded`: the notice version and the hash of the words
    shown are on record; `notice_current`: that notice names this purpose and nothing material changed since.
    `conflict_prompt`: the consent was given at a prompt that named the Global Privacy Control signal.
    `merged_states`: states of profiles merged into this one and not asked again since.
    """

    place: str | None
    purpose: Purpose
    channel: Channel
    at: datetime
    state: State = State.NONE
    merged_states: tuple[State, ...] = ()
    basis: Basis = Basis.NONE
    ledger_seq: int | None = None

    suppressed: bool = False
    restricted: bool = False
    objected: bool = False
    age: int | None = None
    identified: bool = True
    parent_consent: bool = False

    gpc: bool = False
    gpc_first_seen_at: datetime | None = None
    conflict_prompt: bool = False

    granted_at: datetime | None = None
    changed_at: datetime | None = None
    valid_until: datetime | None = None
    notice_recorded: bool = False
    wording_recorded: bool = False
    notice_current: bool = False
    doi_done: bool = False
    two_step: bool = False

    soft_sale: bool = False
    soft_similar: bool = False
    opt_out_offered: bool = False
    charity: bool = False
    collected_at: datetime | None = None
    implied_since: datetime | None = None
    implied_by_inquiry: bool = False

    informed: bool | None = None
    objection_offered: bool = False
    own_use_only: bool = False
    contract: bool = False
    safeguards: bool = False
    processor_valid: bool | None = None
