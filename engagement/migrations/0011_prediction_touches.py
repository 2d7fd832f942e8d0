"""Whoever writes or removes a prediction, the follower of segments learns about whom and of which model."""

from django.db import migrations

WRITES = {
    "insert": "INSERT ON engagement_prediction REFERENCING NEW TABLE",
    "change": "UPDATE ON engagement_prediction REFERENCING NEW TABLE",
    "delete": "DELETE ON engagement_prediction REFERENCING OLD TABLE",
}
FUNCTION = """
CREATE FUNCTION engagement_touch_prediction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO customers_touch (customer_id, topics)
    SELECT t.customer_id, array_agg('prediction:' || m.slug ORDER BY m.slug)
    FROM touched t JOIN engagement_predictionmodel m ON m.id = t.model_id GROUP BY t.customer_id;
    RETURN NULL;
END $$;
"""
FORWARD = FUNCTION + "".join(
    f"CREATE TRIGGER prediction_touch_{name} AFTER {write} AS touched"
    " FOR EACH STATEMENT EXECUTE FUNCTION engagement_touch_prediction();\n"
    for name, write in WRITES.items()
)
BACKWARD = "".join(f"DROP TRIGGER prediction_touch_{name} ON engagement_prediction;\n" for name in WRITES)


class Migration(migrations.Migration):
    dependencies = [("engagement", "0010_predictions"), ("customers", "0012_touches")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD + "DROP FUNCTION engagement_touch_prediction();")]
