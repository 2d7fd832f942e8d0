"""`manage.py segment count`: how many people a rule matches, and why somebody is in or not, from a shell.

`manage.py segment operators` writes the page of the documentation that lists every criterion and operator.
"""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from customers.models import Customer
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.manual import manual
from customers.rules.segments.tree import Node, RuleError
from customers.selectors.customers import find_customer
from customers.selectors.segments.explaining import Explanation, explain_rule
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import explain_plan, plan_nodes


class Command(BaseCommand):
    """Counts exactly and stores nothing; values of personal fields are not printed."""

    help = "Questions about segment rules. `count` answers how many people a rule matches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        count = commands.add_parser("count", help="count the people whom a rule matches")
        count.add_argument("--rule", type=Path, required=True, help="file with the rule, as JSON or in plain words")
        count.add_argument("--explain", metavar="CUSTOMER", help="cus_... or external id: in or out, and why")
        count.add_argument("--json", action="store_true", help="print one JSON object")
        commands.add_parser("operators", help="print the page that lists every criterion and operator")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count; CommandError with every problem and its place when the rule cannot be used."""
        if options["subcommand"] == "operators":
            self.stdout.write(manual(grammar().forms), ending="")
            return
        try:
            answer = _answer(options["rule"], options["explain"])
        except RuleError as refusal:
            lines = "".join(f"\n  {problem.pointer or '/'}: {problem.message}" for problem in refusal.problems)
            raise CommandError(f"This rule cannot be used:{lines}") from refusal
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _sentences(answer))


def _answer(path: Path, reference: str | None) -> dict[str, Any]:
    using = grammar()
    node = _read(path, using)
    customer = find_customer(reference=reference) if reference else None
    now = timezone.now()
    began = time.monotonic()
    total, statement = count_rule(node=node, grammar=using, now=now)
    took = (time.monotonic() - began) * 1000
    plan = explain_plan(statement.select("count(*)"), statement.parameters)
    answer = {
        "count": total,
        "as_of": now.isoformat().replace("+00:00", "Z"),
        "words": using.write_words(node),
        "sql_ms": round(took, 1),
        "plan": {"cost": plan["Total Cost"], "rows": plan["Plan Rows"], "steps": plan_nodes(plan)},
    }
    return answer | ({"explain": _explained(node, using, customer, reference)} if customer else {})


def _read(path: Path, using: Grammar) -> Node:
    """The rule of a file: JSON when it begins with a brace, else words."""
    try:
        text = path.read_text(encoding="utf-8").strip()
        return using.read(json.loads(text)) if text.startswith("{") else using.read_words(text)
    except RuleError:
        raise
    except (OSError, ValueError) as unreadable:
        raise CommandError(f"{path} cannot be read as a rule: {unreadable}") from unreadable


def _explained(node: Node, using: Grammar, customer: Customer, reference: str | None) -> dict[str, Any]:
    found: Explanation = explain_rule(node=node, grammar=using, customer=customer, sees_pii=False, now=timezone.now())
    conditions = [
        {"pointer": f.pointer, "words": f.words, "holds": f.holds, "seen": "hidden" if f.hidden else f.seen}
        for f in found.findings
    ]
    return {"customer": customer.public_id, "in": found.matches, "conditions": conditions}


def _sentences(answer: dict[str, Any]) -> str:
    lines = [
        answer["words"],
        f"{answer['count']:,} people, counted in {answer['sql_ms']} ms at {answer['as_of']}",
        f"Plan: {' < '.join(answer['plan']['steps'])}",
    ]
    if "explain" in answer:
        explained = answer["explain"]
        lines.append(f"{explained['customer']} is {'in' if explained['in'] else 'not in'}:")
        lines += [
            f"  {'yes' if item['holds'] else 'no ':<3} {item['words']}"
            + ("" if item["seen"] in (None, "hidden") else f" (seen: {item['seen']})")
            for item in explained["conditions"]
        ]
    return "\n".join(lines)
