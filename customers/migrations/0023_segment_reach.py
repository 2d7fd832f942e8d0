from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0022_import_of_decisions'),
    ]

    operations = [
        migrations.AddField(
            model_name='segmentversion',
            name='reach',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='segmentversion',
            name='reach_at',
            field=models.DateTimeField(null=True),
        ),
    ]
