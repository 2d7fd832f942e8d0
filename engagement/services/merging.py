"""Events of people who were merged and parted again.

A merge moves no event: readers ask for a customer and everything it absorbed. When it is undone, events that came in
since and carry an anonymous id that went back follow it, in pieces with a transaction each, behind the undoing.
"""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from core import jobs
from core.actors import Actor
from customers.models import Identity, IdentityKind, Merge, MergeState
from customers.selectors.merges import find_merge
from customers.services import activity
from customers.services.guards import Pair

PIECE: Final = 5_000
_RETURN: Final = """
WITH piece AS (
    SELECT event_id, occurred_at FROM engagement_event
    WHERE customer_id = %(survivor)s AND received_at >= %(since)s AND received_at < %(until)s
        AND properties ->> 'anonymousId' = ANY(%(browsers)s)
    LIMIT %(piece)s
)
UPDATE engagement_event AS e SET customer_id = %(absorbed)s FROM piece
WHERE e.event_id = piece.event_id AND e.occurred_at = piece.occurred_at AND e.customer_id = %(survivor)s
RETURNING e.occurred_at
"""


def leave_events(pair: Pair, by: Actor, now: datetime, /) -> dict[str, Any]:
    """Nothing moves; the empty pre-image says that this part takes part in the undoing."""
    return {}


def send_events_back(pair: Pair, image: Any, by: Actor, now: datetime, /) -> None:
    """A task will give events of the time of the merge back to the browsers that sent them."""
    jobs.defer("engagement.tasks.return_events", merge_id=pair.merge_id)


def return_events(*, merge_id: str) -> int:
    """Events received while the two were one belong to the profile that has their anonymous id; how many moved.

    Safe to repeat; PIECE events a transaction.
    """
    merge = find_merge(public_id=merge_id)
    browsers = Identity.objects.filter(customer=merge.absorbed_id, kind=IdentityKind.ANONYMOUS_ID)
    values = list(browsers.order_by("pk").values_list("value", flat=True))
    if merge.state != MergeState.UNDONE or not values:
        return 0
    moved = 0
    while piece := _piece(merge, values):
        moved += len(piece)
        activity.record_last_seen(seen={merge.absorbed_id: max(piece)})
    return moved


def _piece(merge: Merge, browsers: list[str]) -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            _RETURN,
            {
                "survivor": merge.survivor_id,
                "absorbed": merge.absorbed_id,
                "since": merge.merged_at,
                "until": merge.undone_at,
                "browsers": browsers,
                "piece": PIECE,
            },
        )
        return [row[0] for row in cursor.fetchall()]
