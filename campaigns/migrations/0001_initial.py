

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('consent', '0007_disclosure_ledger'),
        ('customers', '0009_tag_colour_and_expiry'),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('goal', models.CharField(blank=True, default='', max_length=300)),
                ('owner', models.CharField(max_length=60)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('in_review', 'In review'), ('approved', 'Approved'), ('scheduled', 'Scheduled'), ('building_audience', 'Building audience'), ('sending', 'Sending'), ('paused', 'Paused'), ('completed', 'Completed'), ('completed_with_gaps', 'Completed with gaps'), ('cancelled', 'Cancelled'), ('failed', 'Failed'), ('archived', 'Archived')], default='draft', max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('subject', models.CharField(blank=True, default='', max_length=200)),
                ('body', models.TextField(blank=True, default='')),
                ('send_at', models.DateTimeField(null=True)),
                ('per_minute', models.PositiveIntegerField(null=True)),
                ('quiet_from', models.TimeField(null=True)),
                ('quiet_until', models.TimeField(null=True)),
                ('time_zone', models.CharField(default='UTC', max_length=60)),
                ('cap_messages', models.PositiveSmallIntegerField(null=True)),
                ('cap_days', models.PositiveSmallIntegerField(default=7)),
                ('cap_choice', models.CharField(choices=[('defer', 'Wait until the limit allows it'), ('skip', 'Leave out')], default='defer', max_length=10)),
                ('holdout_percent', models.PositiveSmallIntegerField(default=0)),
                ('budget', models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ('cost_per_message', models.DecimalField(decimal_places=4, default=0, max_digits=10)),
                ('currency', models.CharField(default='EUR', max_length=3)),
                ('reviewed_people', models.BigIntegerField(null=True)),
                ('submitted_by', models.CharField(default='', max_length=60)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('approved_by', models.CharField(default='', max_length=60)),
                ('approved_at', models.DateTimeField(null=True)),
                ('launched_by', models.CharField(default='', max_length=60)),
                ('launched_at', models.DateTimeField(null=True)),
                ('audience', models.JSONField(default=list)),
                ('people', models.BigIntegerField(null=True)),
                ('totals', models.JSONField(default=dict)),
                ('finished_at', models.DateTimeField(null=True)),
                ('archived_at', models.DateTimeField(null=True)),
                ('trouble', models.CharField(default='', max_length=300)),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='consent.purpose', to_field='key')),
            ],
        ),
        migrations.CreateModel(
            name='CampaignSegment',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('include', 'Send to'), ('exclude', 'Do not send to')], max_length=10)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='campaigns.campaign')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.segment')),
            ],
        ),
        migrations.AddField(
            model_name='campaign',
            name='segments',
            field=models.ManyToManyField(related_name='+', through='campaigns.CampaignSegment', to='customers.segment'),
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('step', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('claimed', 'About to be sent'), ('sending', 'Being sent'), ('sent', 'Sent'), ('skipped', 'Not sent, for a reason'), ('failed', 'Failed'), ('unknown', 'Outcome unknown'), ('held_out', 'Held out to compare')], default='queued', max_length=10)),
                ('reason', models.CharField(default='', max_length=40)),
                ('due_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('consent_ref', models.BigIntegerField(null=True)),
                ('campaign', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='campaigns.campaign')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer')),
            ],
        ),
        migrations.CreateModel(
            name='SendBucket',
            fields=[
                ('name', models.CharField(max_length=300, primary_key=True, serialize=False)),
                ('tokens', models.FloatField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='send_bucket_by_age')],
            },
        ),
        migrations.AddConstraint(
            model_name='campaignsegment',
            constraint=models.UniqueConstraint(fields=('campaign', 'segment'), name='campaign_segment_once'),
        ),
        migrations.AddConstraint(
            model_name='campaignsegment',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['include', 'exclude'])), name='campaign_segment_role_known'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(fields=['-created_at', '-id'], name='campaign_newest'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(fields=['updated_at', 'id'], name='campaign_by_update'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(fields=['state', '-created_at', '-id'], name='campaign_by_state'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'in_review', 'approved', 'scheduled', 'building_audience', 'sending', 'paused', 'completed', 'completed_with_gaps', 'cancelled', 'failed', 'archived'])), name='campaign_state_known'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('approved', 'scheduled', 'building_audience', 'sending', 'paused', 'completed', 'completed_with_gaps')), _negated=True), models.Q(('approved_at__isnull', False), models.Q(('approved_by', models.F('submitted_by')), _negated=True)), _connector='OR'), name='campaign_approved_by_another'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'scheduled'), _negated=True), ('send_at__isnull', False), _connector='OR'), name='campaign_scheduled_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'archived'), _negated=True), ('archived_at__isnull', False), _connector='OR'), name='campaign_archived_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('holdout_percent__lte', 50)), name='campaign_holdout_at_most_half'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='campaign_quiet_hours_begin_and_end'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['campaign', 'due_at', 'id'], name='delivery_due'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ['claimed', 'sending'])), fields=['claimed_at'], name='delivery_under_way'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['campaign', 'state', '-id'], name='delivery_by_state'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['customer', 'sent_at'], name='delivery_of_customer'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('campaign', 'step', 'customer'), name='delivery_once'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'claimed', 'sending', 'sent', 'skipped', 'failed', 'unknown', 'held_out'])), name='delivery_state_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='delivery_sent_is_dated'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'skipped'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='delivery_skipped_has_reason'),
        ),
    ]
