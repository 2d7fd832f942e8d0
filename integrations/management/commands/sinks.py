"""`manage.py sinks`: write the log into brokers until a signal ends it."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.services.sink_pump import Pump


class Command(BaseCommand):
    """One process is enough; a second one waits until the first is gone."""

    help = "Write the log into brokers until a signal ends it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT, then finish what is under way."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        pump, loop = Pump(clock=timezone.now), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, pump.stop)
        await pump.run()
