"""One row per member of an audience and step: what became of the message, and why."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from campaigns.rules.deliveries import OPEN, DeliveryState
from campaigns.rules.feedback import Outcome
from campaigns.rules.reactions import Verdict
from customers.models import Customer


class Delivery(models.Model):
    """The message to one person. `reason` says why it was not sent, or why it waits until `due_at`.

    `consent_ref` is the ledger entry behind the permission at the moment of sending. When a person is erased the row
    stays without the person, so that the states still add up to the audience. `provider_id` is the provider's own id of
    the message, `outcome` what it and the receiving server said later. `tracked` says that the message carried
    addresses of ours, because its person allowed that; `opened` and `clicked` hold the best verdict since.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="deliveries")
    step = models.PositiveSmallIntegerField(default=1)
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.QUEUED)
    reason = models.CharField(max_length=40, default="")
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    consent_ref = models.BigIntegerField(null=True)
    provider_id = models.CharField(max_length=200, default="", db_default="")
    outcome = models.CharField(max_length=12, choices=Outcome, default="", db_default="")
    outcome_code = models.CharField(max_length=12, default="", db_default="")
    outcome_at = models.DateTimeField(null=True)
    tracked = models.BooleanField(default=False, db_default=False)
    opened = models.PositiveSmallIntegerField(null=True, choices=Verdict)
    opened_at = models.DateTimeField(null=True)
    clicked = models.PositiveSmallIntegerField(null=True, choices=Verdict)
    clicked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "step", "customer"], name="delivery_once"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENT) | Q(sent_at__isnull=False), name="delivery_sent_is_dated"
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SKIPPED) | ~Q(reason=""), name="delivery_skipped_has_reason"
            ),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="delivery_outcome_known"),
            models.CheckConstraint(
                condition=Q(tracked=True) | Q(opened=None, clicked=None), name="delivery_measured_if_tracked"
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "due_at", "id"], name="delivery_due", condition=Q(state=DeliveryState.QUEUED)
            ),
            models.Index(fields=["claimed_at"], name="delivery_under_way", condition=Q(state__in=[OPEN[1], OPEN[2]])),
            models.Index(fields=["campaign", "state", "-id"], name="delivery_by_state"),
            models.Index(fields=["customer", "sent_at"], name="delivery_of_customer"),
            models.Index(fields=["provider_id"], name="delivery_of_provider", condition=~Q(provider_id="")),
            models.Index(fields=["campaign", "outcome"], name="delivery_outcomes", condition=~Q(outcome="")),
            models.Index(
                fields=["campaign", "clicked_at"], name="delivery_human_clicks", condition=Q(clicked=Verdict.HUMAN)
            ),
            models.Index(
                fields=["campaign", "opened", "clicked"], name="delivery_reactions", condition=Q(tracked=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.step}/{self.pk}"
