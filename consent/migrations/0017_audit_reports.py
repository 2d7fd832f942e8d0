"""Audit reports as they were made, each month by themselves."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0016_risk_references'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditReport',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('law', models.SlugField(max_length=20)),
                ('first_on', models.DateField()),
                ('last_on', models.DateField()),
                ('scheduled', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.CharField(max_length=60)),
                ('figures', models.JSONField()),
                ('sha256', models.CharField(max_length=64)),
            ],
            options={
                'indexes': [models.Index(fields=['-made_at', '-id'], name='audit_report_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('scheduled', True)), fields=('law', 'first_on', 'last_on'), name='audit_report_once')],
            },
        ),
    ]
