"""Which company gets what an endpoint sends; deliveries are withheld for more reasons than consent."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0009_bound_tokens'),
    ]

    operations = [
        migrations.AddField(
            model_name='webhookendpoint',
            name='processor',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AlterField(
            model_name='webhookdelivery',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('exhausted', 'Given up'), ('withheld', 'Withheld')], default='waiting', max_length=10),
        ),
        migrations.AddIndex(
            model_name='webhookendpoint',
            index=models.Index(condition=models.Q(('processor', ''), _negated=True), fields=['processor'], name='webhook_endpoint_of_processor'),
        ),
    ]
