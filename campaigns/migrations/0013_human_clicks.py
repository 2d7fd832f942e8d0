"""Messages that people clicked, by time, for guards of budgets; built without stopping writers."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("campaigns", "0012_budget_guards")]
    operations = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                condition=models.Q(("clicked", 3)), fields=["campaign", "clicked_at"], name="delivery_human_clicks"
            ),
        )
    ]
