"""Events of people on legal hold whose month was dropped."""

from django.db import models


class HeldEvent(models.Model):
    """An event as it stood in the log, kept beyond its retention because a legal hold stands on its person.

    Written when its month is dropped, gone with the first run of retention after the hold is lifted. Nothing but access
    packages reads it: no figure, segment or timeline counts it.
    """

    pk = models.CompositePrimaryKey("event_id", "occurred_at")
    event_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    xid = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    type_id = models.SmallIntegerField()
    schema_version = models.SmallIntegerField()
    source_id = models.IntegerField()
    campaign_id = models.IntegerField(null=True)
    device = models.SmallIntegerField()
    consent_kind = models.SmallIntegerField()
    consent_ref = models.BigIntegerField()
    properties = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["customer_id", "occurred_at"], name="held_event_of_customer")]

    def __str__(self) -> str:
        return str(self.event_id)
