"""The database itself refuses to change the consent ledger and published notices."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON consent_consentevent
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER notice_immutable BEFORE UPDATE OR DELETE ON consent_noticeversion
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
"""
BACKWARD = """
DROP TRIGGER notice_immutable ON consent_noticeversion;
DROP TRIGGER ledger_append_only ON consent_consentevent;
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial"), ("core", "0002_append_only_audit")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
