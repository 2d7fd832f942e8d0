"""What imports changed, kept for a few days so that an import can be undone."""

from django.db import models
from django.db.models.expressions import RawSQL

from core.models.outbox import TRANSACTION_ID
from customers.models.customers import Customer
from customers.models.imports import ImportFile


class ImportChange(models.Model):
    """What one file did to one customer, until the time for undoing is over or the customer is erased.

    `before` and `after` map fields (attributes as `attributes.key`) to their values; both are empty for a customer
    that the file `created`. `tags` are those the file put. `xid` is the last transaction of the file that wrote the
    customer. `kept` says why an undo left the customer as it is; empty while none has tried.
    """

    id = models.BigAutoField(primary_key=True)
    file = models.ForeignKey(ImportFile, on_delete=models.CASCADE, related_name="changes")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    created = models.BooleanField(default=False)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    xid = models.BigIntegerField(db_default=RawSQL(TRANSACTION_ID, ()))
    kept = models.CharField(max_length=40, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "customer"], name="import_change_once")]

    def __str__(self) -> str:
        return f"change of {self.customer_id} by {self.file_id}"
