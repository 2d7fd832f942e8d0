"""How far a log is final: transactions of this database hold it back, those of others do not."""

import psycopg
import pytest
from django.db import connection, transaction

from core import outbox
from tests.support import template

_NUMBER = "SELECT pg_current_xact_id()::text::bigint"


def number_of(other: "psycopg.Connection[tuple[object, ...]]") -> int:
    row = other.execute(_NUMBER).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.mark.django_db(transaction=True)
def test_horizon__transaction_of_another_database__does_not_hold_it():
    with psycopg.connect(template.address("postgres")) as other, connection.cursor() as cursor:
        foreign = number_of(other)
        cursor.execute(_NUMBER)
        committed = cursor.fetchone()[0]

        assert foreign < committed < outbox.horizon()


@pytest.mark.django_db(transaction=True)
def test_horizon__transaction_of_this_database__holds_it_until_its_end():
    with psycopg.connect(template.address(connection.settings_dict["NAME"])) as other:
        number = number_of(other)

        assert outbox.horizon() <= number
        other.rollback()
        assert outbox.horizon() > number


@pytest.mark.django_db(transaction=True)
def test_horizon__own_transaction__is_not_final_before_it_commits():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NUMBER)
        own = cursor.fetchone()[0]

        assert outbox.horizon() <= own

    assert outbox.horizon() > own
