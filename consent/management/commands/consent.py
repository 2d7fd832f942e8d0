"""`manage.py consent`: what operators ask about consent from a shell."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from consent.management.case_lines import CaseCommand
from consent.rules.case import Case
from consent.rules.cases import parse_case, unread_fields
from consent.rules.decisions import decide
from consent.rules.policy import resolve
from consent.rules.simulation import simulate
from consent.rules.vocabulary import Basis, Channel, Purpose, State
from consent.services.verification import start_verification, verify_ledger
from core.actors import SYSTEM


class Command(CaseCommand):
    """Decides cases by the rules alone, without the database; `verify` walks the ledger."""

    help = "Questions about consent. `decide` answers one case per line of standard input, `verify` proves the ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        commands = parser.add_subparsers(dest="subcommand", required=True)
        decide_parser = commands.add_parser("decide", help="decide the cases of standard input, one JSON object a line")
        self.offer_json(decide_parser)
        simulate_parser = commands.add_parser(
            "simulate", help="what changes for a person who moves, by the rules alone"
        )
        simulate_parser.add_argument("--from", dest="before", required=True, help="ISO 3166-1 or -2, such as DE")
        simulate_parser.add_argument("--to", dest="after", required=True, help="ISO 3166-1 or -2, such as US-CA")
        simulate_parser.add_argument("--state", choices=[state.value for state in State], default="none")
        simulate_parser.add_argument("--age", type=int)
        simulate_parser.add_argument("--gpc", action="store_true", help="the signal was seen")
        self.offer_json(simulate_parser)
        self.offer_json(
            commands.add_parser("verify", help="hash every entry of the ledger again; exit code 1 for a fault")
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Answer every line; a line that cannot be read is answered with its error, and the exit code is then 1."""
        now = timezone.now()
        if options["subcommand"] == "verify":
            self._verify(now, as_json=options["json"])
            return
        if options["subcommand"] == "simulate":
            self._simulate(now, options)
            return
        self.answer_lines(lambda raw: _answer(raw, now), _sentence, as_json=options["json"])

    def _verify(self, now: datetime, *, as_json: bool) -> None:
        job = start_verification(by=SYSTEM, now=now, run_here=True)
        verify_ledger(job_id=job.public_id)
        job.refresh_from_db()
        found: dict[str, Any] = job.result or {}
        if as_json:
            self.stdout.write(json.dumps(found))
        else:
            for fault in found["first"]:
                self.stdout.write(f"{fault['subject']}: {fault['what']}")
            self.stdout.write(f"{found['entries']} entries hashed again; {found['broken']} faults.")
        if found["broken"]:
            raise CommandError("The ledger does not match its chains and anchors.")

    def _simulate(self, now: datetime, options: dict[str, Any]) -> None:
        places = (options["before"], options["after"])
        move = simulate(_mover(now, options), resolve(places[0]), resolve(places[1]), places)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(move)))
            return
        self.stdout.write(f"{move.before} -> {move.after}")
        for heading, rows in (("Uses", move.uses), ("Clocks", move.clocks), ("Rules", move.rules)):
            self.stdout.write(f"{heading}:")
            for row in rows:
                self.stdout.write(f"  {row.topic}: {row.before} -> {row.after}")


def _mover(now: datetime, options: dict[str, Any]) -> Case:
    """A person whose yes, if she said one, was proven and confirmed just now."""
    return Case(
        place=options["before"],
        purpose=Purpose.MARKETING,
        channel=Channel.EMAIL,
        at=now,
        state=State(options["state"]),
        basis=Basis.CONSENT if options["state"] == State.GRANTED else Basis.NONE,
        age=options["age"],
        gpc=options["gpc"],
        granted_at=now,
        changed_at=now,
        notice_recorded=True,
        wording_recorded=True,
        notice_current=True,
        doi_done=True,
    )


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
