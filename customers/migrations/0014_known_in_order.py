"""The people that rules are about in the order of their ids; built without stopping writers, so outside a transaction.

It takes the place of the index over all `merged_into`: `customer_absorbed` finds the few that are not null.
"""

import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0013_list_uploads")]
    operations = [
        AddIndexConcurrently(
            "customer",
            models.Index(
                fields=["id"],
                name="customer_known",
                condition=Q(("is_known", True), ("merged_into__isnull", True), models.Q(("status", "deleted"), _negated=True)),
            ),
        ),
        migrations.AlterField(
            "customer",
            "merged_into",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="absorbed",
                to="customers.customer",
            ),
        ),
    ]
