"""Events of people on legal hold, kept apart when their month is dropped."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('engagement', '0008_event_by_customer'),
    ]

    operations = [
        migrations.CreateModel(
            name='HeldEvent',
            fields=[
                ('pk', models.CompositePrimaryKey('event_id', 'occurred_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('event_id', models.UUIDField()),
                ('occurred_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('xid', models.BigIntegerField()),
                ('customer_id', models.BigIntegerField()),
                ('type_id', models.SmallIntegerField()),
                ('schema_version', models.SmallIntegerField()),
                ('source_id', models.IntegerField()),
                ('campaign_id', models.IntegerField(null=True)),
                ('device', models.SmallIntegerField()),
                ('consent_kind', models.SmallIntegerField()),
                ('consent_ref', models.BigIntegerField()),
                ('properties', models.JSONField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['customer_id', 'occurred_at'], name='held_event_of_customer')],
            },
        ),
    ]
