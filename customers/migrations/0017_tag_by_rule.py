"""Tags by the rule that gave them; built without stopping writers, so outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0016_tag_rules")]
    operations = [
        AddIndexConcurrently(
            "customertag",
            models.Index(fields=["given_by", "customer"], name="tag_by_rule", condition=Q(("given_by__isnull", False))),
        ),
    ]
