"""Unusual use."""

from django.utils import timezone

from core.actors import SYSTEM
from integrations.models import Anomaly, Mute
from integrations.rules.anomalies import Kind
from integrations.services.anomalies import mute
from tests.factories.integrations import make_client


def make_anomaly(kind: str = Kind.VOLUME, subject: str = "", mark: str = "2026-11-21") -> Anomaly:
    """An open alert about a client."""
    now = timezone.now()
    return Anomaly.objects.create(
        public_id=Anomaly.new_public_id(),
        kind=kind,
        subject=subject or make_client().public_id,
        mark=mark,
        seen=12_345,
        usual=1_000.0,
        created_at=now,
        updated_at=now,
    )


def make_mute(subject: str = "", kind: str = "quota", days: int = 7) -> Mute:
    """A mute of a client's quota warnings."""
    about = subject or make_client().public_id
    return mute(subject=about, kind=kind, days=days, reason="A load test is announced.", by=SYSTEM, now=timezone.now())


def anomaly_example() -> dict[str, str]:
    """The address of an alert."""
    return {"public_id": make_anomaly().public_id}


def mute_example() -> dict[str, str]:
    """The address of a mute."""
    return {"public_id": make_mute().public_id}
