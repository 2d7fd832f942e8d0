"""Secrets found in public, ended from the command line."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.actors import SYSTEM
from integrations.rules.leaks import Report, hint_of, kind_of
from integrations.services.leaks import end_leaked


class Command(BaseCommand):
    """`leaked < FILE`: one secret a line."""

    help = "End secrets, keys and tokens that stand in public; they are read from standard input, one a line."

    def handle(self, *args: Any, **options: Any) -> None:
        """End them, and say of each whether it was ours."""
        reports = [Report(line.strip(), "command line", "") for line in sys.stdin if line.strip()]
        ours = end_leaked(reports=reports, by=SYSTEM, now=timezone.now())
        for report, own in zip(reports, ours, strict=True):
            name = hint_of(report.token) if kind_of(report.token) else "a text of another shape"
            self.stdout.write(f"{name}: {'ended' if own else 'unknown here'}")
