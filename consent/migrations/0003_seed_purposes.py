"""The purposes every installation starts with, and the first words shown for each in four languages."""

import hashlib
import json
from pathlib import Path

from django.db import migrations

from core.ids import new_id

SEEDS = Path(__file__).resolve().parent.parent / "seeds"

PURPOSE = """
INSERT INTO consent_purpose (created_at, updated_at, bit, key, name, description, channel, kind, legal_basis,
                             record_required, valid_days)
VALUES (now(), now(), %(bit)s, %(key)s, %(name)s, %(description)s, %(channel)s, %(kind)s, %(legal_basis)s,
        %(record_required)s, %(valid_days)s)
ON CONFLICT (key) DO NOTHING
"""
NOTICE = """
INSERT INTO consent_noticeversion (public_id, purpose_id, version, locale, text, sha256, material, published_at)
SELECT %(public_id)s, id, 1, %(locale)s, %(text)s, %(sha256)s, false, now() FROM consent_purpose WHERE key = %(key)s
ON CONFLICT (purpose_id, version, locale) DO NOTHING
"""


def seed(apps, schema_editor):
    purposes = json.loads((SEEDS / "purposes.json").read_text(encoding="utf-8"))
    notices = json.loads((SEEDS / "notices.json").read_text(encoding="utf-8"))
    with schema_editor.connection.cursor() as cursor:
        for purpose in purposes:
            cursor.execute(PURPOSE, purpose)
        for key, texts in notices.items():
            for locale, text in texts.items():
                digest = hashlib.sha256(text.encode()).hexdigest()
                row = {"public_id": new_id("ntc"), "key": key, "locale": locale, "text": text, "sha256": digest}
                cursor.execute(NOTICE, row)


class Migration(migrations.Migration):
    dependencies = [("consent", "0002_append_only_ledger")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
