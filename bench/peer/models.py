"""Tables as the tutorial would have them."""

from django.db import models


class Token(models.Model):
    """An access token, looked up on each request."""

    key = models.CharField(max_length=64, unique=True)
    active = models.BooleanField(default=True)


class Customer(models.Model):
    """A customer with the flag that the gate reads."""

    external_id = models.CharField(max_length=255, unique=True)
    email = models.EmailField(null=True)
    first_name = models.CharField(max_length=120, default="")
    last_name = models.CharField(max_length=120, default="")
    country = models.CharField(max_length=2, default="")
    status = models.CharField(max_length=10, default="active", db_index=True)
    tracking_allowed = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_index=True)
    updated_at = models.DateTimeField(auto_now=True)


class Event(models.Model):
    """An event, unique by its id."""

    event_id = models.UUIDField(unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    type = models.CharField(max_length=40, db_index=True)
    campaign = models.CharField(max_length=100)
    element = models.CharField(max_length=100, blank=True, default="")
    device = models.CharField(max_length=20)
    occurred_at = models.DateTimeField(db_index=True)
    received_at = models.DateTimeField(auto_now_add=True)


class Promotion(models.Model):
    """What is shown, in its variants; a flag is one without an offer."""

    key = models.CharField(max_length=60, unique=True)
    active = models.BooleanField(default=True)
    offer = models.CharField(max_length=60, default="")
    variants = models.JSONField(default=list)


class Exposure(models.Model):
    """Who was shown which variant first."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    variant = models.CharField(max_length=20)
    shown_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "customer"], name="peer_exposure_once")]
