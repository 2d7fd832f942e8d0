"""Counted attribution of orders, kept with its question."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0005_log_horizon'),
        ('engagement', '0011_prediction_touches'),
    ]

    operations = [
        migrations.CreateModel(
            name='CountedAttribution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('begins', models.DateTimeField()),
                ('ends', models.DateTimeField()),
                ('currency', models.CharField(max_length=3)),
                ('asked_at', models.DateTimeField()),
                ('counted_at', models.DateTimeField(null=True)),
                ('answer', models.JSONField(null=True)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
            ],
            options={
                'indexes': [models.Index(fields=['asked_at'], name='attribution_by_asking')],
                'constraints': [models.UniqueConstraint(fields=('begins', 'ends', 'currency'), name='attribution_question'), models.CheckConstraint(condition=models.Q(('begins__lt', models.F('ends'))), name='attribution_period'), models.CheckConstraint(condition=models.Q(models.Q(('answer__isnull', True), ('counted_at__isnull', True)), models.Q(('answer__isnull', False), ('counted_at__isnull', False)), _connector='OR'), name='attribution_answer_is_dated')],
            },
        ),
    ]
