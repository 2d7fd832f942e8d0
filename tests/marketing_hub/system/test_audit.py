"""The audit log on the screen and as a file: whose entries, which filters, what is masked, what is recorded."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse

from core import audit
from core.actors import SYSTEM
from core.models import AuditEntry, Role
from marketing_hub.system import audit_export
from tests.factories.core import make_staff
from tests.factories.system import actor, make_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    user = make_staff(Role.COMPLIANCE, "Cleo Cruz")
    client.force_login(user)
    return user


@pytest.fixture
def marketer(client):
    user = make_staff(Role.MARKETER, "Mia Moss")
    client.force_login(user)
    return user


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def shown(client, query=""):
    return client.get(at("audit") + query).content.decode()


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def entry_at(moment, **fields):
    values = {"actor_kind": "system", "actor_id": "system", "action": "a.b", "target": "x"}
    return AuditEntry.objects.create(at=moment, **(values | fields))


def test_list__everything__names_actors_within_the_query_budget(client, officer, django_assert_max_num_queries):
    people = [actor(make_staff(Role.ANALYST, f"Person {n}", f"p{n}@example.com")) for n in range(5)]
    for person in people * 6:
        make_entry(person)
    shown(client)  # the counts of the menu are kept for a minute

    with django_assert_max_num_queries(10):
        page = shown(client)

    assert page.count('<td data-label="Who">Person 3</td>') == 6
    assert "Attribute: changed" in page
    assert ">label</td>" in page


def test_list__own_actions_only__hides_others_and_the_choice_of_people(client, marketer):
    make_entry(actor(marketer), target="mine")
    make_entry(SYSTEM, target="not_mine")

    page = shown(client)

    assert "mine" in page
    assert "not_mine" not in page
    assert 'name="actor"' not in page


def test_list__own_actions_only__asking_for_others_finds_nothing(client, marketer):
    make_entry(SYSTEM, target="not_mine")

    assert "this address asks for something" in shown(client, "?actor=system").lower()


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ("?actor=system", {"one", "two"}),
        ("?action=c.d", {"two"}),
        ("?target=one", {"one"}),
        ("?request_id=req_2", {"two"}),
        ("?since=2026-03-02", {"two"}),
        ("?until=2026-03-01", {"one"}),
        ("?since=2026-03-01&until=2026-03-02", {"one", "two"}),
        ("?actor=nobody", set()),
        ("?since=yesterday", set()),
    ],
)
def test_list__filtered__shows_what_fits(client, officer, query, targets):
    entry_at(datetime(2026, 3, 1, 23, 59, tzinfo=UTC), target="one")
    entry_at(datetime(2026, 3, 2, 0, 0, tzinfo=UTC), target="two", action="c.d", request_id="req_2")

    page = shown(client, query)

    assert {target for target in ("one", "two") if f"<code>{target}</code>" in page} == targets


def test_list__day_of_a_reader_elsewhere__is_the_local_day(client, officer):
    officer.time_zone = "Asia/Tokyo"
    officer.save()
    entry_at(datetime(2026, 3, 1, 15, 0, tzinfo=UTC), target="one")

    assert "<code>one</code>" in shown(client, "?since=2026-03-02")


@pytest.mark.parametrize(
    "condition", ["actor_id = 'x'", "action = 'x'", "target = 'x'", "request_id = 'x'", "at < now()"]
)
def test_filters__of_a_long_log__are_served_by_an_index(condition):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_auditentry (at, actor_kind, actor_id, action, target, changes, reason, request_id)"
            " SELECT now() - n * interval '1 minute', 'staff', n % 500, n % 500, n, '{}', '', n"
            " FROM generate_series(-5000, 5000) n"
        )
        cursor.execute("ANALYZE core_auditentry")
        cursor.execute(f"EXPLAIN SELECT * FROM core_auditentry WHERE {condition} ORDER BY at DESC, id DESC LIMIT 101")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Cond" in plan


def test_entry__changed_fields__stand_before_and_after(client, officer):
    entry = make_entry(changes={"role": ["analyst", "marketer"], "email": []}, reason="New job")

    page = client.get(at("audit-entry", entry.pk)).content.decode()

    assert "<td>analyst</td><td>marketer</td>" in page
    assert "<td>not kept</td><td>not kept</td>" in page
    assert "New job" in page
    assert "192.0.2.7" in page


def test_entry__of_somebody_else__does_not_exist_for_me(client, marketer):
    entry = make_entry(SYSTEM)

    assert client.get(at("audit-entry", entry.pk)).status_code == 404


def test_export__filtered__holds_the_same_rows_and_is_recorded(client, officer):
    make_entry(target="one", reason="=1+1")
    make_entry(target="two")

    answer = client.post(at("audit-export") + "?target=one")
    rows = rows_of(answer)

    recorded = AuditEntry.objects.get(action="audit.exported")
    assert [(row["object"], row["actor"], row["reason"]) for row in rows] == [("one", "Cleo Cruz", "'=1+1")]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert recorded.actor_id == officer.public_id
    assert recorded.changes == {"rows": [0, 1], "target": ["", "one"]}


def test_export__own_actions_only__holds_nothing_of_others(client, marketer):
    audit.record(by=SYSTEM, action="a.b", target="not_mine")

    rows = rows_of(client.post(at("audit-export")))

    assert {row["actor_id"] for row in rows} <= {marketer.public_id}


def test_export__more_rows_than_allowed__is_cut_to_the_newest_and_says_so(client, officer, monkeypatch):
    monkeypatch.setattr(audit_export, "MOST_ROWS", 2)
    for number in range(4):
        entry_at(datetime(2090, 3, 1, number, tzinfo=UTC), target=f"t{number}")

    question = client.get(at("audit-export")).content.decode()
    rows = rows_of(client.post(at("audit-export")))

    assert "The newest 2 entries" in question
    assert [row["object"] for row in rows] == ["t3", "t2"]


def test_export__filter_that_cannot_be_understood__is_refused_and_not_recorded(client, officer):
    answer = client.post(at("audit-export") + "?since=yesterday")

    assert answer.status_code == 400
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


def test_list__actor_no_database_holds__shows_no_rows(client, officer):
    make_entry(actor(officer))

    page = shown(client, "?actor=%00")

    assert "Attribute: changed</td>" not in page
