import json
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from consent.rules.regimes import RULE_SET

ROOT = Path(__file__).resolve().parents[4]
VECTORS = json.loads((ROOT / "tests/consent/rules/vectors_deadlines.json").read_text())


@pytest.fixture
def deadline(monkeypatch):
    def run(lines: bytes, *options: str) -> tuple[list[str], str]:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines)))
        out, failure = StringIO(), ""
        try:
            call_command("deadline", *options, stdout=out)
        except CommandError as error:
            failure = str(error)
        return out.getvalue().splitlines(), failure

    return run


def test_deadline__every_worked_example__is_answered_line_by_line_in_a_shell():
    lines = "".join(json.dumps(row) + "\n" for row in VECTORS)

    done = subprocess.run(
        [sys.executable, "manage.py", "deadline", "--json"], cwd=ROOT, input=lines, capture_output=True, text=True
    )

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(a["law_due"], a["safe_due"]) for a in answers] == [(r["law_due"], r["safe_due"]) for r in VECTORS]
    assert {answer["rule_set"] for answer in answers} == {RULE_SET}
    assert (done.returncode, done.stderr) == (0, "")


def test_deadline__unreadable_lines__are_answered_in_place_and_the_command_fails(deadline):
    good = {"regime": "EU/DE", "type": "access", "received": "2026-03-05", "clock": "respond", "events": []}
    bad = [
        good | {"regime": "Atlantis"},
        good | {"received": "soon"},
        good | {"received": "9999-12-31"},
        good | {"clock": "tea"},
        good | {"events": "none"},
    ]
    lines = b"\n".join(json.dumps(row).encode() for row in [*bad, good]) + b"\n[1]\n\xff\n"

    answers, failure = deadline(lines, "--json")

    assert [json.loads(line).get("error") for line in answers] == [
        "unknown_regime",
        "invalid_date",
        "invalid_date",
        "unknown_clock",
        "invalid_events",
        None,
        "not_an_object",
        "invalid_json",
    ]
    assert failure == "7 line(s) could not be read as a case; see their errors above."


def test_deadline__event_of_no_bearing__is_named_not_swallowed(deadline):
    row = {"regime": "EU/DE", "type": "access", "received": "2026-03-05", "clock": "respond"}
    lines = json.dumps(row | {"events": [{"kind": "lunch", "on": "2026-03-06"}]}).encode()

    answers, failure = deadline(lines, "--json")

    assert json.loads(answers[0])["unread"] == ["lunch"]
    assert failure == ""
