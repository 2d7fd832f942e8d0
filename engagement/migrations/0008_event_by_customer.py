"""The index of a customer's events knows their types too, so that sums over everybody need no look at the events.

Made month by month without a lock that writers wait for, so this migration is not one transaction; it may be run again
after it was interrupted. The index it replaces goes last.
"""

from django.db import migrations

MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'engagement_event'::regclass ORDER BY 1"
HOW = "(customer_id, occurred_at DESC) INCLUDE (type_id)"


def forward(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS event_by_customer ON ONLY engagement_event {HOW}")
        cursor.execute(MONTHS)
        for (month,) in cursor.fetchall():
            index = f"{month}_by_customer"
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index])
            found = cursor.fetchone()
            if found and not found[0]:
                cursor.execute(f"DROP INDEX CONCURRENTLY {index}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {month} {HOW}")
            cursor.execute(f"ALTER INDEX event_by_customer ATTACH PARTITION {index}")
        cursor.execute("DROP INDEX IF EXISTS event_of_customer")


def backward(apps, schema_editor):
    schema_editor.execute("CREATE INDEX event_of_customer ON engagement_event (customer_id, occurred_at DESC)")
    schema_editor.execute("DROP INDEX event_by_customer")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("engagement", "0007_reactions")]
    operations = [migrations.RunPython(forward, backward)]
