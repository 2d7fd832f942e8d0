"""Group commit: one commit for all that queued, an outcome of its own for each, nobody left waiting."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from core.actors import Actor, ActorKind
from core.errors import Unavailable
from customers.selectors import direct
from engagement.models import Event, EventKey
from engagement.rules.clock import Clock
from engagement.rules.events import Ready, read_batch
from engagement.selectors.catalogue import event_catalogue
from engagement.services import commits
from engagement.services.commits import Committer, Parcel
from engagement.services.ingest import committer, ingest
from engagement.services.statement import Needs
from tests.engagement.api.test_ingest import click
from tests.support.waiting import eventually

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SHOP, APP = (Actor(kind=ActorKind.CLIENT, id=name) for name in ("cli_shop", "cli_app"))
BREAKS = """
CREATE FUNCTION refuse_element() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.properties->>'elementId' = 'broken' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse_element BEFORE INSERT ON engagement_event FOR EACH ROW EXECUTE FUNCTION refuse_element();
"""
MENDS = "DROP TRIGGER refuse_element ON engagement_event; DROP FUNCTION refuse_element()"


def ready(*events: dict[str, Any]) -> list[Ready]:
    """These events, checked."""
    now = datetime.now(UTC)
    clock = Clock.at(now, tolerance=timedelta(minutes=5), oldest=now - timedelta(days=1_000))
    found = read_batch(json.dumps(events).encode(), find=event_catalogue().find, clock=clock)
    return [item for item in found if isinstance(item, Ready)]


def send(by: Actor, *events: dict[str, Any]) -> list[str]:
    """The verdicts of one request."""
    with closing(connection):
        now = datetime.now(UTC)
        return [verdict.value for verdict in ingest(events=ready(*events), by=by, now=now)]


@contextmanager
def log_held() -> Iterator[psycopg.Connection[Any]]:
    """Inside the block no commit to the event log gets done."""
    ours = ("cursor_factory", "context", "server_side_binding")
    parameters = {k: v for k, v in connection.get_connection_params().items() if k not in ours}
    with psycopg.connect(**parameters) as other:
        other.execute("LOCK TABLE engagement_event_key IN EXCLUSIVE MODE")
        yield other


def queued(number: int) -> bool:
    """Wait until so many callers stand behind the one that writes."""
    return eventually(lambda: len(committer.waiting()) == number)


def sent_together(*calls: tuple[Actor, list[dict[str, Any]]], meanwhile: Callable[[Any], Any] = id) -> list[Any]:
    """The verdicts, or the exception, of each call; all of them queue behind a first one that the log holds up."""
    send(SHOP, click(type="click", eventId="warm"))
    with ThreadPoolExecutor(len(calls) + 1) as pool:
        with log_held() as other:
            first = pool.submit(send, SHOP, click(type="click", eventId="first"))
            assert eventually(lambda: committer.is_busy)
            following = []
            for number, (by, events) in enumerate(calls):
                following.append(pool.submit(send, by, *events))
                assert queued(number + 1)
            meanwhile(other)
        assert first.result(30) == ["accepted"]
        return [call.exception(30) or call.result() for call in following]


def transactions() -> int:
    """How many transactions wrote the event that held up the others, and then those."""
    return Event.objects.values("xid").distinct().count() - 1


@pytest.mark.django_db(transaction=True)
def test_ingest__several_requests_during_a_commit__share_the_next_one(person):
    person()

    verdicts = sent_together(*((SHOP, [click(type="click", eventId=f"e{n}")]) for n in range(8)))

    assert verdicts == [["accepted"]] * 8
    assert transactions() == 2
    assert (committer.is_busy, len(committer.waiting())) == (False, 0)


@pytest.mark.django_db(transaction=True)
def test_ingest__different_senders_and_fates_in_one_commit__each_hears_its_own(person):
    person()
    person("no-consent", consent=False)

    verdicts = sent_together(
        (SHOP, [click(type="click", eventId="same")]),
        (APP, [click(type="click", eventId="same")]),
        (SHOP, [click(type="click", eventId="other"), click(type="click", eventId="same")]),
        (APP, [click(type="click", eventId="c", userId="nobody"), click(type="click", eventId="d")]),
        (SHOP, [click(type="click", eventId="e", userId="no-consent")]),
        (SHOP, [click(type="click", eventId="warm")]),
    )

    assert verdicts == [
        ["accepted"],
        ["accepted"],
        ["accepted", "duplicate"],
        ["unknown_user", "accepted"],
        ["consent_required"],
        ["duplicate"],
    ]
    assert Event.objects.count() == EventKey.objects.count() == 6
    assert transactions() == 2


@pytest.mark.django_db(transaction=True)
def test_ingest__more_than_a_hundred_rows_wait__no_transaction_holds_more(person):
    person()
    largest = [[click(type="click", eventId=f"{call}-{n}") for n in range(20)] for call in range(6)]

    verdicts = sent_together(*((SHOP, events) for events in largest))

    assert verdicts == [["accepted"] * 20] * 6
    assert transactions() == 3


@pytest.mark.django_db(transaction=True)
def test_ingest__one_of_a_group_breaks_the_statement__the_others_are_stored(person):
    person()
    with connection.cursor() as cursor:
        cursor.execute(BREAKS)
    try:
        outcomes = sent_together(
            (SHOP, [click(type="click", eventId="a")]),
            (SHOP, [click(type="click", eventId="b", elementId="broken")]),
            (SHOP, [click(type="click", eventId="c")]),
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute(MENDS)

    assert (outcomes[0], outcomes[2]) == (["accepted"], ["accepted"])
    assert isinstance(outcomes[1], psycopg.errors.RaiseException)
    assert Event.objects.count() == EventKey.objects.count() == 4
    assert not committer.is_busy


@pytest.mark.django_db(transaction=True)
def test_ingest__connection_killed_under_a_group__every_event_is_stored_once(person):
    person()

    def kill(other: psycopg.Connection[Any]) -> None:
        waiting = "pid <> pg_backend_pid() AND wait_event_type = 'Lock' AND datname = current_database()"
        other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiting}")

    verdicts = sent_together(*((SHOP, [click(type="click", eventId=f"e{n}")]) for n in range(4)), meanwhile=kill)

    assert verdicts == [["accepted"]] * 4
    assert Event.objects.count() == EventKey.objects.count() == 6


def parcel(*keys: str) -> Parcel:
    """Rows that nobody reads."""
    return Parcel(items=b"{}", keys=[(1, key) for key in keys], needs=Needs(), now=NOW)


def refuse(parcels: Sequence[Parcel]) -> direct.Rows:
    """A database that is away."""
    raise Unavailable("away", headers={"Retry-After": "1"})


def test_commit__database_away__is_unavailable_and_the_next_caller_tries_again():
    committer = Committer(refuse)

    for _ in range(2):
        with pytest.raises(Unavailable, match="away") as refused:
            committer.commit(parcel("a"))

    assert refused.value.headers == {"Retry-After": "1"}
    assert not committer.is_busy


def test_commit__a_fault_of_our_own_while_leading__leaves_nobody_waiting():
    entered, go_on, calls = threading.Event(), threading.Event(), []

    def write(parcels: Sequence[Parcel]) -> direct.Rows:
        calls.append(len(parcels))
        if len(calls) == 1:
            entered.set()
            go_on.wait(30)
        if len(calls) == 2:
            raise ZeroDivisionError
        return []

    committer = Committer(write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(committer.commit, parcel("a"))
        entered.wait(30)
        following = []
        for number in range(3):
            following.append(pool.submit(committer.commit, parcel("b")))
            assert eventually(lambda number=number: len(committer.waiting()) == number + 1)
        go_on.set()
        outcomes = [call.exception(30) for call in following]

    assert first.result() == []
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError, type(None), type(None)]
    assert calls == [1, 3, 1, 1]
    assert not committer.is_busy


def test_commit__no_turn_in_time__is_unavailable_and_leaves_the_queue(monkeypatch):
    monkeypatch.setattr(commits, "PATIENCE_S", 0.05)
    entered, go_on = threading.Event(), threading.Event()

    def write(parcels: Sequence[Parcel]) -> direct.Rows:
        entered.set()
        go_on.wait(30)
        return []

    committer = Committer(write)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(committer.commit, parcel("a"))
        entered.wait(30)
        with pytest.raises(Unavailable, match="send the same again"):
            committer.commit(parcel("b"))
        left = len(committer.waiting())
        go_on.set()

    assert (first.result(), left, committer.is_busy) == ([], 0, False)


def test_commit__answers__are_numbered_within_each_parcel():
    found = [(1, None, "suppressed", False, False), (4, None, "suppressed", False, False)]
    entered, go_on, calls = threading.Event(), threading.Event(), []

    def write(parcels: Sequence[Parcel]) -> direct.Rows:
        calls.append(parcels)
        if len(calls) == 1:
            entered.set()
            go_on.wait(30)
            return []
        return found

    committer = Committer(write)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(committer.commit, parcel("a"))
        entered.wait(30)
        two = pool.submit(committer.commit, parcel("b", "c"))
        assert eventually(lambda: len(committer.waiting()) == 1)
        three = pool.submit(committer.commit, parcel("d", "e"))
        assert eventually(lambda: len(committer.waiting()) == 2)
        go_on.set()

    assert [row[0] for row in two.result()] == [1]
    assert [row[0] for row in three.result()] == [2]


def test_commit__many_callers__need_no_thread_of_their_own():
    before = threading.active_count()
    committer = Committer(lambda parcels: [])

    for number in range(100):
        committer.commit(parcel(str(number)))

    assert threading.active_count() == before
