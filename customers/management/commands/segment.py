"""`manage.py segment`: how many people a rule matches, why somebody is in or not; reconciling, from a shell.

`manage.py segment operators` writes the page of the documentation that lists every criterion and operator.
"""

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from customers.models import Customer, RunState, Segment, SegmentKind, SegmentRun
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.manual import manual
from customers.rules.segments.tree import Node, RuleError
from customers.selectors.customers import find_customer
from customers.selectors.segments.answers import run_answer
from customers.selectors.segments.changes import causes_in_words, changes_of_run
from customers.selectors.segments.explaining import Explanation, explain_rule
from customers.selectors.segments.listing import find_segment, list_segments
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import explain_plan, plan_nodes
from customers.services.segment_builds import reconcile_segment


class Command(BaseCommand):
    """Counts exactly; values of personal fields are not printed."""

    help = "`count` answers how many people a rule matches; `reconcile` calculates segments and reports differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        count = commands.add_parser("count", help="count the people whom a rule matches")
        count.add_argument("--rule", type=Path, required=True, help="file with the rule, as JSON or in plain words")
        count.add_argument("--explain", metavar="CUSTOMER", help="cus_... or external id: in or out, and why")
        count.add_argument("--json", action="store_true", help="print one JSON object")
        commands.add_parser("operators", help="print the page that lists every criterion and operator")
        reconcile = commands.add_parser("reconcile", help="calculate segments and say how they differ")
        reconcile.add_argument("segments", nargs="*", help="seg_... or slugs; all dynamic ones by default")
        reconcile.add_argument("--json", action="store_true", help="print one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Count or reconcile; CommandError with every problem and its place when a rule cannot be used."""
        if options["subcommand"] == "operators":
            self.stdout.write(manual(grammar().forms), ending="")
            return
        try:
            if options["subcommand"] == "reconcile":
                self._reconcile(options["segments"], options["json"])
                return
            answer = _answer(options["rule"], options["explain"])
        except RuleError as refusal:
            lines = "".join(f"\n  {problem.pointer or '/'}: {problem.message}" for problem in refusal.problems)
            raise CommandError(f"This rule cannot be used:{lines}") from refusal
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else _sentences(answer))

    def _reconcile(self, references: list[str], as_json: bool) -> None:
        """One line a segment; CommandError at the end when one failed."""
        dynamic = list_segments().filter(kind=SegmentKind.DYNAMIC).order_by("slug")
        failed = 0
        for segment in [find_segment(name) for name in references] or dynamic:
            run = reconcile_segment(segment=segment, by=SYSTEM, clock=timezone.now)
            failed += run.state == RunState.FAILED
            answer = {"segment": segment.slug} | run_answer(run) | {"moved": _moved(run)}
            self.stdout.write(json.dumps(answer, default=str) if as_json else _line(segment, run))
        if failed:
            raise CommandError(f"{failed} could not be calculated; their members are those of before.")


def _moved(run: SegmentRun) -> list[dict[str, Any]]:
    """The first hundred people whom it moved, by public id."""
    return [
        {"customer": row.customer.public_id, "change": "entered" if row.entered else "exited", "why": row.why}
        for row in changes_of_run(run)
    ]


def _line(segment: Segment, run: SegmentRun) -> str:
    if run.state == RunState.FAILED:
        return f"{segment.slug}: failed: {run.error}"
    causes = causes_in_words(run)
    more = f" ({causes})" if causes else ""
    return f"{segment.slug}: {run.rows} members, {run.entered} came in and {run.exited} left{more}"


def _answer(path: Path, reference: str | None) -> dict[str, Any]:
    using = grammar()
    node = _read(path, using)
    customer = find_customer(reference=reference) if reference else None
    now = timezone.now()
    began = time.monotonic()
    total, statement = count_rule(node=node, grammar=using, now=now)
    took = (time.monotonic() - began) * 1000
    plan = explain_plan(statement.select("count(*)"), statement.parameters, in_order=statement.in_order)
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
