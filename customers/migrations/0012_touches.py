"""Whoever changes a customer, the follower of segments learns about whom and which topics; never the values.

Visitors are nobody to segments and cost nothing. An update that moves `last_seen_at` alone is no change here either:
the events behind it are.
"""

from django.db import migrations

PROFILE = (
    "country", "region", "language", "status", "first_name", "last_name", "time_zone", "birth_date", "created_at",
    "updated_at", "last_seen_at", "last_order_at", "created_via",
)  # fmt: skip
OTHERS = {
    "orders_count": "profile:lifetime_orders",
    "orders_total": "profile:lifetime_value",
    "orders_currency": "profile:lifetime_currency",
    "consent_mask": "consent",
    "consent_until": "consent",
    "gpc_first_seen_at": "consent",
}
NAMED = {name: f"profile:{name}" for name in PROFILE} | OTHERS
TOPICS = ", ".join(
    f"CASE WHEN NEW.{column} IS DISTINCT FROM OLD.{column} THEN '{topic}' END" for column, topic in NAMED.items()
)
FORWARD = f"""
CREATE FUNCTION customers_touch_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_touch (customer_id, topics) SELECT id, '{{all}}' FROM touched WHERE is_known;
    RETURN NULL;
END $$;

CREATE FUNCTION customers_touch_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text[];
BEGIN
    IF (OLD.is_known, OLD.merged_into_id, OLD.status = 'deleted')
        IS DISTINCT FROM (NEW.is_known, NEW.merged_into_id, NEW.status = 'deleted') THEN
        INSERT INTO customers_touch (customer_id, topics)
        SELECT DISTINCT p.id, '{{all}}'::text[]
        FROM (VALUES (NEW.id), (OLD.merged_into_id), (NEW.merged_into_id)) AS p (id) WHERE p.id IS NOT NULL;
        RETURN NULL;
    END IF;
    changed := array_remove(ARRAY[{TOPICS}], NULL);
    IF NEW.attributes IS DISTINCT FROM OLD.attributes THEN
        changed := changed || ARRAY(
            SELECT 'attribute:' || k.key FROM jsonb_object_keys(OLD.attributes || NEW.attributes) AS k (key)
            WHERE (OLD.attributes -> k.key) IS DISTINCT FROM (NEW.attributes -> k.key)
        );
    END IF;
    IF cardinality(changed) > 0 THEN
        INSERT INTO customers_touch (customer_id, topics) VALUES (NEW.id, changed);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION customers_touch_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_touch (customer_id, topics) SELECT DISTINCT customer_id, ARRAY[TG_ARGV[0]] FROM touched;
    RETURN NULL;
END $$;

CREATE TRIGGER customer_touch_new AFTER INSERT ON customers_customer REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION customers_touch_new();
CREATE TRIGGER customer_touch_changed AFTER UPDATE ON customers_customer
    FOR EACH ROW
    WHEN ((NEW.is_known OR OLD.is_known OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id)
        AND (NEW.updated_at IS DISTINCT FROM OLD.updated_at OR NEW.last_seen_at IS NOT DISTINCT FROM OLD.last_seen_at))
    EXECUTE FUNCTION customers_touch_changed();
"""
OWNED = {"customers_customertag": "tags", "customers_identity": "identity", "customers_purchase": "orders",
    "customers_customerscore": "scores",
}
WRITES = {
    "insert": "INSERT ON {table} REFERENCING NEW TABLE",
    "change": "UPDATE ON {table} REFERENCING NEW TABLE",
    "former": "UPDATE ON {table} REFERENCING OLD TABLE",
    "delete": "DELETE ON {table} REFERENCING OLD TABLE",
}


def owned(table: str, topic: str) -> str:
    """Triggers by which every row of a table touches the customer it belongs to, before and after."""
    return "".join(
        f"CREATE TRIGGER {table}_touch_{name} AFTER {write.format(table=table)} AS touched"
        f" FOR EACH STATEMENT EXECUTE FUNCTION customers_touch_owner('{topic}');\n"
        for name, write in WRITES.items()
    )


def disowned(table: str) -> str:
    """Without them."""
    return "".join(f"DROP TRIGGER {table}_touch_{name} ON {table};\n" for name in WRITES)


BEGIN = """
INSERT INTO core_cursor (name, xid, row, at, updated_at)
VALUES ('segments.members', pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, 0, now(), now())
ON CONFLICT DO NOTHING;
"""
BACKWARD = """
DELETE FROM core_cursor WHERE name = 'segments.members';
DROP TRIGGER customer_touch_changed ON customers_customer;
DROP TRIGGER customer_touch_new ON customers_customer;
DROP FUNCTION customers_touch_changed();
DROP FUNCTION customers_touch_new();
DROP FUNCTION customers_touch_owner();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0011_segment_changes"), ("core", "0001_initial")]
    operations = [
        migrations.RunSQL(
            FORWARD + "".join(owned(table, topic) for table, topic in OWNED.items()) + BEGIN,
            "".join(disowned(table) for table in OWNED) + BACKWARD,
        )
    ]
