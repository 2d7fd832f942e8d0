"""`manage.py consent`: what operators ask about consent from a shell."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.utils import timezone

from consent.management.case_lines import CaseCommand
from consent.rules.cases import parse_case, unread_fields
from consent.rules.decisions import decide


class Command(CaseCommand):
    """Decides cases by the rules alone: it reads neither the database nor the ledger."""

    help = "Questions about consent. `decide` answers one case per line of standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        decide_parser = commands.add_parser("decide", help="decide the cases of standard input, one JSON object a line")
        self.offer_json(decide_parser)

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        now = timezone.now()
        self.answer_lines(lambda raw: _answer(raw, now), _sentence, as_json=options["json"])


def _answer(raw: dict[str, Any], now: datetime) -> dict[str, Any]:
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


def _sentence(answer: dict[str, Any]) -> str:
    return f"{answer['answer']}: {answer['why']} ({answer['reason']}, rules of {answer['rule_set']})"
