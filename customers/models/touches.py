"""What changed about whom, for segments that follow: written by triggers, whoever changes a customer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from core.models.outbox import TRANSACTION_ID


class Touch(models.Model):
    """A customer about whom something changed, and the topics: `profile:country`, `tags`, `segment:vip`, `all`.

    The values themselves are not kept. Read in the order of `xid` below the oldest running transaction; deleted a day
    after it was read.
    """

    id = models.BigAutoField(primary_key=True)
    xid = models.BigIntegerField(db_default=RawSQL(TRANSACTION_ID, ()))
    customer_id = models.BigIntegerField()
    topics = ArrayField(models.TextField())
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["xid"], name="touch_log_order")]

    def __str__(self) -> str:
        return f"{self.topics} of {self.customer_id}"
