"""Celery entry points of integrations."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from integrations.services import clients, usage


@shared_task
def clear_expired_tokens(**_: Any) -> None:
    """Delete OAuth tokens and codes that nobody can use any more."""
    clients.clear_expired_tokens()


@shared_task
def drain_usage(**_: Any) -> int:
    """Bring what was counted in Redis into the tables of usage."""
    return usage.drain_usage()


@shared_task
def trim_usage(**_: Any) -> None:
    """Forget figures and refusals that are past their retention."""
    usage.trim_usage(now=timezone.now())
