"""An index that finds the orders of one import; built without stopping writers, so alone and outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0003_import_undo")]
    operations = [
        AddIndexConcurrently("purchase", models.Index(fields=["source", "id"], name="purchase_by_source")),
    ]
