"""The database itself refuses to change the audit trail; one function may drop what is past retention."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hub.retention', true) = 'on' AND TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();

CREATE FUNCTION core_drop_audit_before(cutoff timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    dropped bigint;
BEGIN
    PERFORM set_config('hub.retention', 'on', true);
    DELETE FROM core_auditentry WHERE at < cutoff;
    GET DIAGNOSTICS dropped = ROW_COUNT;
    PERFORM set_config('hub.retention', 'off', true);
    RETURN dropped;
END $$;
"""
BACKWARD = """
DROP FUNCTION core_drop_audit_before(timestamptz);
DROP TRIGGER audit_append_only ON core_auditentry;
DROP FUNCTION core_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
