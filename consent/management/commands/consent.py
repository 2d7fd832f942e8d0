"""`manage.py consent`: what operators ask about consent from a shell."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from consent.rules.cases import CaseError, parse_case, unread_fields
from consent.rules.decisions import decide


class Command(BaseCommand):
    """Decides cases by the rules alone: it reads neither the database nor the ledger."""

    help = "Questions about consent. `decide` answers one case per line of standard input."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        decide_parser = commands.add_parser("decide", help="decide the cases of standard input, one JSON object a line")
        decide_parser.add_argument("--json", action="store_true", help="answer with one JSON object a line")

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        refused = 0
        for answer in _answers(sys.stdin.buffer, timezone.now()):
            refused += "error" in answer
            self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _sentence(answer))
        if refused:
            raise CommandError(f"{refused} line(s) could not be read as a case; see their errors above.")


def _answers(lines: Iterable[bytes], now: datetime) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _answer(line, now)
        except CaseError as error:
            yield {"error": error.code, "field": error.field, "message": str(error), "line": number}


def _answer(line: bytes, now: datetime) -> dict[str, Any]:
    raw = _object(line)
    decision = decide(parse_case(raw, now=now))
    answer = {
        "answer": decision.answer.value,
        "reason": decision.reason.value,
        "rule_set": decision.rule_set,
        "why": decision.why,
        "place": decision.place,
        "ledger_seq": decision.ledger_seq,
    }
    unread = unread_fields(raw)
    return answer | {"unread": unread} if unread else answer


def _object(line: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CaseError("invalid_json", "", "This line is not a JSON object in UTF-8.") from error
    if not isinstance(raw, dict):
        raise CaseError("not_an_object", "", "A case must be a JSON object.")
    return raw


def _sentence(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"line {answer['line']}: {answer['message']}"
    return f"{answer['answer']}: {answer['why']} ({answer['reason']}, rules of {answer['rule_set']})"
