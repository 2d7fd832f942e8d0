"""`manage.py deadline`: when an answer to a request is due, for scripts and operators."""

from argparse import ArgumentParser
from typing import Any

from consent.management.case_lines import CaseCommand
from consent.rules.deadline_cases import parse_deadline_case, unread_kinds
from consent.rules.deadlines import due


class Command(CaseCommand):
    """Computes due dates by the rules alone: it does not read the database."""

    help = "Due dates of the cases of standard input: regime, type, received, clock, events; one JSON object a line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        self.offer_json(parser)

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        self.answer_lines(_answer, _sentence, as_json=options["json"])


def _answer(raw: dict[str, Any]) -> dict[str, Any]:
    found = due(parse_deadline_case(raw))
    answer = {
        "law_due": found.law_due.isoformat(),
        "safe_due": found.safe_due.isoformat(),
        "why": list(found.why),
        "extension": found.extension,
        "notice_by": found.notice_by.isoformat() if found.notice_by else None,
        "days_stopped": found.days_stopped,
        "rule_set": found.rule_set,
        "holiday_set": found.holiday_set,
    }
    unread = unread_kinds(raw)
    return answer | {"unread": unread} if unread else answer


def _sentence(answer: dict[str, Any]) -> str:
    return f"law {answer['law_due']}, we work towards {answer['safe_due']}: {' '.join(answer['why'])}"
