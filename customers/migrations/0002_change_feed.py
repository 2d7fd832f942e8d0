"""Every write to a customer stamps the writing transaction, which orders the change feed."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION customers_stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := (pg_current_xact_id()::text)::bigint;
    RETURN NEW;
END $$;

CREATE TRIGGER customer_stamp_change BEFORE INSERT OR UPDATE ON customers_customer
    FOR EACH ROW EXECUTE FUNCTION customers_stamp_change();
"""
BACKWARD = """
DROP TRIGGER customer_stamp_change ON customers_customer;
DROP FUNCTION customers_stamp_change();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
