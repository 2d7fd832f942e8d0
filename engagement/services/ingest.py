"""HOT PATH: a request's events through the gate and into the log, by one statement and one commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from consent.selectors.catalogue import catalogue as purposes
from consent.selectors.tokens import Claims, verify_tokens
from consent.services.gpc import apply_gpc
from core.actors import Actor
from core.ids import is_public_id
from customers.rules.identity import BadIdentity, IdentityKind, normalise
from customers.selectors import direct
from customers.services.guards import suppressed_among
from engagement.models import Label
from engagement.rules.events import EventIn, Ready
from engagement.rules.members import DEVICE_CODES, NO_DEVICE
from engagement.rules.verdicts import Verdict
from engagement.services.commits import Committer, Parcel
from engagement.services.labels import label_ids
from engagement.services.partitions import ensure_for
from engagement.services.statement import Needs, statement


class _Row(msgspec.Struct, omit_defaults=True, gc=False):
    """One item of the statement's parameter; the names are its columns."""

    s: int
    k: str
    t: datetime
    y: int
    v: int
    d: int
    m: int
    q: int
    u: str | None = None
    p: str | None = None
    a: str | None = None
    c: int | None = None
    j: str | None = None
    x: "_Detail | None" = None


class _Detail(msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """The members of an event that have no column of their own."""

    element_id: str | None = None
    session_id: str | None = None
    anonymous_id: str | None = None
    variant: str | None = None
    exposure_id: str | None = None
    value: int | float | None = None
    currency: str | None = None
    context: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    event_id: str | None = None


_NOBODY: Final = _Detail()
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_PLACEHOLDER: Final = ""
SHARED_UP_TO: Final = 20
"""Larger requests have a commit of their own: they gain nothing, and would keep the small ones waiting."""


def ingest(
    *, events: Sequence[Ready], by: Actor, now: datetime, atomic: bool = False, gpc: bool = False
) -> list[Verdict]:
    """Each event is in the log exactly once or refused; the verdicts in the order of the events.

    An event is stored when its person is known and either the consent token it carries or, without one, the person's
    recorded state allows the purpose of its type (GDPR Art. 6(1)(a)); a token that is carried must hold. An id that
    this client sent within EVENT_KEY_DAYS, in an earlier request or earlier in this one, is a duplicate whatever its
    timestamp. With `atomic` one refusal leaves nothing stored. With `gpc` the people named are known to have sent a
    Global Privacy Control signal. One statement for any number of events, besides first sights of a campaign or month.
    """
    ensure_for(times=[ready.at for ready in events])
    rows = _rows(events, by, now)
    needs = _needs(rows, atomic=atomic, everybody=gpc)
    parcel = Parcel(items=_encode(rows)[1:-1], keys=[(row.s, row.k) for row in rows], needs=needs, now=now)
    alone = atomic or gpc or len(rows) > SHARED_UP_TO or direct.in_transaction()
    found = _written([parcel]) if alone else committer.commit(parcel)
    if gpc:
        apply_gpc(customer_ids={person for _, person, _, _, _ in found if person is not None}, by=by, now=now)
    return _verdicts(found, events, atomic=atomic)


def _written(parcels: Sequence[Parcel]) -> direct.Rows:
    """One statement and one commit for the rows of all parcels, as if they had come in one request."""
    keys = [key for parcel in parcels for key in parcel.keys]
    needs = Needs(*map(any, zip(*(parcel.needs for parcel in parcels), strict=True)))
    needs = needs._replace(repeats=len(set(keys)) < len(keys))
    items = b",".join([parcel.items for parcel in parcels]).decode()
    now = max(parcel.now for parcel in parcels)
    return direct.run(statement=statement(needs=needs), parameters={"items": f"[{items}]", "now": now})


committer: Final = Committer(_written)


def _rows(events: Sequence[Ready], by: Actor, now: datetime) -> list[_Row]:
    source = label_ids(kind=Label.Kind.SOURCE, values=[by.id], now=now)[by.id]
    campaigns = {ready.event.campaign_id for ready in events if ready.event.campaign_id}
    labels = label_ids(kind=Label.Kind.CAMPAIGN, values=campaigns, now=now) if campaigns else {}
    tokens = {ready.event.consent_token for ready in events if ready.event.consent_token}
    proofs = {token: _jti(claims) for token, claims in verify_tokens(tokens, now).items()} if tokens else {}
    uses = purposes().uses
    return [_row(ready, source, labels, proofs, uses) for ready in events]


def _jti(claims: object) -> str:
    """The id to look for; one that nobody has for a token that proves nothing."""
    return claims.jti if isinstance(claims, Claims) else _PLACEHOLDER


def _row(
    ready: Ready, source: int, labels: Mapping[str, int], proofs: Mapping[str, str], uses: Mapping[str, Any]
) -> _Row:
    event, kind = ready.event, ready.form.kind
    use = uses.get(kind.purpose)
    row = _Row(
        s=source,
        k=ready.key,
        t=ready.at,
        y=kind.id,
        v=kind.version,
        d=DEVICE_CODES[event.device_type] if event.device_type else NO_DEVICE,
        m=use.mask if use else 0,
        q=use.id if use else 0,
        c=labels[event.campaign_id] if event.campaign_id else None,
        j=proofs[event.consent_token] if event.consent_token else None,
        x=_detail(event, ready.text_kept),
    )
    if event.user_id is not None:
        row.u = _spelled(IdentityKind.EXTERNAL_ID, event.user_id)
        row.p = event.user_id if is_public_id(event.user_id, "cus") else None
    elif event.anonymous_id is not None:
        row.a = _spelled(IdentityKind.ANONYMOUS_ID, event.anonymous_id)
    return row


def _spelled(kind: IdentityKind, value: str) -> str:
    """The identifier as customers keep it; one that may not be kept stands for nobody."""
    if value.isascii() and value.isprintable() and value[0] != " " != value[-1]:
        return value
    try:
        return normalise(kind, value)
    except BadIdentity:
        return _PLACEHOLDER


def _detail(event: EventIn, text_kept: bool) -> _Detail | None:
    detail = _Detail(
        element_id=event.element_id,
        session_id=event.session_id,
        anonymous_id=event.anonymous_id,
        variant=event.variant,
        exposure_id=event.exposure_id,
        value=event.value,
        currency=event.currency,
        context=event.context,
        properties=event.properties,
        event_id=event.event_id if text_kept else None,
    )
    return None if detail == _NOBODY else detail


def _needs(rows: Sequence[_Row], *, atomic: bool, everybody: bool) -> Needs:
    return Needs(
        external=any(row.u is not None for row in rows),
        public=any(row.p is not None for row in rows),
        visitor=any(row.a is not None for row in rows),
        token=any(row.j is not None for row in rows),
        atomic=atomic,
        everybody=everybody,
    )


def _verdicts(found: direct.Rows, events: Sequence[Ready], *, atomic: bool) -> list[Verdict]:
    verdicts = [Verdict.ACCEPTED] * len(events)
    blocked = atomic and any(refusal is not None and not known for _, _, refusal, known, _ in found)
    for number, _, refusal, known, kept in found:
        if kept:
            continue
        if known or (refusal is None and not blocked):
            verdicts[number - 1] = Verdict.DUPLICATE
        else:
            verdicts[number - 1] = Verdict(refusal) if refusal else Verdict.BATCH_REJECTED
    _name_the_suppressed(verdicts, events)
    return verdicts


def _name_the_suppressed(verdicts: list[Verdict], events: Sequence[Ready]) -> None:
    """People nobody knows any more because they asked for it are not simply unknown; asked only when somebody is."""
    unknown = {i: _identifier(events[i]) for i, verdict in enumerate(verdicts) if verdict is Verdict.UNKNOWN_USER}
    hits = suppressed_among(identifiers=set(unknown.values()))
    for index, identifier in unknown.items():
        if identifier in hits:
            verdicts[index] = Verdict.SUPPRESSED


def _identifier(ready: Ready) -> tuple[str, str]:
    if ready.event.user_id is not None:
        return IdentityKind.EXTERNAL_ID.value, _spelled(IdentityKind.EXTERNAL_ID, ready.event.user_id)
    return IdentityKind.ANONYMOUS_ID.value, _spelled(IdentityKind.ANONYMOUS_ID, ready.event.anonymous_id or "")
