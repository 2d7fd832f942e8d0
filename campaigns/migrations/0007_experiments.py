
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0006_automations'),
        ('customers', '0012_touches'),
    ]

    operations = [
        migrations.CreateModel(
            name='Experiment',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('key', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('hypothesis', models.CharField(blank=True, default='', max_length=300)),
                ('kind', models.CharField(choices=[('split', 'Variants'), ('holdout', 'Global holdout')], default='split', max_length=10)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('running', 'Running'), ('stopped', 'Stopped')], default='draft', max_length=10)),
                ('drawn', models.CharField(choices=[('here', 'By the hub'), ('elsewhere', 'By another system, which reports it')], default='here', max_length=10)),
                ('variants', models.JSONField(default=list)),
                ('coverage', models.PositiveSmallIntegerField(default=100)),
                ('measures', models.JSONField(default=list)),
                ('currency', models.CharField(default='EUR', max_length=3)),
                ('window_days', models.PositiveSmallIntegerField(default=30)),
                ('looks', models.CharField(choices=[('always', 'At any time'), ('once', 'Once, when the planned number of people is reached')], default='always', max_length=10)),
                ('planned_people', models.PositiveIntegerField(default=1000)),
                ('started_at', models.DateTimeField(null=True)),
                ('stopped_at', models.DateTimeField(null=True)),
                ('figures', models.JSONField(default=dict)),
                ('figures_at', models.DateTimeField(null=True)),
                ('winner', models.CharField(blank=True, default='', max_length=20)),
                ('decided_by', models.CharField(default='', max_length=60)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('segment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.segment')),
            ],
        ),
        migrations.CreateModel(
            name='Shown',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('variant', models.CharField(max_length=20)),
                ('shown_at', models.DateTimeField()),
                ('customer', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
                ('experiment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shown', to='campaigns.experiment')),
            ],
        ),
        migrations.AddIndex(
            model_name='experiment',
            index=models.Index(fields=['-created_at', '-id'], name='experiment_newest'),
        ),
        migrations.AddIndex(
            model_name='experiment',
            index=models.Index(fields=['updated_at', 'id'], name='experiment_by_update'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'running', 'stopped'])), name='experiment_state_known'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['split', 'holdout'])), name='experiment_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.CheckConstraint(condition=models.Q(('coverage__range', (1, 100))), name='experiment_coverage_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'draft'), ('started_at__isnull', False), _connector='OR'), name='experiment_run_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.CheckConstraint(condition=models.Q(('winner', ''), models.Q(('state', 'stopped'), ('decided_at__isnull', False)), _connector='OR'), name='experiment_winner_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='experiment',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'holdout'), ('state', 'running')), fields=('kind',), name='experiment_one_holdout'),
        ),
        migrations.AddIndex(
            model_name='shown',
            index=models.Index(fields=['shown_at'], name='shown_by_age'),
        ),
        migrations.AddConstraint(
            model_name='shown',
            constraint=models.UniqueConstraint(fields=('experiment', 'customer'), name='shown_once'),
        ),
    ]
