from django.db import migrations

# pg_snapshot_xmin counts the transactions of every database of the server. Here one that is known to run in another
# database is left out. The snapshot is older than the look at the sessions, so a session found with one of its
# transactions is the one that runs it; a session that may not be seen counts as one of ours.
HORIZON = """
CREATE FUNCTION core_log_horizon() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT pg_stat_clear_snapshot();
    SELECT least(
        coalesce(
            (
                SELECT min(running.xid::text::bigint) FROM pg_snapshot_xip(pg_current_snapshot()) AS running (xid)
                WHERE NOT EXISTS (
                    SELECT FROM pg_stat_activity s
                    WHERE s.backend_xid = running.xid::xid AND s.datname <> current_database()
                )
            ),
            pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        ),
        pg_current_xact_id_if_assigned()::text::bigint
    );
$$;
"""


class Migration(migrations.Migration):
    """The oldest transaction of this database that still runs, as a function for every reader of a log."""

    dependencies = [
        ("core", "0004_audit_seals"),
    ]

    operations = [
        migrations.RunSQL(HORIZON, "DROP FUNCTION core_log_horizon();"),
    ]
