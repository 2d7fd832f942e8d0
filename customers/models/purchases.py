"""What customers bought and gave back."""

from django.db import models

from customers.models.customers import Customer


class Purchase(models.Model):
    """An order or a refund (negative amount) as the shop counted it.

    `amount` is the total in `currency`, exact to the ten-thousandth because unit prices may have more places than the
    currency, so that sums reconcile with the source; `lines` and `quantity` count what the source delivered. Lines of
    one order that come in one import add up; the same `order_id` from elsewhere is refused, so nothing counts twice.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="purchases")
    order_id = models.CharField(max_length=100, unique=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4)
    currency = models.CharField(max_length=3)
    lines = models.PositiveIntegerField(default=1)
    quantity = models.BigIntegerField(default=1)
    purchased_at = models.DateTimeField()
    source = models.CharField(max_length=60)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-purchased_at"], name="purchase_of_customer"),
            models.Index(fields=["-purchased_at", "-id"], name="purchase_newest"),
            models.Index(fields=["source", "id"], name="purchase_by_source"),
        ]

    def __str__(self) -> str:
        return self.public_id
