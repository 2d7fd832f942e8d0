"""Whoever changes where a person stands on a purpose, the follower of segments learns about whom."""

from django.db import migrations

WRITES = {
    "insert": "INSERT ON consent_consentstate REFERENCING NEW TABLE",
    "change": "UPDATE ON consent_consentstate REFERENCING NEW TABLE",
    "delete": "DELETE ON consent_consentstate REFERENCING OLD TABLE",
}
FORWARD = "".join(
    f"CREATE TRIGGER consent_state_touch_{name} AFTER {write} AS touched"
    " FOR EACH STATEMENT EXECUTE FUNCTION customers_touch_owner('consent');\n"
    for name, write in WRITES.items()
)
BACKWARD = "".join(f"DROP TRIGGER consent_state_touch_{name} ON consent_consentstate;\n" for name in WRITES)


class Migration(migrations.Migration):
    dependencies = [("consent", "0009_registers"), ("customers", "0012_touches")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
