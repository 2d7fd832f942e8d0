"""Every change of a customer stamps the writing transaction, which orders the change feed.

An update that moves `last_seen_at` alone is no change: it leaves `updated_at` as it is.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION customers_stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := (pg_current_xact_id()::text)::bigint;
    RETURN NEW;
END $$;

CREATE TRIGGER customer_stamp_insert BEFORE INSERT ON customers_customer
    FOR EACH ROW EXECUTE FUNCTION customers_stamp_change();
CREATE TRIGGER customer_stamp_change BEFORE UPDATE ON customers_customer
    FOR EACH ROW
    WHEN (NEW.updated_at IS DISTINCT FROM OLD.updated_at OR NEW.last_seen_at IS NOT DISTINCT FROM OLD.last_seen_at)
    EXECUTE FUNCTION customers_stamp_change();
"""
BACKWARD = """
DROP TRIGGER customer_stamp_change ON customers_customer;
DROP TRIGGER customer_stamp_insert ON customers_customer;
DROP FUNCTION customers_stamp_change();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
