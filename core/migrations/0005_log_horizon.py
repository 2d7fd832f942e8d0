from django.db import migrations

# pg_snapshot_xmin counts the transactions of every database of the server. Here one that is known to run in another
# database is left out. The sessions are looked at after the snapshot, so a session found with one of its transactions
# is the one that runs it. A transaction that ended between the two looks has no session any more: then both are taken
# again, so that the answer hardly ever lies below an earlier one. What stays unclear counts as ours.
HORIZON = """
CREATE FUNCTION core_log_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    taken pg_snapshot;
    oldest bigint;
    unclear boolean;
BEGIN
    FOR attempt IN 1..8 LOOP
        taken := pg_current_snapshot();
        PERFORM pg_stat_clear_snapshot();
        SELECT min(running.xid::text::bigint),
            coalesce(bool_or(NOT EXISTS (SELECT FROM pg_stat_activity s WHERE s.backend_xid = running.xid::xid)), false)
        INTO oldest, unclear
        FROM pg_snapshot_xip(taken) AS running (xid)
        WHERE NOT EXISTS (
            SELECT FROM pg_stat_activity s WHERE s.backend_xid = running.xid::xid AND s.datname <> current_database()
        ) AND NOT EXISTS (
            SELECT FROM pg_prepared_xacts p
            WHERE p.transaction = running.xid::xid AND p.database <> current_database()
        );
        EXIT WHEN NOT unclear;
    END LOOP;
    RETURN least(coalesce(oldest, pg_snapshot_xmax(taken)::text::bigint), pg_current_xact_id_if_assigned()::text::bigint);
END
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
