"""Authorised agents that ask for people by the Data Rights Protocol, and which request came by whom."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0013_limits_of_sensitive_use'),
        ('customers', '0020_sensitive_limited'),
    ]

    operations = [
        migrations.CreateModel(
            name='RightsAgent',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('name', models.CharField(max_length=120, unique=True)),
                ('agent_id', models.CharField(max_length=60, unique=True)),
                ('verify_key', models.CharField(max_length=44)),
                ('web_url', models.CharField(blank=True, default='', max_length=300)),
                ('identity_assurance_url', models.CharField(blank=True, default='', max_length=300)),
                ('contact', models.CharField(blank=True, default='', max_length=254)),
                ('relies_on_email', models.BooleanField(default=False)),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('token_digest', models.CharField(blank=True, db_index=True, default='', editable=False, max_length=64)),
                ('paired_at', models.DateTimeField(editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='datarequest',
            name='agent_facts',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='datarequest',
            name='agent_message',
            field=models.CharField(db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='datarequest',
            name='via_agent',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='consent.rightsagent'),
        ),
        migrations.AddConstraint(
            model_name='datarequest',
            constraint=models.UniqueConstraint(condition=models.Q(('via_agent__isnull', False)), fields=('via_agent', 'agent_message'), name='request_once_a_message'),
        ),
    ]
