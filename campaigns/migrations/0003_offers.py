

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0002_states_of_campaigns'),
        ('customers', '0010_scores'),
    ]

    operations = [
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('description', models.CharField(blank=True, default='', max_length=300)),
                ('kind', models.CharField(choices=[('percent', 'Percent off'), ('amount', 'Amount off'), ('free_shipping', 'Free shipping'), ('gift', 'Gift or service')], max_length=20)),
                ('value', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ('currency', models.CharField(default='EUR', max_length=3)),
            ],
            options={
                'indexes': [models.Index(fields=['-created_at', '-id'], name='offer_newest'), models.Index(fields=['updated_at', 'id'], name='offer_by_update')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['percent', 'amount', 'free_shipping', 'gift'])), name='offer_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('active', 'Active'), ('paused', 'Paused'), ('ended', 'Ended')], default='draft', max_length=10)),
                ('begins_at', models.DateTimeField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('priority', models.PositiveSmallIntegerField(default=100)),
                ('variants', models.JSONField(default=list)),
                ('max_redemptions', models.PositiveIntegerField(null=True)),
                ('per_customer', models.PositiveIntegerField(null=True)),
                ('redeemed', models.PositiveIntegerField(default=0)),
                ('started_at', models.DateTimeField(null=True)),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='campaigns.offer')),
                ('segment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.segment')),
            ],
        ),
        migrations.CreateModel(
            name='Exposure',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('variant', models.CharField(max_length=20)),
                ('shown_at', models.DateTimeField()),
                ('customer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
                ('promotion', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='exposures', to='campaigns.promotion')),
            ],
        ),
        migrations.CreateModel(
            name='Code',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=40, unique=True)),
                ('max_redemptions', models.PositiveIntegerField(default=1)),
                ('redeemed', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('promotion', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='campaigns.promotion')),
            ],
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('order_id', models.CharField(default='', max_length=100)),
                ('redeemed_at', models.DateTimeField()),
                ('code', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='campaigns.code')),
                ('customer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
                ('promotion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='campaigns.promotion')),
            ],
        ),
        migrations.AddIndex(
            model_name='promotion',
            index=models.Index(fields=['-created_at', '-id'], name='promotion_newest'),
        ),
        migrations.AddIndex(
            model_name='promotion',
            index=models.Index(fields=['updated_at', 'id'], name='promotion_by_update'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'active', 'paused', 'ended'])), name='promotion_state_known'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('max_redemptions__isnull', True), ('redeemed__lte', models.F('max_redemptions')), _connector='OR'), name='promotion_within_its_limit'),
        ),
        migrations.AddConstraint(
            model_name='promotion',
            constraint=models.CheckConstraint(condition=models.Q(('begins_at__isnull', True), ('ends_at__isnull', True), ('begins_at__lt', models.F('ends_at')), _connector='OR'), name='promotion_begins_before_it_ends'),
        ),
        migrations.AddIndex(
            model_name='exposure',
            index=models.Index(fields=['shown_at'], name='exposure_by_age'),
        ),
        migrations.AddConstraint(
            model_name='exposure',
            constraint=models.UniqueConstraint(fields=('promotion', 'customer'), name='exposure_once'),
        ),
        migrations.AddConstraint(
            model_name='code',
            constraint=models.CheckConstraint(condition=models.Q(('redeemed__lte', models.F('max_redemptions'))), name='code_within_its_limit'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(fields=['promotion', 'customer'], name='redemption_of_customer'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(fields=['redeemed_at'], name='redemption_by_age'),
        ),
        migrations.AddConstraint(
            model_name='redemption',
            constraint=models.UniqueConstraint(condition=models.Q(('order_id', ''), _negated=True), fields=('promotion', 'order_id'), name='redemption_once_an_order'),
        ),
    ]
