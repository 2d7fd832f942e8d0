"""The rules of places that this release ships; a later release updates the rows by a migration of its own."""

import json

from django.db import migrations

from consent.rules.policy import RULES, gate_mode

ROW = """
INSERT INTO consent_jurisdiction (created_at, updated_at, code, name, mode, rule, rule_set)
VALUES (now(), now(), %s, %s, %s, %s, %s)
ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, mode = EXCLUDED.mode, rule = EXCLUDED.rule,
    rule_set = EXCLUDED.rule_set, updated_at = EXCLUDED.updated_at
"""


def seed(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for rule in RULES.values():
            row = [rule.code, rule.name, gate_mode(rule).value, json.dumps(rule.to_dict()), rule.rule_set]
            cursor.execute(ROW, row)


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_seed_purposes")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
