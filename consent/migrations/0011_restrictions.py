"""Restrictions of processing at a person's request (GDPR Art. 18)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0010_touches'),
        ('customers', '0010_scores'),
    ]

    operations = [
        migrations.CreateModel(
            name='Restriction',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('request', models.CharField(max_length=40)),
                ('placed_by', models.CharField(max_length=60)),
                ('placed_at', models.DateTimeField()),
                ('lifted_by', models.CharField(default='', max_length=60)),
                ('lifted_at', models.DateTimeField(null=True)),
                ('lifted_because', models.CharField(default='', max_length=300)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('lifted_at__isnull', True)), fields=['customer'], name='restriction_stands')],
                'constraints': [models.UniqueConstraint(fields=('customer', 'request'), name='restriction_once_a_request')],
            },
        ),
    ]
