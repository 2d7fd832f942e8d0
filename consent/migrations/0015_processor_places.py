"""Where companies keep data, whose data they must not get, how long they may keep it (GDPR chapter V, Art. 5(1)(e))."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0014_authorised_agents'),
    ]

    operations = [
        migrations.AddField(
            model_name='processor',
            name='barred_places',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='processor',
            name='keep_days',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='processor',
            name='storage_places',
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
    ]
