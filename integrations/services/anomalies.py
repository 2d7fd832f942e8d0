"""Verbs about unusual use: look for it, tell people, dismiss, mute."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from core import audit, jobs, outbox
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput, InvalidState
from core.models import StaffUser
from integrations.models import Anomaly, AnomalyState, ClientNetwork, Mute
from integrations.rules.anomalies import OF_STAFF, Finding, Kind, in_words
from integrations.rules.event_catalogue import CLIENT_ANOMALY
from integrations.selectors.anomalies import is_muted, subject_names, unusual
from integrations.services.letters import Letter, manager_addresses, send_letters

MUTE_DAYS: Final = (1, 7, 30, 90, 365)


def look_for_anomalies(*, now: datetime) -> int:
    """Everything unusual at this instant is on record; how many alerts are new and were told of."""
    return sum(_raise(finding, now) for finding in unusual(now=now))


@transaction.atomic
def _raise(finding: Finding, now: datetime) -> bool:
    muted = is_muted(subject=finding.subject, kind=finding.kind, now=now)
    row, new = Anomaly.objects.select_for_update().get_or_create(
        kind=finding.kind,
        subject=finding.subject,
        mark=finding.mark,
        defaults={
            "public_id": Anomaly.new_public_id(),
            "seen": finding.seen,
            "usual": finding.usual,
            "where": finding.where,
            "muted": muted,
            "created_at": now,
            "updated_at": now,
        },
    )
    if not new:
        if finding.seen > row.seen:
            row.seen, row.updated_at = finding.seen, now
            row.save(update_fields=["seen", "updated_at"])
        return False
    changes = {"kind": [None, row.kind], "subject": [None, row.subject], "seen": [None, row.seen]}
    audit.record(by=SYSTEM, action="anomaly.found", target=row.public_id, changes=changes)
    if not muted:
        _tell(row)
    return not muted


def _tell(row: Anomaly) -> None:
    if row.kind not in OF_STAFF and row.subject:
        payload = {"client": row.subject, "kind": row.kind, "seen": row.seen, "usual": row.usual}
        outbox.publish(topic=CLIENT_ANOMALY, subject=row.subject, payload=payload)
    jobs.defer("integrations.tasks.mail_anomaly", anomaly_id=row.public_id)


def mail_anomaly(*, public_id: str) -> int:
    """Whoever looks after integrations was told, and the member of staff it is about; how many.

    Retryable without a server.
    """
    row = Anomaly.objects.filter(public_id=public_id).first()
    if row is None:
        return 0
    concerned = StaffUser.objects.filter(is_active=True, public_id=row.subject or None)
    addresses = dict.fromkeys([*concerned.values_list("email", flat=True), *manager_addresses()])
    subject, body = _letter(row)
    return send_letters([Letter(address, subject, body) for address in addresses], about=public_id)


def _letter(row: Anomaly) -> tuple[str, str]:
    name = subject_names(subjects=[row.subject]).get(row.subject, row.subject or "nobody recognised")
    label = Kind(row.kind).label
    what = "account" if row.kind in OF_STAFF else "API client"
    link = f"{settings.PUBLIC_URL}/console/unusual-use/{row.public_id}"
    advice = "If this is not meant to be: change the password, or disable the client and rotate its secrets and keys."
    body = f"{what[0].upper()}{what[1:]}: {name}\n{in_words(row.finding)}\n\n{advice}\n\n{link}\n"
    return f"{label}: {name}", body


@transaction.atomic
def dismiss_anomaly(*, anomaly: Anomaly, reason: str, by: Actor, now: datetime) -> Anomaly:
    """Nobody is reminded of it any more; the reason stands in the audit log. Only an open one, not without a reason."""
    if not reason.strip():
        raise InvalidInput("Say why it can be dismissed.", param="reason")
    row = Anomaly.objects.select_for_update().get(pk=anomaly.pk)
    if row.state != AnomalyState.OPEN:
        raise InvalidState("This alert is dismissed already.")
    row.state, row.dismissed_at, row.dismissed_by, row.updated_at = AnomalyState.DISMISSED, now, by.id, now
    row.reason = reason.strip()[:300]
    row.save(update_fields=["state", "dismissed_at", "dismissed_by", "reason", "updated_at"])
    audit.record(by=by, action="anomaly.dismissed", target=row.public_id, reason=row.reason)
    return row


@transaction.atomic
def mute(*, subject: str, kind: str, days: int, reason: str, by: Actor, now: datetime) -> Mute:
    """For `days` nobody is told of this kind (all when '') about the subject; what happens stays on record.

    It replaces the mute there was. Refuses other spans than MUTE_DAYS, unknown kinds, and no reason.
    """
    if days not in MUTE_DAYS:
        raise InvalidInput(f"Choose from {', '.join(map(str, MUTE_DAYS))} days.", param="days")
    if kind not in dict(Mute._meta.get_field("kind").flatchoices):
        raise InvalidInput("There is no such kind.", param="kind")
    if not reason.strip():
        raise InvalidInput("Say why nobody needs to be told.", param="reason")
    values = {"until": now + timedelta(days=days), "reason": reason.strip()[:300], "created_by": by.id}
    row, _ = Mute.objects.update_or_create(
        subject=subject,
        kind=kind,
        defaults={**values, "updated_at": now},
        create_defaults={**values, "public_id": Mute.new_public_id(), "created_at": now, "updated_at": now},
    )
    changes = {"kind": [None, kind], "days": [None, days]}
    audit.record(by=by, action="alerts.muted", target=subject or "api", changes=changes, reason=row.reason)
    return row


@transaction.atomic
def unmute(*, mute: Mute, by: Actor) -> None:
    """People are told again, from now on."""
    row = Mute.objects.select_for_update().filter(pk=mute.pk).first()
    if row is not None:
        row.delete()
        audit.record(by=by, action="alerts.unmuted", target=row.subject or "api", changes={"kind": [row.kind, None]})


def trim_anomalies(*, now: datetime) -> None:
    """Alerts and mutes older than figures of usage, and networks that nobody called from for as long, are gone."""
    before = now - timedelta(days=settings.USAGE_RETENTION_DAYS)
    Anomaly.objects.filter(created_at__lt=before).delete()
    Mute.objects.filter(until__lt=before).delete()
    ClientNetwork.objects.filter(last_at__lt=before).delete()
