"""Celery entry points of integrations."""

from typing import Any

from celery import shared_task

from integrations.services import clients


@shared_task
def clear_expired_tokens(**_: Any) -> None:
    """Delete OAuth tokens and codes that nobody can use any more."""
    clients.clear_expired_tokens()
