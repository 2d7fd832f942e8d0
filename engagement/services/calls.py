"""Calls of the Segment HTTP tracking API through the same gate and into the same log as every other event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from consent.services.hearing import record_signal
from consent.services.statements import Statement, take_statements
from core.actors import Actor
from core.errors import Problem
from core.ids import is_public_id
from customers.models import IdentityKind
from customers.rules.identity import BadIdentity, normalise
from customers.selectors.customers import ids_by_reference
from customers.services.claims import owners_of
from customers.services.identities import ensure_anonymous
from engagement.rules.call_consent import Said
from engagement.rules.events import Checked, Ready, Refused
from engagement.rules.forms import BY_ITSELF, names_sender
from engagement.rules.verdicts import Verdict, refusal
from engagement.services.call_profiles import Told, meet, tell_profiles
from engagement.services.ingest import ingest
from engagement.services.rejections import count_rejections

REFERENCE: Final = "context.consent"
_USER, _VISITOR = IdentityKind.EXTERNAL_ID.value, IdentityKind.ANONYMOUS_ID.value
_Name = tuple[str, str]
_CURABLE: Final = (Verdict.UNKNOWN_USER, Verdict.CONSENT_REQUIRED)
_DECLINED: Final = Problem(
    "context.consent", "consent_required", "The call itself says that the person has not agreed to this purpose."
)
_NO_TOKEN: Final = Problem(
    "context.consentToken", "consent_required", "A call from a web page needs the consent token of its visitor."
)
_NO_TRAITS: Final = Problem(
    "traits", "traits_from_page", "Traits from a web page are not kept: anybody could write them. Send them yourself."
)


@dataclass(slots=True)
class Taken:
    """One call as it was read: its event, what it says about consent, the traits it brings."""

    checked: Checked
    user_id: str = ""
    anonymous_id: str = ""
    said: Said = field(default_factory=Said)
    traits: Mapping[str, Any] | None = None
    problem: Problem | None = None
    verdict: Verdict | None = None

    @property
    def status(self) -> str:
        """`accepted`, `duplicate` or `rejected`."""
        return "rejected" if self.problem or self.verdict is None else self.verdict.value

    @property
    def type(self) -> str:
        """The event type, known or not."""
        return self.checked.type if isinstance(self.checked, Refused) else self.checked.form.kind.name


def take_calls(
    *, calls: Sequence[Taken], trusted: bool, by: Actor, now: datetime, gpc: bool = False
) -> list[tuple[int, Problem]]:
    """Each call has its `status` (accepted, duplicate, rejected) and, where it was refused, the `problem`.

    A call passes the gate of `ingest`. One that says no to the purpose of its own type is refused, whatever is on
    record. What `trusted` senders (a server with its secret) say about consent is recorded: a no at once, a yes when
    the gate would refuse without it; somebody who is said to have agreed becomes known. Traits of accepted calls stand
    on profiles. Answers what else was not taken, by place of the call: undefined traits, categories without a purpose.
    All that was refused is counted. One statement for calls whose consent is on record, of any number.
    """
    _hear([call for call in calls if gpc or call.said.signal], by, now)
    for call in calls:
        call.problem = _refused_alone(call, trusted=trusted)
    _judge([call for call in calls if call.problem is None], by, now)
    noticed = [(index, problem) for index, call in enumerate(calls) for problem in _unknown(call)]
    if trusted:
        _record_noes(calls, by, now)
        agreed = _agreed(calls, by, now, gpc=gpc)
        _judge(agreed, by, now)
        _record_noes(_said_no_after(calls, agreed, now), by, now)
    noticed += _traits(calls, by, now, trusted=trusted)
    refused = [(call.type, call.problem) for call in calls if call.problem is not None]
    refused += [(calls[index].type, problem) for index, problem in noticed]
    if refused:
        count_rejections(refused=refused, by=by, now=now)
    return noticed


def _refused_alone(call: Taken, *, trusted: bool) -> Problem | None:
    """Why a call is refused before anybody is looked up."""
    if isinstance(call.checked, Refused):
        return call.checked.problems[0]
    if names_sender(call.checked.form.kind.name, call.checked.event.properties):
        return BY_ITSELF
    if call.said.choices.get(call.checked.form.kind.purpose) is False:
        return _DECLINED
    return _NO_TOKEN if not trusted and call.checked.event.consent_token is None else None


def _judge(calls: Sequence[Taken], by: Actor, now: datetime) -> None:
    """Each of these calls has been to the gate."""
    pairs = [(call, call.checked) for call in calls if isinstance(call.checked, Ready)]
    if not pairs:
        return
    verdicts = ingest(events=[ready for _, ready in pairs], by=by, now=now)
    for (call, ready), verdict in zip(pairs, verdicts, strict=True):
        call.verdict, stored = verdict, verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE)
        has_token, anonymous = ready.event.consent_token is not None, ready.event.user_id is None
        call.problem = None if stored else refusal(verdict, has_token=has_token, anonymous=anonymous)


def _hear(calls: Sequence[Taken], by: Actor, now: datetime) -> None:
    """The Global Privacy Control signal of these people is on record, whatever becomes of their calls."""
    users = [("userId", call.user_id) for call in calls if call.user_id]
    visitors = [("anonymousId", call.anonymous_id) for call in calls if call.anonymous_id]
    if users or visitors:
        record_signal(names=users + visitors, by=by, now=now)


def _unknown(call: Taken) -> list[Problem]:
    says = "This category names no purpose of ours, so it was passed over: use the keys of GET /api/v1/purposes."
    return [Problem(f"{REFERENCE}.{name}", "unknown_purpose", says) for name in call.said.unknown]


def _record_noes(calls: Sequence[Taken], by: Actor, now: datetime) -> None:
    """What people known to us are said to refuse is on record."""
    saying = [call for call in calls if False in call.said.choices.values()]
    if not saying:
        return
    ids = _ids(saying)
    noes = [_statement(call, ids[_name(call)], wanted=False, now=now) for call in saying if _name(call) in ids]
    take_statements(statements=noes, by=by, now=now, reference=REFERENCE)


def _agreed(calls: Sequence[Taken], by: Actor, now: datetime, *, gpc: bool) -> list[Taken]:
    """Refused calls whose people are said to have agreed: they are known now, their yes is recorded where it may."""
    curable = [call for call in calls if _is_curable(call)]
    if not curable:
        return []
    names = {_name(call) for call in curable}
    strangers = [value for kind, value in names if kind == _USER and value and not is_public_id(value, "cus")]
    meet(user_ids=strangers, by=by, now=now)
    ensure_anonymous(anonymous_ids=[value for kind, value in names if kind == _VISITOR and value], by=by, now=now)
    _hear([call for call in curable if gpc or call.said.signal], by, now)
    ids = _ids(curable)
    yeses = [_statement(call, ids[_name(call)], wanted=True, now=now) for call in curable if _name(call) in ids]
    take_statements(statements=yeses, by=by, now=now, reference=REFERENCE)
    return curable


def _is_curable(call: Taken) -> bool:
    if not isinstance(call.checked, Ready) or call.verdict not in _CURABLE or call.checked.event.consent_token:
        return False
    return call.said.choices.get(call.checked.form.kind.purpose) is True


def _said_no_after(calls: Sequence[Taken], agreed: Sequence[Taken], now: datetime) -> list[Taken]:
    """Calls that say no later than the yes, in the same request, by which somebody became known."""
    yes_at: dict[_Name, datetime] = {}
    for call in agreed:
        yes_at[_name(call)] = max(_at(call, now), yes_at.get(_name(call), _at(call, now)))
    return [call for call in calls if _name(call) in yes_at and _at(call, now) > yes_at[_name(call)]]


def _statement(call: Taken, customer_id: int, *, wanted: bool, now: datetime) -> Statement:
    """Every no that the call says, or the one yes that its event needs: no more is written down than is used."""
    noes = {key: said for key, said in call.said.choices.items() if not said}
    needed = call.checked.form.kind.purpose if isinstance(call.checked, Ready) else ""
    choices = {needed: True} if wanted else noes
    return Statement(customer_id=customer_id, choices=choices, at=_at(call, now), language=call.said.language)


def _at(call: Taken, now: datetime) -> datetime:
    """When it was said; what could not be read as an event is said now."""
    return min(call.checked.at, now) if isinstance(call.checked, Ready) else now


def _name(call: Taken) -> _Name:
    """Whom the call is about, in the spelling under which customers are kept."""
    kind, value = (_USER, call.user_id) if call.user_id else (_VISITOR, call.anonymous_id)
    try:
        return kind, normalise(kind, value)
    except BadIdentity:
        return kind, ""


def _ids(calls: Sequence[Taken]) -> dict[_Name, int]:
    """Database ids of the people of these calls who are known; four queries at the most."""
    names = {_name(call) for call in calls}
    users = ids_by_reference([value for kind, value in names if kind == _USER and value])
    visitors = owners_of(identifiers=[name for name in names if name[0] == _VISITOR and name[1]])
    return {(_USER, value): pk for value, pk in users.items()} | visitors


def _traits(calls: Sequence[Taken], by: Actor, now: datetime, *, trusted: bool) -> list[tuple[int, Problem]]:
    bringing = [(i, call) for i, call in enumerate(calls) if call.traits and call.verdict is Verdict.ACCEPTED]
    if not trusted:
        return [(index, _NO_TRAITS) for index, _ in bringing]
    told = [Told(index, call.user_id, call.traits or {}) for index, call in bringing]
    return tell_profiles(told=told, by=by, now=now)
