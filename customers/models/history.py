"""What a profile said before: the history that rules such as "moved from DE to FR within 30 days" read."""

from django.db import models

from customers.models.customers import Customer


class ProfileChange(models.Model):
    """One change of a field that is not a direct identifier; written by a trigger, whoever changes the profile.

    `field` is country, region, language, status, or `attributes.<key>`; an absent value is null. Deleted after
    PROFILE_CHANGE_DAYS.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False, related_name="+")
    field = models.CharField(max_length=80)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "field", "at"], name="profile_change_of_customer"),
            models.Index(fields=["field", "at"], include=["customer"], name="profile_change_of_field"),
            models.Index(fields=["at"], name="profile_change_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.customer_id}"
