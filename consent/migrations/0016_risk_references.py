"""Figures that risk and effort are compared with; without a row the first value of each stands."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0015_processor_places'),
    ]

    operations = [
        migrations.CreateModel(
            name='RiskReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('key', models.SlugField(max_length=30, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='risk_reference_not_negative')],
            },
        ),
    ]
