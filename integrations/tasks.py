"""Celery entry points of integrations."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from core.jobs import Retryable
from integrations.services import (
    agent_calls,
    anomalies,
    bindings,
    clients,
    controller_calls,
    devices,
    digests,
    leaks,
    papers,
    proofs,
    quota_warnings,
    usage_drain,
    webhook_replay,
    webhook_upkeep,
)


@shared_task
def clear_expired_tokens(**_: Any) -> None:
    """Delete OAuth tokens and codes that nobody can use any more, and what was remembered for their sake."""
    clients.clear_expired_tokens()
    devices.forget_device_codes(now=timezone.now())
    proofs.forget_assertions(now=timezone.now())
    bindings.forget_bindings(now=timezone.now())


@shared_task
def drain_usage(**_: Any) -> int:
    """Bring what was counted in Redis into the tables of usage."""
    return usage_drain.drain_usage(now=timezone.now())


@shared_task
def trim_usage(**_: Any) -> None:
    """Forget figures, refusals and days of the log that are past their retention."""
    now = timezone.now()
    usage_drain.trim_usage(now=now)
    usage_drain.drop_old_log(now=now)
    anomalies.trim_anomalies(now=now)


@shared_task
def look_for_anomalies(**_: Any) -> int:
    """Find what is unusual in the use of API clients and in signing in."""
    return anomalies.look_for_anomalies(now=timezone.now())


@shared_task(autoretry_for=(Retryable,), retry_backoff=60, max_retries=5)
def mail_anomaly(anomaly_id: str, **_: Any) -> int:
    """Tell staff what is unusual."""
    return anomalies.mail_anomaly(public_id=anomaly_id)


@shared_task
def warn_quotas(**_: Any) -> int:
    """Tell people of clients that have used most of a window."""
    return quota_warnings.warn_quotas(now=timezone.now())


@shared_task(autoretry_for=(Retryable,), retry_backoff=60, max_retries=5)
def mail_quota_warning(client_id: str, window: str, day: str, step: int, **_: Any) -> int:
    """Tell the contact of a client, and staff, how much of a window is used."""
    return quota_warnings.mail_warning(client_id=client_id, window=window, day=day, step=step)


@shared_task(autoretry_for=(Retryable,), retry_backoff=60, max_retries=5)
def mail_leak(client_id: str, **_: Any) -> int:
    """Tell people that a secret of a client was found in public."""
    return leaks.mail_leak(client_id=client_id, now=timezone.now())


@shared_task
def replay_webhooks(job_id: str, **_: Any) -> None:
    """Queue again what an endpoint missed."""
    webhook_replay.run_replay(job_id=job_id, clock=timezone.now)


@shared_task
def trim_webhooks(**_: Any) -> int:
    """Forget deliveries that are past their retention."""
    return webhook_upkeep.trim_webhooks(now=timezone.now())


@shared_task
def stop_uncovered(**_: Any) -> int:
    """Stop what leads to companies whose agreement has run out."""
    return papers.stop_uncovered(now=timezone.now())


@shared_task
def call_agents(**_: Any) -> int:
    """Tell authorised agents where the requests they sent stand."""
    return agent_calls.call_agents(clock=timezone.now)


@shared_task
def find_people_by_digest(**_: Any) -> int:
    """Find whom controllers named by digests alone."""
    return digests.find_people(now=timezone.now())


@shared_task
def call_controllers(**_: Any) -> int:
    """Tell controllers where the requests they sent by OpenDSR stand."""
    return controller_calls.call_controllers(clock=timezone.now)


@shared_task(autoretry_for=(Retryable,), retry_backoff=60, max_retries=5)
def mail_webhook_notice(endpoint_id: str, percent: int, **_: Any) -> int:
    """Tell people that an endpoint fails."""
    return webhook_upkeep.mail_notice(public_id=endpoint_id, percent=percent)
