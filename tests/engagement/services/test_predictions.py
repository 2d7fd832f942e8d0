"""Predictions of people who are merged, parted, told what is kept about them, and erased."""

from datetime import UTC, datetime, timedelta

import pytest

from core import privacy
from core.actors import SYSTEM, Actor, ActorKind
from customers.services.customers import create_customer
from customers.services.merges import approve_merge, request_merge, undo_merge
from engagement.models import Prediction
from engagement.rules.predictions import read_row
from engagement.selectors.predictions import collect_predictions
from engagement.services.predictions import Row, write_predictions

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_ann", "usr_bob"))
MODEL = Actor(kind=ActorKind.CLIENT, id="cli_model")


@pytest.fixture
def pair():
    """Two profiles of one person, each with a prediction of its own."""
    both = [create_customer(properties={"external_id": name}, by=SYSTEM, now=NOON) for name in ("1", "2")]
    for name, score in (("1", 0.25), ("2", 0.75)):
        raw = {"score": score, "model_version": "7", "label": f"of-{name}"}
        write_predictions(rows=[Row(read_row(model="churn", user=name, raw=raw, now=NOON))], by=MODEL, now=NOON)
    return both


def standing():
    rows = Prediction.objects.order_by("customer_id")
    return list(rows.values_list("customer_id", "score", "label", "scored_at", "expires_at", "written_by"))


def test_merge_and_undo__two_predictions__survivor_keeps_its_own_and_both_come_back(pair):
    jane, twin = pair
    before = standing()

    merge = request_merge(survivor=jane, absorbed=twin, reason="same person", by=ANN, now=NOON)
    merge = approve_merge(merge=merge, by=BOB, now=NOON)
    merged = standing()
    undo_merge(merge=merge, reason="two people", by=ANN, now=NOON + timedelta(hours=1))

    assert [row[0] for row in merged] == [jane.pk]
    assert standing() == before


def test_package_and_erasure__tell_and_take_every_prediction(pair):
    jane, twin = pair

    told = list(collect_predictions([jane.pk]))
    privacy.erase_everywhere([jane.pk])

    assert told == [
        {
            "model": "churn",
            "score": "0.25",
            "label": "of-1",
            "model_version": "7",
            "scored_at": NOON.isoformat(),
            "expires_at": (NOON + timedelta(days=90)).isoformat(),
            "written_by": "cli_model",
        }
    ]
    assert [row[0] for row in standing()] == [twin.pk]
