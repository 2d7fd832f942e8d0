"""`manage.py gpp`: what strings of the Global Privacy Platform, and TC strings alone, say."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from consent.rules.bits import GppError
from consent.rules.gpp import TC, decode_gpp, refused_by
from consent.rules.tcf import decode_tc


class Command(BaseCommand):
    """Decodes by the rules alone: it reads no database."""

    help = "Decode GPP strings or TC strings, one a line of standard input, into one JSON object a line."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the verb."""
        parser.add_argument("verb", choices=["decode"])

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that is no GPP string is answered with its error, and the exit code is then 1."""
        answers = [_answer(line.strip()) for line in sys.stdin if line.strip()]
        for answer in answers:
            self.stdout.write(json.dumps(answer))
        if bad := sum("error" in answer for answer in answers):
            raise CommandError(f"{bad} line(s) are no GPP or TC string; see their errors above.")


def _answer(text: str) -> dict[str, Any]:
    try:
        sections = decode_gpp(text) if "~" in text else {TC: decode_tc(text)}
    except GppError as error:
        return {"gpp_string": text[:200], "error": str(error)}
    return {"gpp_string": text, "sections": sections, "refuses": sorted(refused_by(sections))}
