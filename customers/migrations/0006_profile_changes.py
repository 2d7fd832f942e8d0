"""Whoever changes a profile, what it said before is kept for rules that ask how it changed.

Direct identifiers and attributes classed as sensitive or confidential are not kept; nor is anything of a deletion.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION customers_keep_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_profilechange (customer_id, field, before, after, at)
    SELECT NEW.id, f.field, f.before, f.after, NEW.updated_at FROM (VALUES
        ('country', to_jsonb(nullif(OLD.country, '')), to_jsonb(nullif(NEW.country, ''))),
        ('region', to_jsonb(nullif(OLD.region, '')), to_jsonb(nullif(NEW.region, ''))),
        ('language', to_jsonb(nullif(OLD.language, '')), to_jsonb(nullif(NEW.language, ''))),
        ('status', to_jsonb(OLD.status), to_jsonb(NEW.status))
    ) AS f (field, before, after) WHERE f.before IS DISTINCT FROM f.after;
    IF NEW.attributes IS DISTINCT FROM OLD.attributes THEN
        INSERT INTO customers_profilechange (customer_id, field, before, after, at)
        SELECT NEW.id, 'attributes.' || d.key, OLD.attributes -> d.key, NEW.attributes -> d.key, NEW.updated_at
        FROM customers_attributedefinition d
        WHERE d.pii_class IN ('none', 'personal')
        AND (OLD.attributes -> d.key) IS DISTINCT FROM (NEW.attributes -> d.key);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER customer_keep_change AFTER UPDATE ON customers_customer
    FOR EACH ROW
    WHEN (NEW.status <> 'deleted' AND (OLD.country, OLD.region, OLD.language, OLD.status, OLD.attributes)
        IS DISTINCT FROM (NEW.country, NEW.region, NEW.language, NEW.status, NEW.attributes))
    EXECUTE FUNCTION customers_keep_change();
"""
BACKWARD = """
DROP TRIGGER customer_keep_change ON customers_customer;
DROP FUNCTION customers_keep_change();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_segments")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
