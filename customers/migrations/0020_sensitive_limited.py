"""Whose sensitive attributes are used for the service asked for and nothing else (Cal. Civ. Code 1798.121)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0019_quality_audits'),
    ]

    operations = [
        migrations.AddField(
            model_name='customer',
            name='sensitive_limited',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
