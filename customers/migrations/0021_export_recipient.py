"""Which company an export is for, and which confidential attributes were left out for it."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0020_sensitive_limited'),
    ]

    operations = [
        migrations.AddField(
            model_name='memberexport',
            name='recipient',
            field=models.CharField(blank=True, db_default='', default='', max_length=40),
        ),
        migrations.AddField(
            model_name='memberexport',
            name='withheld',
            field=models.JSONField(db_default=[], default=list),
        ),
    ]
