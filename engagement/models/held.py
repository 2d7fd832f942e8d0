"""Events of people on legal hold whose month was dropped."""

from django.db import models

from engagement.models.events import EventColumns


class HeldEvent(EventColumns):
    """An event as it stood in the log, kept beyond its retention because a legal hold stands on its person.

    Written when its month is dropped, gone with the first run of retention after the hold is lifted. Nothing but access
    packages reads it: no figure, segment or timeline counts it.
    """

    class Meta:
        indexes = [models.Index(fields=["customer_id", "occurred_at"], name="held_event_of_customer")]
