"""Legal holds and the retention of events: what is kept when a month goes, and when it goes as well."""

from typing import Final

from django.db import connection, transaction

from consent.selectors.holds import held_ids
from consent.services.holds import freeze_holds
from engagement.models import HeldEvent

_COLUMNS: Final = ", ".join(field.attname for field in HeldEvent._meta.concrete_fields)


@transaction.atomic
def drop_month(*, table: str) -> int:
    """A detached month is gone, and the events in it of people on legal hold are kept apart; how many were.

    No hold is placed in between, and both happen or neither.
    """
    freeze_holds()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {HeldEvent._meta.db_table} ({_COLUMNS}) SELECT {_COLUMNS} FROM {table} "  # noqa: S608
            "WHERE customer_id = ANY(%s) ON CONFLICT DO NOTHING",
            [held_ids()],
        )
        kept = int(cursor.rowcount)
        cursor.execute(f"DROP TABLE {table}")
    return kept


@transaction.atomic
def forget_released() -> int:
    """Events kept for a hold that stands no more are gone; how many."""
    freeze_holds()
    return HeldEvent.objects.exclude(customer_id__in=held_ids()).delete()[0]
