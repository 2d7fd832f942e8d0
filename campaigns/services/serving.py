"""The served answer: three statements without a framework between, since pages ask for it while people wait."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from campaigns.models import Exposure
from campaigns.rules.experiments import HELD_OUT
from campaigns.rules.holdouts import side_of
from campaigns.rules.serving import Assignment, Running, Served, UnknownVariant, Viewer, serve
from consent.selectors.decisions import use_of
from core.errors import InvalidInput
from core.ids import is_public_id
from customers.selectors import direct

PURPOSE: Final = "personalisation"
_RUNNING: Final = """
SELECT p.id, p.public_id, p.key, p.name, p.begins_at, p.ends_at, p.segment_id IS NOT NULL, s.current_id,
    p.variants::text, o.key, o.kind, o.value::text, o.currency, o.name, p.purpose
FROM campaigns_promotion p JOIN campaigns_offer o ON o.id = p.offer_id
LEFT JOIN customers_segment s ON s.id = p.segment_id
WHERE p.state = 'active' AND (%(key)s = '' OR p.key = %(key)s) ORDER BY p.priority, p.id LIMIT 200
"""
_VIEWER: Final = """
SELECT c.id, c.public_id, c.consent_mask,
    c.consent_mask & %(bit)s <> 0 AND (c.consent_until IS NULL OR c.consent_until > %(now)s)
        AND c.gpc_first_seen_at IS NULL,
    ARRAY(SELECT m.version_id FROM customers_segmentmember m
        WHERE m.customer_id = c.id AND m.version_id = ANY(%(versions)s)),
    (SELECT json_agg(json_build_array(e.promotion_id, e.variant, e.public_id))::text FROM campaigns_exposure e
        WHERE e.customer_id = c.id AND e.promotion_id = ANY(%(promotions)s)),
    (SELECT json_build_array(x.id, x.public_id, x.variants, (SELECT w.variant FROM campaigns_shown w
            WHERE w.experiment_id = x.id AND w.customer_id = c.id))::text
        FROM campaigns_experiment x WHERE x.kind = 'holdout' AND x.state = 'running')
FROM customers_customer c WHERE c.status <> 'deleted' AND c.merged_into_id IS NULL AND c."""
_LOG: Final = """
INSERT INTO campaigns_exposure (public_id, promotion_id, customer_id, variant, shown_at)
VALUES (%(id)s, %(promotion)s, %(customer)s, %(variant)s, %(now)s)
ON CONFLICT (promotion_id, customer_id) DO UPDATE SET variant = campaigns_exposure.variant
RETURNING public_id, variant
"""
_LOG_SIDE: Final = """
INSERT INTO campaigns_shown (experiment_id, customer_id, variant, shown_at)
VALUES (%(experiment)s, %(customer)s, %(variant)s, %(now)s) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Side:
    """On which side of the global holdout somebody is, and whether the log knows."""

    experiment: int
    variant: str
    logged: bool


def serve_promotion(
    *, user: str, variant: str = "", promotion: str = "", signal: bool, now: datetime
) -> dict[str, Any]:
    """What this user is shown: the promotion or null, its variant, why, and the exposure it counts as.

    Nothing about the person is used, and nothing logged, without permission for personalisation or with a Global
    Privacy Control signal; users we do not know are served like that too. Whoever the global holdout leaves out is
    shown nothing. InvalidInput for a variant there is not.
    """
    running = running_promotions(key=promotion)
    pk, viewer, side = _viewer(user, running, now)
    if signal:
        viewer = Viewer()
    try:
        served = serve(running, viewer, forced=variant, now=now)
    except UnknownVariant as unknown:
        raise InvalidInput("Invalid 'variant': there is no such variant.", param="variant") from unknown
    if served is None:
        if variant:
            raise InvalidInput("Invalid 'variant': no promotion is running for this user.", param="variant")
        return _answer(user, None, None, "default", None)
    if side and viewer.personal and served.assignment is not Assignment.FORCED:
        _log_side(side, pk, now)
        if side.variant == HELD_OUT:
            return _answer(user, None, None, "default", None)
    shown, exposure = (served.variant, served.exposure_id) if not served.is_new else _logged(served, pk, now)
    return _answer(user, served.promotion, shown, served.assignment.value, exposure)


def running_promotions(*, key: str = "") -> list[Running]:
    """The active promotions in the order they are considered, at most 200; with a key that one alone."""
    return [_running(row) for row in direct.run(statement=_RUNNING, parameters={"key": key})]


def serve_each(*, user: str, signal: bool, now: datetime) -> list[Served]:
    """What the user would be shown of each active promotion alone; nothing is logged."""
    running = running_promotions()
    _, viewer, side = _viewer(user, running, now)
    if signal:
        viewer = Viewer()
    if side and viewer.personal and side.variant == HELD_OUT:
        return []
    found = (serve([one], viewer, forced="", now=now) for one in running)
    return [served for served in found if served is not None]


def _running(row: tuple[Any, ...]) -> Running:
    *promotion, offer, kind, value, currency, label, purpose = row
    pk, public_id, key, name, begins, ends, for_segment, version, variants = promotion
    given = {"key": offer, "name": label, "kind": kind, "value": float(value) if value else None, "currency": currency}
    return Running(
        id=pk,
        public_id=public_id,
        key=key,
        name=name,
        begins_at=begins,
        ends_at=ends,
        for_segment=for_segment,
        version=version,
        variants=json.loads(variants),
        offer=given,
        asks=use_of(purpose).mask if purpose else 0,
    )


def _viewer(user: str, running: list[Running], now: datetime) -> tuple[int, Viewer, _Side | None]:
    column = "public_id" if is_public_id(user, "cus") else "external_id"
    parameters = {
        "bit": use_of(PURPOSE).mask,
        "now": now,
        "versions": [one.version for one in running if one.version],
        "promotions": [one.id for one in running],
        "user": user,
    }
    found = direct.run(statement=f"{_VIEWER}{column} = %(user)s", parameters=parameters) if running else []
    if not found:
        return 0, Viewer(), None
    pk, public_id, agreed, personal, versions, seen, holdout = found[0]
    before = {promotion: (variant, exposure) for promotion, variant, exposure in json.loads(seen or "[]")}
    viewer = Viewer(public_id, personal, frozenset(versions), agreed, before)
    return pk, viewer, _side(json.loads(holdout), public_id) if holdout else None


def _side(holdout: tuple[int, str, list[dict[str, Any]], str | None], person: str) -> _Side:
    experiment, seed, variants, logged = holdout
    return _Side(experiment, logged or side_of(seed, person, variants), logged is not None)


def _log_side(side: _Side, customer: int, now: datetime) -> None:
    """Write on which side of the holdout somebody is for whom something is running, once."""
    if not side.logged:
        values = {"experiment": side.experiment, "customer": customer, "variant": side.variant, "now": now}
        direct.run(statement=_LOG_SIDE, parameters=values)


def _logged(served: Served, customer: int, now: datetime) -> tuple[Any, str]:
    """Write the exposure; when another request was first, its variant holds."""
    values = {
        "id": Exposure.new_public_id(),
        "promotion": served.promotion.id,
        "customer": customer,
        "variant": served.variant["key"],
        "now": now,
    }
    ((exposure_id, variant),) = direct.run(statement=_LOG, parameters=values)
    by_key = {one["key"]: one for one in served.promotion.variants}
    return by_key.get(variant, served.variant), exposure_id


def _answer(user: str, promotion: Running | None, variant: Any, why: str, exposure: str | None) -> dict[str, Any]:
    shown = None
    if promotion is not None:
        shown = {
            "id": promotion.public_id,
            "key": promotion.key,
            "name": promotion.name,
            "offer": promotion.offer,
            "content": variant["content"],
            "endsAt": promotion.ends_at,
        }
    return {
        "userId": user,
        "promotion": shown,
        "variant": variant["key"] if variant else None,
        "assignment": why,
        "exposureId": exposure,
    }
