"""Guards inside which a spike of clicks raises the budget of a campaign, and every time that one did."""

from datetime import timedelta
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from campaigns.models.campaigns import Campaign
from campaigns.rules.budget import Limits
from core.models.base import PublicId


class BudgetGuard(models.Model):
    """Inside what the budget of one campaign is raised by itself, and who allowed that.

    It ends (`active` is false) when somebody takes a raise back or switches it off.
    """

    id = models.BigAutoField(primary_key=True)
    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="budget_guard")
    active = models.BooleanField(default=True)
    factor = models.DecimalField(max_digits=4, decimal_places=1, default=Decimal("3.0"))
    least_clicks = models.PositiveIntegerField(default=20)
    window_minutes = models.PositiveSmallIntegerField(default=60)
    step = models.DecimalField(max_digits=14, decimal_places=2)
    ceiling = models.DecimalField(max_digits=14, decimal_places=2)
    cooldown_minutes = models.PositiveIntegerField(default=360)
    set_by = models.CharField(max_length=60)
    set_at = models.DateTimeField()
    raised_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(step__gt=0, ceiling__gt=0), name="budget_guard_has_limits"),
            models.CheckConstraint(condition=Q(factor__gte=Decimal("1.5")), name="budget_guard_asks_for_a_spike"),
            models.CheckConstraint(
                condition=Q(window_minutes__gte=10, cooldown_minutes__gte=F("window_minutes")),
                name="budget_guard_rests",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} up to {self.ceiling}"

    @property
    def limits(self) -> Limits:
        """As the rules take them."""
        return Limits(
            factor=self.factor,
            least=self.least_clicks,
            window=timedelta(minutes=self.window_minutes),
            step=self.step,
            ceiling=self.ceiling,
            cooldown=timedelta(minutes=self.cooldown_minutes),
        )


class BudgetRaise(PublicId):
    """One raise: the clicks of the window, what was usual, the budget before and after. Step, ceiling and cooldown
    keep these few, so they stay as long as the campaign."""

    id_prefix = "bdr"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, db_index=False, related_name="budget_raises")
    before = models.DecimalField(max_digits=14, decimal_places=2)
    after = models.DecimalField(max_digits=14, decimal_places=2)
    clicks = models.PositiveIntegerField()
    usual = models.FloatField()
    at = models.DateTimeField()
    reverted_at = models.DateTimeField(null=True)
    reverted_by = models.CharField(max_length=60, default="")
    reverted_because = models.CharField(max_length=300, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(after__gt=F("before")), name="budget_raise_is_higher"),
            models.CheckConstraint(
                condition=Q(reverted_at__isnull=True) | ~Q(reverted_by=""), name="budget_raise_reverted_by_somebody"
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "-id"], name="budget_raise_of_campaign"),
            models.Index(fields=["at"], name="budget_raise_by_age"),
        ]
