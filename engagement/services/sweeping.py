"""Events that committed while their customer was being erased: taken out again by a follower."""

from datetime import datetime
from typing import Final

from django.db import connection

_SWEEP: Final = """
DELETE FROM engagement_event e USING customers_customer c WHERE c.id = e.customer_id AND c.status = 'deleted'
AND e.xid > %(after)s AND e.xid <= %(upto)s
"""
_SWEEP_THE_ERASED: Final = """
DELETE FROM engagement_event WHERE customer_id = ANY(ARRAY(
    SELECT id FROM customers_customer WHERE status = 'deleted' AND xid > %(after)s AND xid <= %(upto)s
))
"""


def sweep_erased(*, after: int, upto: int, now: datetime) -> int:
    """No event of an erased customer is left that either of these two transactions wrote; returns events deleted.

    The statement that stores events reads the customer without locking her row, which would cost every event; so it
    may commit after the erasure has looked for her events. Whichever of the two transactions ended last lies in some
    stretch (after, upto] of finished ones: an event that ended last meets a tombstone (first statement), an erasure
    that ended last is swept after again (second statement).
    """
    swept = 0
    with connection.cursor() as cursor:
        for statement in (_SWEEP, _SWEEP_THE_ERASED):
            cursor.execute(statement, {"after": after, "upto": upto})
            swept += int(cursor.rowcount)
    return swept
