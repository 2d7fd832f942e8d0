import json
import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from consent.rules.policy import RULE_SET
from tests.consent.rules.cases import rows


@pytest.fixture
def consent_decide(monkeypatch):
    def run(lines: bytes, *options: str) -> tuple[list[str], str]:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines)))
        out, failure = StringIO(), ""
        try:
            call_command("consent", "decide", *options, stdout=out)
        except CommandError as error:
            failure = str(error)
        return out.getvalue().splitlines(), failure

    return run


def as_lines(table: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode()


@pytest.mark.parametrize("name", ["vectors_decisions", "vectors_neighbours"])
def test_consent_decide__table_of_cases__answers_line_by_line(consent_decide, name):
    table = rows(name)

    lines, failure = consent_decide(as_lines(table), "--json")

    answers = [json.loads(line) for line in lines]
    assert [answer["answer"] for answer in answers] == [row["answer"] for row in table]
    assert {answer["rule_set"] for answer in answers} == {RULE_SET}
    assert all(answer["reason"] and answer["why"] for answer in answers)
    assert failure == ""


def test_consent_decide__unreadable_lines__are_answered_in_place_and_the_command_fails(consent_decide):
    good = as_lines(rows("vectors_decisions")[:1])
    bad = b'{"place": "Atlantis"}\n\xff\xfe\n[1]\n\n' + b"[" * 100_000 + b"\n"

    lines, failure = consent_decide(good + bad + good, "--json")

    answers = [json.loads(line) for line in lines]
    assert [(answer.get("error"), answer.get("line")) for answer in answers] == [
        (None, None),
        ("invalid_place", 2),
        ("invalid_json", 3),
        ("not_an_object", 4),
        ("invalid_json", 6),
        (None, None),
    ]
    assert failure == "4 line(s) could not be read as a case; see their errors above."


def test_consent_decide__field_nobody_reads__is_named_in_the_answer(consent_decide):
    row = {"place": "DE", "purpose": "marketing email", "ledger_state": "granted", "valid_untill": "2020-01-01"}

    lines, _ = consent_decide(as_lines([row]), "--json")

    assert json.loads(lines[0])["unread"] == ["valid_untill"]


def test_consent_decide__without_json__answers_in_sentences(consent_decide):
    lines, failure = consent_decide(as_lines(rows("vectors_decisions")[:1]) + b"nonsense\n")

    assert lines[0].startswith("deny: There is no consent on record")
    assert lines[1] == "line 2: This line is not a JSON object in UTF-8."
    assert failure
