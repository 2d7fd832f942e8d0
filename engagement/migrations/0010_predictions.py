"""What outside models say about customers."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0012_touches'),
        ('engagement', '0009_held_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='PredictionModel',
            fields=[
                ('id', models.SmallAutoField(primary_key=True, serialize=False)),
                ('slug', models.CharField(max_length=60, unique=True)),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list, size=None)),
                ('registered_by', models.CharField(max_length=60)),
                ('registered_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['-registered_at', '-id'], name='prediction_model_newest')],
            },
        ),
        migrations.CreateModel(
            name='Prediction',
            fields=[
                ('pk', models.CompositePrimaryKey('model_id', 'customer_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('score', models.DecimalField(decimal_places=6, max_digits=12)),
                ('label', models.CharField(default='', max_length=60)),
                ('model_version', models.CharField(max_length=60)),
                ('version_order', models.CharField(db_collation='C', max_length=200)),
                ('scored_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('written_at', models.DateTimeField()),
                ('written_by', models.CharField(max_length=60)),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
                ('model', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='engagement.predictionmodel')),
            ],
            options={
                'indexes': [models.Index(fields=['customer', 'model'], name='prediction_of_customer'), models.Index(fields=['model', 'scored_at'], name='prediction_by_date'), models.Index(fields=['expires_at'], name='prediction_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('scored_at'))), name='prediction_expires_later')],
            },
        ),
    ]
