"""Issuing consent tokens and ending them before their time. A token itself is never stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from joserfc import jwt

from consent.models import ConsentToken
from consent.rules.decisions import Decision
from consent.rules.standing import RUNNING, Standing, decide, decide_by_notice, is_current, runs_out_at
from consent.rules.vocabulary import SERVICE_PURPOSES, Basis
from consent.selectors.catalogue import Catalogue, Notice, Use, catalogue, find_notices
from consent.selectors.tokens import ALGORITHM, TYPE, signing_key
from consent.services.pages import Page, open_pages
from core import audit
from core.actors import Actor
from core.errors import ConsentRequired, Forbidden, InvalidInput, NotFound, Problem
from customers.models import Customer

MAX_NOTICES: Final = 50


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as its receiver gets it, this once."""

    token: str
    jti: str
    purposes: tuple[str, ...]
    basis: str
    place: str
    expires_at: datetime


@transaction.atomic
def issue_token(
    *, customer: Customer, by: Actor, now: datetime, purposes: Collection[str] = (), notices: Collection[str] = ()
) -> IssuedToken:
    """A token for what this person's record allows now, valid for CONSENT_TOKEN_MINUTES or until a consent runs out.

    `purposes` are keys; each must be allowed, else ConsentRequired names those that are not. Without `purposes` the
    token covers all that are allowed by record or by notice, and is refused when there are none. Where the place is
    opt-out, a purpose without a record is allowed when `notices` (public ids) names the words shown for it: the token
    then rests on `notice_opt_out`. Issued under the lock of the person's row: a withdrawal at the same moment either
    sees the token and revokes it, or is seen here.
    """
    uses = catalogue()
    shown = _shown(notices)
    page = open_pages(customer_ids=[customer.pk], uses=uses).get(customer.pk)
    if page is None:
        raise NotFound("There is no customer with this id.")
    row = _drafted(page, _allowed(page, uses, purposes, shown, now), shown, by, now)
    row.save(force_insert=True)
    return _issued(row, page)


@transaction.atomic
def issue_tokens(*, customer_ids: Collection[int], by: Actor, now: datetime) -> dict[int, IssuedToken]:
    """A token for whatever the record of each customer allows; who is allowed nothing is absent.

    The same few statements for any number of people.
    """
    uses = catalogue()
    pages = open_pages(customer_ids=customer_ids, uses=uses)
    rows = {}
    for pk, page in pages.items():
        allowed = [use for use in uses.uses.values() if _may_cover(use) and _decision(use, page, {}, now).allowed]
        if allowed:
            rows[pk] = _drafted(page, allowed, {}, by, now)
    ConsentToken.objects.bulk_create(rows.values())
    return {pk: _issued(row, pages[pk]) for pk, row in rows.items()}


def _allowed(
    page: Page, uses: Catalogue, purposes: Collection[str], shown: Mapping[int, Notice], now: datetime
) -> list[Use]:
    """The purposes the token may cover; ConsentRequired or `suppressed` when it may not be issued."""
    if page.person.suppressed:
        raise Forbidden("Nothing may be done with this person's data.", code="suppressed")
    wanted = [_named(key, uses) for key in purposes] or [use for use in uses.uses.values() if _may_cover(use)]
    found = {use.key: _decision(use, page, shown, now) for use in wanted}
    allowed = [use for use in wanted if found[use.key].allowed]
    denied = [use for use in wanted if not found[use.key].allowed]
    if not allowed or (purposes and denied):
        details = [Problem("purposes", found[use.key].reason.value, found[use.key].why) for use in denied]
        names = ", ".join(use.key for use in denied) or "any purpose"
        raise ConsentRequired(f"There is no consent for {names}.", param="purposes", details=details)
    return allowed


def _shown(notices: Collection[str]) -> dict[int, Notice]:
    if len(notices) > MAX_NOTICES:
        raise InvalidInput(f"Name at most {MAX_NOTICES} notices.", param="notices")
    found = find_notices(set(notices))
    for name in notices:
        if name not in found:
            raise InvalidInput(f"There is no notice '{name}'.", code="unknown_notice", param="notices")
    return {notice.purpose_id: notice for notice in found.values()}


def _named(key: str, uses: Catalogue) -> Use:
    if key not in uses.uses:
        raise InvalidInput(f"Unknown purpose '{key}'; choose from {', '.join(uses.uses)}.", param="purposes")
    return uses.uses[key]


def _may_cover(use: Use) -> bool:
    """Service needs no token."""
    return use.kind not in SERVICE_PURPOSES


def _decision(use: Use, page: Page, shown: Mapping[int, Notice], now: datetime) -> Decision:
    """By the record; where there is none, silence counts only together with a current notice."""
    standing, notice = page.standings.get(use.id), shown.get(use.id)
    if notice is not None and is_current(use, notice.version, now):
        return decide_by_notice(use, page.person, standing, page.rule, now)
    return decide(replace(use, record_required=True), page.person, standing, page.rule, now)


def _drafted(page: Page, allowed: Sequence[Use], shown: Mapping[int, Notice], by: Actor, now: datetime) -> ConsentToken:
    by_notice = [use for use in allowed if use.id in shown and not _is_recorded(page.standings.get(use.id))]
    entries = [page.entry_id(use.id) for use in allowed if use.id in page.standings]
    return ConsentToken(
        jti=ConsentToken.new_jti(),
        customer_id=page.customer.pk,
        purposes=[use.key for use in allowed],
        mask=sum(use.mask for use in allowed),
        basis=Basis.NOTICE_OPT_OUT if by_notice else Basis.CONSENT,
        place=page.rule.code,
        rule_set=page.rule.rule_set,
        notices=[shown[use.id].public_id for use in by_notice],
        ledger_id=None if by_notice else max(entries, default=None),
        issued_by=str(by),
        issued_at=now,
        expires_at=_expiry(page, allowed, now),
    )


def _issued(row: ConsentToken, page: Page) -> IssuedToken:
    return IssuedToken(_signed(row, page), row.jti, tuple(row.purposes), row.basis, row.place, row.expires_at)


def _is_recorded(standing: Standing | None) -> bool:
    return standing is not None and standing.state in RUNNING


def _expiry(page: Page, allowed: Sequence[Use], now: datetime) -> datetime:
    standings = [(use, page.standings[use.id]) for use in allowed if use.id in page.standings]
    ends = [runs_out_at(standing, use.channel, page.rule) for use, standing in standings]
    longest = now + timedelta(minutes=settings.CONSENT_TOKEN_MINUTES)
    return min([longest, *(end for end in ends if end)]).replace(microsecond=0)


def _signed(row: ConsentToken, page: Page) -> str:
    kid = settings.CONSENT_TOKEN_KEY_IDS[0]
    claims = {
        "iss": settings.PUBLIC_URL,
        "sub": page.customer.public_id,
        "purposes": row.purposes,
        "region": page.person.place,
        "iat": int(row.issued_at.timestamp()),
        "exp": int(row.expires_at.timestamp()),
        "jti": row.jti,
        "seq": max((standing.entry.seq for standing in page.standings.values()), default=0),
    }
    return jwt.encode({"alg": ALGORITHM, "kid": kid, "typ": TYPE}, claims, signing_key(kid))


@transaction.atomic
def revoke_token(*, jti: str, by: Actor, now: datetime, because: str = "revoked") -> ConsentToken:
    """The token proves nothing from now on; repeating it changes nothing. NotFound for an unknown one."""
    row = ConsentToken.objects.select_for_update().filter(jti=jti).first()
    if row is None:
        raise NotFound("There is no consent token with this id.")
    if row.revoked_at is None:
        row.revoked_at, row.revoked_because = now, because
        row.save(update_fields=["revoked_at", "revoked_because"])
        audit.record(by=by, action="consent_token.revoked", target=jti)
    return row
