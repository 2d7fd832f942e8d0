"""Every request for some days in partitions by day; time to the first byte, deprecated calls, the first success.

A partition is made beside the table and then attached: that takes no lock that writers or readers wait for.
"""

import django.db.models.fields.composite
from django.db import migrations, models

FORWARD = """
CREATE TABLE integrations_requestline (
    at timestamptz NOT NULL,
    request_id varchar(128) NOT NULL,
    client_id varchar(60) NOT NULL,
    method varchar(8) NOT NULL,
    route varchar(200) NOT NULL,
    status smallint NOT NULL,
    code varchar(40) NOT NULL,
    ms double precision NOT NULL,
    PRIMARY KEY (at, request_id)
) PARTITION BY RANGE (at);
CREATE INDEX request_line_by_id ON integrations_requestline (request_id);
CREATE INDEX request_line_of_client ON integrations_requestline (client_id, at DESC, request_id DESC);

CREATE FUNCTION integrations_ensure_log_day(wanted date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text := 'integrations_requestline_' || to_char(wanted, 'YYYY_MM_DD');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('integrations_ensure_log_day'));
    -- to_regclass may still remember, from before the wait, that there is none; a query of the catalogue does not.
    IF EXISTS (
        SELECT FROM pg_class new JOIN pg_class log ON log.relnamespace = new.relnamespace
        WHERE new.relname = name AND log.oid = 'integrations_requestline'::regclass
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE integrations_requestline INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format(
        'ALTER TABLE integrations_requestline ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, wanted::timestamp AT TIME ZONE 'UTC', (wanted + 1)::timestamp AT TIME ZONE 'UTC'
    );
    RETURN true;
END $$;
"""
BACKWARD = """
DROP FUNCTION integrations_ensure_log_day(date);
DROP TABLE integrations_requestline;
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_bins_of_times")]
    operations = [
        migrations.AddField("dailyusage", "deprecated", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("dailyusage", "first_byte", models.JSONField(default=dict)),
        migrations.AddField("apiclient", "first_success_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="RequestLine",
            fields=[
                (
                    "pk",
                    django.db.models.fields.composite.CompositePrimaryKey(
                        "at", "request_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("request_id", models.CharField(max_length=128)),
                ("client_id", models.CharField(max_length=60)),
                ("method", models.CharField(max_length=8)),
                ("route", models.CharField(max_length=200)),
                ("status", models.PositiveSmallIntegerField()),
                ("code", models.CharField(default="", max_length=40)),
                ("ms", models.FloatField()),
            ],
            options={"managed": False, "db_table": "integrations_requestline"},
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
