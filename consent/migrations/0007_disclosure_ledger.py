"""The disclosure ledger: who was told about whom, one bit a customer, recipient and hour, partitioned by month.

Measured against a row a page with an index over arrays, and a row a customer: docs/decisions/0012-who-was-told.md.
"""

from django.db import migrations, models

FORWARD = """
CREATE TABLE consent_disclosure (
    chunk integer NOT NULL,
    flow_id integer NOT NULL,
    hour timestamptz NOT NULL,
    people bit(1024) NOT NULL,
    PRIMARY KEY (chunk, hour, flow_id)
) PARTITION BY RANGE (hour);
CREATE INDEX disclosure_of_flow ON consent_disclosure (flow_id, hour);

CREATE FUNCTION consent_ensure_disclosures(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := 'consent_disclosure_' || to_char(starts, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('consent_ensure_disclosures'));
    IF EXISTS (
        SELECT FROM pg_class new JOIN pg_class log ON log.relnamespace = new.relnamespace
        WHERE new.relname = name AND log.oid = 'consent_disclosure'::regclass
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE consent_disclosure INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE %I SET (fillfactor = 80)', name);
    EXECUTE format(
        'ALTER TABLE consent_disclosure ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, starts::timestamp AT TIME ZONE 'UTC', (starts + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    );
    RETURN true;
END $$;

CREATE FUNCTION consent_drop_disclosures_before(month date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    old record;
    dropped integer := 0;
BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    FOR old IN
        SELECT c.oid::regclass AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'consent_disclosure'::regclass
            AND c.relname < 'consent_disclosure_' || to_char(month, 'YYYY_MM')
    LOOP
        EXECUTE format('DROP TABLE %s', old.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;

SELECT consent_ensure_disclosures((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date)
FROM generate_series(-1, 2) AS n;
"""
BACKWARD = """
DROP FUNCTION consent_drop_disclosures_before(date);
DROP FUNCTION consent_ensure_disclosures(date);
DROP TABLE consent_disclosure;
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0006_request_guards")]
    operations = [
        migrations.CreateModel(
            name="DisclosureFlow",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("recipient", models.CharField(max_length=60)),
                ("way", models.CharField(max_length=40)),
                ("kinds", models.CharField(max_length=200)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["-last_at", "-id"], name="disclosure_flow_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("recipient", "way", "kinds"), name="disclosure_flow_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "chunk", "hour", "flow_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("chunk", models.IntegerField()),
                ("hour", models.DateTimeField()),
                ("flow_id", models.IntegerField()),
                ("people", models.TextField()),
            ],
            options={"db_table": "consent_disclosure", "managed": False},
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
