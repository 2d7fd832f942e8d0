"""Who was told about whom: one bit a customer, recipient and hour."""

from django.db import models


class DisclosureFlow(models.Model):
    """One way in which one recipient receives data: who, how, which kinds; between which hours it was used."""

    id = models.AutoField(primary_key=True)
    recipient = models.CharField(max_length=60)
    way = models.CharField(max_length=40)
    kinds = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "way", "kinds"], name="disclosure_flow_unique"),
        ]
        indexes = [models.Index(fields=["-last_at", "-id"], name="disclosure_flow_newest")]

    def __str__(self) -> str:
        return f"{self.recipient} {self.way}"


class Disclosure(models.Model):
    """The customers of one chunk that one flow told about in one hour (`people`: `bit(1024)`, see the rules).

    The table is partitioned by month of `hour`; it is created by hand in the migration.
    """

    pk = models.CompositePrimaryKey("chunk", "hour", "flow_id")
    chunk = models.IntegerField()
    hour = models.DateTimeField()
    flow_id = models.IntegerField()
    people = models.TextField()

    class Meta:
        managed = False
        db_table = "consent_disclosure"

    def __str__(self) -> str:
        return f"{self.flow_id} {self.hour}"
