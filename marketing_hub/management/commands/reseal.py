"""`manage.py reseal`: bring everything that is sealed under the first key of FIELD_KEYS."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consent.services.resealing import reseal_letters
from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import Job, JobState
from customers.services.resealing import reseal_attributes, start_resealing
from integrations.services.signing import reseal_signing_keys
from integrations.services.sinks import reseal_passwords
from integrations.services.webhooks import reseal_secrets

OPERATOR = Actor(kind=ActorKind.SYSTEM, id="operator", label="manage.py")


class Command(BaseCommand):
    """Runs the job here, with its progress; it can also be watched, paused and stopped in the console."""

    help = (
        "Seal attributes, signing keys, webhook secrets and privacy requests under the first key of FIELD_KEYS, online."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command takes."""
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run to the end; CommandError when it broke off or was stopped."""
        job = start_resealing(by=OPERATOR, now=timezone.now(), run_here=True)
        try:
            reseal_attributes(job_id=job.public_id, clock=timezone.now, progress=self._draw)
            others = {
                "signing_keys": reseal_signing_keys(),
                "webhook_secrets": reseal_secrets(),
                "sink_passwords": reseal_passwords(),
                "request_texts": reseal_letters(),
            }
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        job.refresh_from_db()
        if job.state != JobState.SUCCEEDED:
            raise CommandError(f"The job ended as {job.state}: {job.error}")
        report = {"job": job.public_id, "customers": job.done, "changed": job.result["changed"], **others}
        self.stdout.write(json.dumps(report) if options["json"] else "  ".join(f"{k}={v}" for k, v in report.items()))

    def _draw(self, job: Job) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{job.done} of {job.total} customers", ending="")
