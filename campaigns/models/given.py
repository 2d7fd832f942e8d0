"""Codes that the messages of campaigns gave to people."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from campaigns.models.offers import Code
from customers.models import Customer


class GivenCode(models.Model):
    """The code that one person got in the message of a campaign: one, however often the message is tried."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="given_codes")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    code = models.OneToOneField(Code, on_delete=models.CASCADE, related_name="given")
    given_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "customer"], name="code_given_once")]
        indexes = [
            models.Index(fields=["customer"], name="code_given_to", condition=Q(customer__isnull=False)),
            models.Index(fields=["given_at"], name="code_given_by_age", condition=Q(customer__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.pk}"
