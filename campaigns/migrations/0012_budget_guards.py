import django.db.models.deletion
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0011_webhook_channel'),
        ('customers', '0015_member_exports'),
    ]

    operations = [
        migrations.CreateModel(
            name='BudgetGuard',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('active', models.BooleanField(default=True)),
                ('factor', models.DecimalField(decimal_places=1, default=Decimal('3.0'), max_digits=4)),
                ('least_clicks', models.PositiveIntegerField(default=20)),
                ('window_minutes', models.PositiveSmallIntegerField(default=60)),
                ('step', models.DecimalField(decimal_places=2, max_digits=14)),
                ('ceiling', models.DecimalField(decimal_places=2, max_digits=14)),
                ('cooldown_minutes', models.PositiveIntegerField(default=360)),
                ('set_by', models.CharField(max_length=60)),
                ('set_at', models.DateTimeField()),
                ('raised_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='BudgetRaise',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('before', models.DecimalField(decimal_places=2, max_digits=14)),
                ('after', models.DecimalField(decimal_places=2, max_digits=14)),
                ('clicks', models.PositiveIntegerField()),
                ('usual', models.FloatField()),
                ('at', models.DateTimeField()),
                ('reverted_at', models.DateTimeField(null=True)),
                ('reverted_by', models.CharField(default='', max_length=60)),
            ],
        ),
        migrations.AddField(
            model_name='budgetguard',
            name='campaign',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='budget_guard', to='campaigns.campaign'),
        ),
        migrations.AddField(
            model_name='budgetraise',
            name='campaign',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='budget_raises', to='campaigns.campaign'),
        ),
        migrations.AddConstraint(
            model_name='budgetguard',
            constraint=models.CheckConstraint(condition=models.Q(('ceiling__gt', 0), ('step__gt', 0)), name='budget_guard_has_limits'),
        ),
        migrations.AddConstraint(
            model_name='budgetguard',
            constraint=models.CheckConstraint(condition=models.Q(('factor__gte', Decimal('1.5'))), name='budget_guard_asks_for_a_spike'),
        ),
        migrations.AddConstraint(
            model_name='budgetguard',
            constraint=models.CheckConstraint(condition=models.Q(('cooldown_minutes__gte', models.F('window_minutes')), ('window_minutes__gte', 10)), name='budget_guard_rests'),
        ),
        migrations.AddIndex(
            model_name='budgetraise',
            index=models.Index(fields=['campaign', '-id'], name='budget_raise_of_campaign'),
        ),
        migrations.AddIndex(
            model_name='budgetraise',
            index=models.Index(fields=['at'], name='budget_raise_by_age'),
        ),
        migrations.AddConstraint(
            model_name='budgetraise',
            constraint=models.CheckConstraint(condition=models.Q(('after__gt', models.F('before'))), name='budget_raise_is_higher'),
        ),
        migrations.AddConstraint(
            model_name='budgetraise',
            constraint=models.CheckConstraint(condition=models.Q(('reverted_at__isnull', True), models.Q(('reverted_by', ''), _negated=True), _connector='OR'), name='budget_raise_reverted_by_somebody'),
        ),
    ]
