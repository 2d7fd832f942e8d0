"""The database itself refuses to change the consent ledger, its anchors and published notices; no setting lifts it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION consent_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON consent_consentevent
    FOR EACH ROW EXECUTE FUNCTION consent_refuse_change();
CREATE TRIGGER anchor_append_only BEFORE UPDATE OR DELETE ON consent_ledgeranchor
    FOR EACH ROW EXECUTE FUNCTION consent_refuse_change();
CREATE TRIGGER notice_immutable BEFORE UPDATE OR DELETE ON consent_noticeversion
    FOR EACH ROW EXECUTE FUNCTION consent_refuse_change();
"""
BACKWARD = """
DROP TRIGGER notice_immutable ON consent_noticeversion;
DROP TRIGGER anchor_append_only ON consent_ledgeranchor;
DROP TRIGGER ledger_append_only ON consent_consentevent;
DROP FUNCTION consent_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
