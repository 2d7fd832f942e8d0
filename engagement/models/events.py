"""Events: one lean row each, one partition a month, written by one statement a batch."""

from django.db import models


class ConsentKind(models.IntegerChoices):
    """What an event rests on: the person's recorded state (a ConsentEvent), or a token (a ConsentToken)."""

    STATE = 1, "Recorded consent"
    TOKEN = 2, "Consent token"


class EventColumns(models.Model):
    """The columns of an event, wherever it is kept."""

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
        abstract = True

    def __str__(self) -> str:
        return str(self.event_id)


class Event(EventColumns):
    """What one person did, once.

    The table is partitioned by month of `occurred_at` (created by hand in the migration; there is no foreign key to
    it and none from it, both would cost as much as two indexes). `customer_id`, `type_id`, `campaign_id` (a Label)
    and `source_id` (a Label) are plain numbers. `consent_kind` says what allowed the row (`ConsentKind`), and
    `consent_ref` which entry. `properties` holds the members that have no column, in the API's spelling: elementId,
    sessionId, anonymousId, value, currency, context, properties, ... and eventId when `event_id` is only its hash.
    `xid` is the writing transaction: followers read in (xid, event_id) order below the oldest running one.
    """

    class Meta:
        managed = False
        db_table = "engagement_event"


class EventKey(models.Model):
    """The memory of which event ids were received, for deduplication over at least 30 days.

    A unique key on a partitioned table must contain the partition key, so the same id resent with another
    timestamp would pass there: uniqueness lives here, in one plain table that a job trims.
    """

    pk = models.CompositePrimaryKey("source_id", "key")
    source_id = models.IntegerField()
    key = models.UUIDField()
    received_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "engagement_event_key"

    def __str__(self) -> str:
        return str(self.key)
