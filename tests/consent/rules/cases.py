"""The table of decisions, and a strategy for cases nobody thought of."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from consent.rules.case import Case
from consent.rules.vocabulary import Basis, Channel, Purpose, State

HERE = Path(__file__).parent
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a table of cases beside this file, each with its `answer`."""
    return json.loads((HERE / f"{name}.json").read_text())


def label(row: dict[str, Any]) -> str:
    """A readable test id."""
    return f"{row.get('n', '')} {row['place']} {row['purpose']} {row['ledger_state']} gpc={row['gpc']} {row['age']}"


def a_case(**facts: Any) -> Case:
    """A German newsletter case with a complete consent, changed as given."""
    complete: dict[str, Any] = {
        "place": "DE", "purpose": Purpose.MARKETING, "channel": Channel.EMAIL, "at": NOON, "state": State.GRANTED,
        "basis": Basis.CONSENT, "notice_recorded": True, "wording_recorded": True, "notice_current": True,
        "doi_done": True,
    }  # fmt: skip
    return Case(**(complete | facts))


patient = settings(deadline=None, max_examples=300)
"""Many examples and no clock: the machine may be busy."""

_MOMENTS = st.none() | st.integers(-1_500, 100).map(lambda days: NOON + timedelta(days=days))
_OFTEN = st.sampled_from([True, True, True, False])

_HELPFUL = (
    "notice_recorded", "wording_recorded", "notice_current", "doi_done", "two_step", "soft_sale", "soft_similar",
    "opt_out_offered", "charity", "implied_by_inquiry", "objection_offered", "own_use_only", "contract", "safeguards",
)  # fmt: skip

cases = st.builds(
    Case,
    place=st.just("*"),
    purpose=st.sampled_from(Purpose),
    channel=st.sampled_from(Channel),
    at=st.just(NOON),
    state=st.sampled_from(State),
    merged_states=st.lists(st.sampled_from(State), max_size=2).map(tuple),
    basis=st.sampled_from(Basis),
    suppressed=st.just(False),
    restricted=st.booleans(),
    objected=st.sampled_from([False, False, True]),
    age=st.none() | st.integers(8, 20),
    identified=_OFTEN,
    parent_consent=st.booleans(),
    gpc=st.booleans(),
    gpc_first_seen_at=_MOMENTS,
    conflict_prompt=st.booleans(),
    granted_at=_MOMENTS,
    changed_at=_MOMENTS,
    valid_until=_MOMENTS,
    implied_since=_MOMENTS,
    collected_at=_MOMENTS,
    informed=st.none() | st.booleans(),
    processor_valid=st.none() | st.booleans(),
    **dict.fromkeys(_HELPFUL, _OFTEN),
)
