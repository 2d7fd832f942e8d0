"""The event log, partitioned by month, and the memory of received event ids.

Indexes by measurement (docs/decisions/0006-what-the-event-log-costs.md): a b-tree on xid costs nothing that could be
measured over BRIN, an index by type costs a quarter of the statement unless the five most frequent types stay out.
A partition is made beside the table and then attached: that takes no lock that writers or readers wait for.
"""

from django.db import migrations

FORWARD = """
CREATE TABLE engagement_event (
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    xid bigint NOT NULL,
    customer_id bigint NOT NULL,
    consent_ref bigint NOT NULL,
    source_id integer NOT NULL,
    campaign_id integer,
    type_id smallint NOT NULL,
    schema_version smallint NOT NULL,
    device smallint NOT NULL,
    consent_kind smallint NOT NULL CHECK (consent_kind IN (1, 2)),
    properties jsonb
) PARTITION BY RANGE (occurred_at);

CREATE INDEX event_log_order ON engagement_event (xid);
CREATE INDEX event_of_customer ON engagement_event (customer_id, occurred_at DESC);
CREATE INDEX event_of_type ON engagement_event (type_id, occurred_at DESC) INCLUDE (customer_id) WHERE type_id > 5;

CREATE TABLE engagement_event_key (
    source_id integer NOT NULL,
    key uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, key)
);
CREATE INDEX event_key_by_age ON engagement_event_key USING brin (received_at);

CREATE FUNCTION engagement_ensure_partition(month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := 'engagement_event_' || to_char(starts, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('engagement_ensure_partition'));
    -- to_regclass may still remember, from before the wait, that there is none; a query of the catalogue does not.
    IF EXISTS (
        SELECT FROM pg_class new JOIN pg_class log ON log.relnamespace = new.relnamespace
        WHERE new.relname = name AND log.oid = 'engagement_event'::regclass
    ) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE engagement_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format(
        'ALTER TABLE engagement_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, starts::timestamp AT TIME ZONE 'UTC', (starts + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    );
    RETURN true;
END $$;

SELECT engagement_ensure_partition((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date)
FROM generate_series(-1, 3) AS n;
"""
BACKWARD = """
DROP FUNCTION engagement_ensure_partition(date);
DROP TABLE engagement_event_key;
DROP TABLE engagement_event;
"""
OWN_NUMBERS = """
ALTER TABLE engagement_eventtype ALTER COLUMN id RESTART WITH 100;
CREATE TRIGGER event_schema_immutable BEFORE UPDATE OR DELETE ON engagement_eventschema
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
"""
SHARED_NUMBERS = """
DROP TRIGGER event_schema_immutable ON engagement_eventschema;
ALTER TABLE engagement_eventtype ALTER COLUMN id RESTART WITH 1;
"""


class Migration(migrations.Migration):
    dependencies = [("engagement", "0001_initial"), ("core", "0002_append_only_audit")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD), migrations.RunSQL(OWN_NUMBERS, SHARED_NUMBERS)]
