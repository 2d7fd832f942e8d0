"""Evaluating experiments and promotions as feature flags: straight statements, since pages wait for the answer."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from campaigns.rules.flags import Evaluated, Flag, Reason, evaluate
from campaigns.rules.serving import Assignment, Viewer
from campaigns.services.serving import running_promotions, serve_each, serve_promotion
from consent.selectors.decisions import use_of
from core.errors import NotFound
from core.ids import is_public_id
from customers.selectors import direct

PURPOSE: Final = "personalisation"
_FLAGS: Final = """
SELECT x.id, x.public_id, x.key, x.state, x.winner, x.drawn, x.variants::text, x.coverage,
    x.segment_id IS NOT NULL, s.current_id
FROM campaigns_experiment x LEFT JOIN customers_segment s ON s.id = x.segment_id
WHERE x.kind = 'split' AND x.state <> 'draft' AND (%(key)s = '' OR x.key = %(key)s)
ORDER BY x.state, x.created_at DESC LIMIT 500
"""
_VIEWER: Final = """
SELECT c.id, c.public_id, c.consent_mask & %(bit)s <> 0 AND (c.consent_until IS NULL OR c.consent_until > %(now)s)
        AND c.gpc_first_seen_at IS NULL,
    ARRAY(SELECT m.version_id FROM customers_segmentmember m
        WHERE m.customer_id = c.id AND m.version_id = ANY(%(versions)s)),
    (SELECT json_agg(json_build_array(e.experiment_id, e.variant))::text FROM campaigns_shown e
        WHERE e.customer_id = c.id AND e.experiment_id = ANY(%(flags)s))
FROM customers_customer c WHERE c.status <> 'deleted' AND c.merged_into_id IS NULL AND c."""
_LOG: Final = """
INSERT INTO campaigns_shown (experiment_id, customer_id, variant, shown_at)
VALUES (%(experiment)s, %(customer)s, %(variant)s, %(now)s)
ON CONFLICT (experiment_id, customer_id) DO UPDATE SET variant = campaigns_shown.variant RETURNING variant
"""
_WHY: Final = {
    Assignment.STICKY: Reason.SPLIT,
    Assignment.SPLIT: Reason.SPLIT,
    Assignment.DEFAULT: Reason.STATIC,
    Assignment.FORCED: Reason.STATIC,
}


def evaluate_flag(*, key: str, user: str, signal: bool, now: datetime) -> dict[str, Any]:
    """The value of the experiment or promotion with this key for a user; the first time is logged as an exposure.

    Nothing about the person is used or logged without permission for personalisation, or with a Global Privacy
    Control signal. NotFound when there is neither an experiment that was started nor an active promotion.
    """
    flags = _flags(key)
    if not flags:
        return _promotion(key, user, signal, now)
    customer, viewer = _viewer(user, flags, now)
    found = evaluate(flags[0], Viewer() if signal else viewer)
    if not found.is_new:
        return _answer_of(found)
    values = {"experiment": found.flag.id, "customer": customer, "variant": found.variant["key"], "now": now}
    ((variant,),) = direct.run(statement=_LOG, parameters=values)
    first = next((one for one in found.flag.variants if one["key"] == variant), found.variant)
    return _answer_of(Evaluated(found.flag, first, found.reason))


def evaluate_flags(*, user: str, signal: bool, now: datetime) -> list[dict[str, Any]]:
    """The values of all experiments and promotions for a user, at most 500 of each.

    Nothing is logged: being sent along is not being shown. Pages report what they show, or ask for the one flag.
    """
    flags = _flags("")
    viewer = Viewer() if signal or not flags else _viewer(user, flags, now)[1]
    found = [_answer_of(evaluate(flag, viewer)) for flag in flags]
    taken = {one["key"] for one in found}
    served = serve_each(user=user, signal=signal, now=now)
    return found + [
        _answer(one.promotion.key, one.variant, one.variant["content"], _WHY[one.assignment], one.promotion.public_id)
        for one in served
        if one.promotion.key not in taken
    ]


def _answer_of(found: Evaluated) -> dict[str, Any]:
    """An evaluation in the words of the protocol."""
    return _answer(found.flag.key, found.variant, found.variant["value"], found.reason, found.flag.public_id)


def _answer(key: str, variant: Any, value: Any, reason: Reason, origin: str) -> dict[str, Any]:
    return {
        "key": key,
        "value": value,
        "reason": reason.value,
        "variant": variant["key"],
        "metadata": {"id": origin},
    }


def _promotion(key: str, user: str, signal: bool, now: datetime) -> dict[str, Any]:
    if not running_promotions(key=key):
        raise NotFound("There is no flag with this key.", param="key")
    served = serve_promotion(user=user, promotion=key, signal=signal, now=now)
    shown = served["promotion"]
    if shown is None:
        return _answer(key, {"key": "none"}, {}, Reason.DISABLED, "")
    variant = {"key": served["variant"]}
    return _answer(key, variant, shown["content"], _WHY[Assignment(served["assignment"])], shown["id"])


def _flags(key: str) -> Sequence[Flag]:
    rows = direct.run(statement=_FLAGS, parameters={"key": key})
    return [_flag(row) for row in rows]


def _flag(row: tuple[Any, ...]) -> Flag:
    pk, public_id, key, state, winner, drawn, variants, coverage, for_segment, version = row
    return Flag(pk, public_id, key, state, winner, drawn, json.loads(variants), coverage, for_segment, version)


def _viewer(user: str, flags: Sequence[Flag], now: datetime) -> tuple[int, Viewer]:
    column = "public_id" if is_public_id(user, "cus") else "external_id"
    parameters = {
        "bit": use_of(PURPOSE).mask,
        "now": now,
        "versions": [flag.version for flag in flags if flag.version],
        "flags": [flag.id for flag in flags],
        "user": user,
    }
    found = direct.run(statement=f"{_VIEWER}{column} = %(user)s", parameters=parameters)
    if not found:
        return 0, Viewer()
    pk, public_id, personal, versions, seen = found[0]
    before = {flag: (variant, "") for flag, variant in json.loads(seen or "[]")}
    return pk, Viewer(public_id=public_id, personal=personal, versions=frozenset(versions), seen=before)
