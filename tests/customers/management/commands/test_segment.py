"""`manage.py segment count`: figures and reasons for scripts, refusals with their place for people."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.actors import SYSTEM
from customers.services.customers import create_customer, update_customer
from customers.services.segments import define_segment
from tests.factories.core import NOON

pytestmark = pytest.mark.django_db
RULE = {"version": 1, "rule": {"all": [{"on": "profile", "field": "country", "op": "is", "value": "DE"}]}}


@pytest.fixture
def ana():
    create_customer(properties={"external_id": "cy", "country": "FR"}, by=SYSTEM, now=NOON)
    properties = {"external_id": "ana", "country": "DE", "email": "ana@example.com"}
    return create_customer(properties=properties, by=SYSTEM, now=NOON)


def counted(tmp_path, capsys, rule, *options):
    file = tmp_path / "rule.json"
    file.write_text(rule if isinstance(rule, str) else json.dumps(rule))
    call_command("segment", "count", "--rule", str(file), *options)
    return capsys.readouterr().out


def test_count__json__has_count_time_plan_and_reasons(ana, tmp_path, capsys):
    answer = json.loads(counted(tmp_path, capsys, RULE, "--json", "--explain", "ana"))

    assert answer["count"] == 1 and answer["sql_ms"] > 0 and answer["words"] == 'country is "DE"'
    assert answer["plan"]["steps"][0].startswith("Aggregate")
    condition = {"pointer": "/rule/all/0", "words": 'country is "DE"', "holds": True, "seen": "DE"}
    assert answer["explain"] == {"customer": ana.public_id, "in": True, "conditions": [condition]}


def test_count__words__are_read_and_answered_in_sentences(ana, tmp_path, capsys):
    words = 'country is "FR" or identifier e-mail address is known'

    text = counted(tmp_path, capsys, words, "--explain", "ana")

    assert words in text and "2 people" in text
    assert f"{ana.public_id} is in:" in text
    assert 'no  country is "FR" (seen: DE)' in text and "ana@example.com" not in text


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"version": 1, "rule": {"all": []}}, "/rule/all"),
        ("{", "cannot be read as a rule"),
        ("country is", "Expected"),
    ],
)
def test_count__broken_rule__is_refused_with_its_place(ana, tmp_path, capsys, rule, says):
    with pytest.raises(CommandError, match=says):
        counted(tmp_path, capsys, rule)


def test_count__unknown_customer_or_file__is_refused(ana, tmp_path, capsys):
    with pytest.raises(CommandError, match="no customer"):
        counted(tmp_path, capsys, RULE, "--explain", "nobody")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("segment", "count", "--rule", str(tmp_path / "absent.json"))


def test_operators__page_of_the_documentation__is_the_grammar(capsys):
    call_command("segment", "operators")

    page = Path(__file__).parents[4] / "docs/api/operators.md"
    assert page.read_text(encoding="utf-8") == capsys.readouterr().out


def test_reconcile__segment__says_how_it_differs_and_whom_it_moved(ana, capsys):
    segment = define_segment(name="Germans", rule=RULE, by=SYSTEM, now=timezone.now())
    call_command("segment", "reconcile", "germans")
    update_customer(customer=ana, properties={"country": "FR"}, by=SYSTEM, now=timezone.now())

    call_command("segment", "reconcile", "germans", "--json")

    first, second = capsys.readouterr().out.strip().split("\n")
    assert first == "germans: 1 members, 1 came in and 0 left"
    answer = json.loads(second)
    assert (answer["segment"], answer["kind"], answer["exited"]) == (segment.slug, "reconcile", 1)
    assert answer["differences"] == {"waiting": 1}
    assert answer["moved"] == [{"customer": ana.public_id, "change": "exited", "why": "waiting"}]


def test_reconcile__list_kept_by_hand__is_refused(ana):
    define_segment(name="Friends", kind="static", by=SYSTEM, now=timezone.now())

    with pytest.raises(CommandError, match="Only a dynamic segment"):
        call_command("segment", "reconcile", "friends")
