"""`manage.py courier`: send webhooks until a signal ends it."""

import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.services.courier import Courier


class Command(BaseCommand):
    """One process is enough; several share the endpoints among them."""

    help = "Send webhooks until a signal ends it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, then finish what is under way."""
        if not settings.LIVEMODE:
            raise CommandError("Nothing leaves a sandbox: its webhooks are planned, never sent.")
        asyncio.run(self._run())

    async def _run(self) -> None:
        courier, loop = Courier(clock=timezone.now), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, courier.stop)
        await courier.run()
