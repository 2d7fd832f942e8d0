"""An index of the times at which events happened, for reading everybody's: BRIN, since events arrive nearly in order.

Made month by month without a lock that writers wait for, so this migration is not one transaction; it may be run again
after it was interrupted.
"""

from django.db import migrations

MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'engagement_event'::regclass ORDER BY 1"
HOW = "USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on)"


def forward(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS event_times ON ONLY engagement_event {HOW}")
        cursor.execute(MONTHS)
        for (month,) in cursor.fetchall():
            index = f"{month}_occurred_at_idx"
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [index])
            found = cursor.fetchone()
            if found and not found[0]:
                cursor.execute(f"DROP INDEX CONCURRENTLY {index}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON {month} {HOW}")
            cursor.execute(f"ALTER INDEX event_times ATTACH PARTITION {index}")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("engagement", "0002_event_log")]
    operations = [
        migrations.RunPython(forward, lambda apps, schema_editor: schema_editor.execute("DROP INDEX event_times"))
    ]
