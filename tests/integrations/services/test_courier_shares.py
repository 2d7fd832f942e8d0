"""Couriers share the endpoints: whoever comes gets a part of them, whoever goes leaves hers, none has two senders."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from django.db import connection

from integrations.rules.shards import SHARDS
from integrations.services.courier_shares import PRESENT, Shares

pytestmark = pytest.mark.django_db(transaction=True)
ALL = frozenset(range(SHARDS))


class Process:
    """A courier's books: a thread with a connection of its own."""

    def __init__(self):
        self._thread, self._shares = ThreadPoolExecutor(1), Shares()

    def settle(self, *busy):
        return self._thread.submit(self._shares.settle, busy=busy).result()

    def leave(self):
        self._thread.submit(self._shares.leave).result()
        self.die()

    def die(self):
        self._thread.submit(lambda: connection.close()).result()


@contextmanager
def processes(number):
    with ExitStack() as held:
        made = [Process() for _ in range(number)]
        for one in made:
            held.callback(one.die)
        yield made


def test_settle__a_second_one_comes__they_share_and_none_has_what_the_other_has():
    with processes(2) as (first, second):
        alone = first.settle()
        early = second.settle()
        mine, yours = first.settle(), second.settle()

    assert (alone, early) == (ALL, frozenset())
    assert (len(mine), mine | yours, mine & yours) == (SHARDS // 2, ALL, frozenset())


def test_settle__something_under_way__is_given_up_when_it_is_over_and_not_begun_anew():
    with processes(2) as (first, second):
        first.settle()
        second.settle()
        going = first.settle(*ALL)
        refused = second.settle()
        first.settle()
        taken = second.settle()

    assert (len(going), refused, len(taken)) == (SHARDS // 2, frozenset(), SHARDS // 2)
    assert not going & taken


@pytest.mark.parametrize("how", ["leave", "die"])
def test_settle__the_other_one_is_gone__everything_is_here_again(how):
    with processes(2) as (first, second):
        first.settle()
        second.settle()
        shared = first.settle()
        second.settle()
        getattr(second, how)()

        assert (len(shared), first.settle()) == (SHARDS // 2, ALL)


def test_settle__one_of_the_release_before_holds_the_lock_alone__waits_for_it():
    with processes(1) as (late,), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PRESENT])
        waiting = late.settle()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [PRESENT])

        assert (waiting, late.settle()) == (frozenset(), ALL)
