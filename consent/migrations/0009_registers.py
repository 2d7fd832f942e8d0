"""The registers: processing activities, processors, breaches."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0008_confirmations'),
    ]

    operations = [
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('name', models.CharField(max_length=120, unique=True)),
                ('purpose', models.CharField(max_length=1000)),
                ('controller', models.CharField(max_length=300)),
                ('legal_basis', models.CharField(choices=[('consent', 'Consent (a)'), ('contract', 'Contract (b)'), ('legal_obligation', 'Legal obligation (c)'), ('vital_interest', 'Vital interest (d)'), ('public_task', 'Public task (e)'), ('legitimate_interest', 'Legitimate interest (f)')], max_length=30)),
                ('people', models.CharField(max_length=1000)),
                ('data_kinds', models.CharField(max_length=1000)),
                ('recipients', models.CharField(blank=True, default='', max_length=1000)),
                ('transfer', models.CharField(choices=[('none', 'None: the data stays in the EEA or UK'), ('adequacy', 'Adequacy decision (Art. 45)'), ('clauses', 'Standard contractual clauses (Art. 46)'), ('binding_rules', 'Binding corporate rules (Art. 47)'), ('derogation', 'Derogation (Art. 49)')], default='none', max_length=20)),
                ('retention', models.CharField(max_length=1000)),
                ('security', models.CharField(max_length=1000)),
                ('review_on', models.DateField(blank=True, null=True)),
                ('ended_on', models.DateField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_on__isnull', True)), fields=['review_on'], name='activity_review')],
            },
        ),
        migrations.CreateModel(
            name='Breach',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('aware_at', models.DateTimeField()),
                ('happened', models.CharField(max_length=1000)),
                ('people_affected', models.PositiveIntegerField(blank=True, null=True)),
                ('data_kinds', models.CharField(max_length=1000)),
                ('consequences', models.CharField(blank=True, default='', max_length=1000)),
                ('measures', models.CharField(blank=True, default='', max_length=1000)),
                ('risk', models.CharField(choices=[('unknown', 'Not yet known'), ('unlikely', 'Unlikely: nobody has to be told'), ('risk', 'Risk: the authority has to be told'), ('high', 'High risk: the people have to be told too')], default='unknown', max_length=10)),
                ('authority', models.CharField(blank=True, default='', max_length=120)),
                ('authority_told_at', models.DateTimeField(blank=True, null=True)),
                ('delay_reason', models.CharField(blank=True, default='', max_length=300)),
                ('people_told_at', models.DateTimeField(blank=True, null=True)),
                ('safe_due', models.DateTimeField(editable=False)),
                ('law_due', models.DateTimeField(editable=False)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['safe_due'], name='breach_open'), models.Index(fields=['-aware_at', '-id'], name='breach_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('closed_at__isnull', True), models.Q(('risk', 'unknown'), _negated=True), _connector='OR'), name='breach_closed_is_judged')],
            },
        ),
        migrations.CreateModel(
            name='Processor',
            fields=[
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=40, unique=True)),
                ('name', models.CharField(max_length=120, unique=True)),
                ('client', models.CharField(blank=True, db_index=True, default='', max_length=40)),
                ('service', models.CharField(max_length=1000)),
                ('purpose', models.CharField(max_length=300)),
                ('legal_basis', models.CharField(choices=[('consent', 'Consent (a)'), ('contract', 'Contract (b)'), ('legal_obligation', 'Legal obligation (c)'), ('vital_interest', 'Vital interest (d)'), ('public_task', 'Public task (e)'), ('legitimate_interest', 'Legitimate interest (f)')], max_length=30)),
                ('country', models.CharField(max_length=2)),
                ('transfer', models.CharField(choices=[('none', 'None: the data stays in the EEA or UK'), ('adequacy', 'Adequacy decision (Art. 45)'), ('clauses', 'Standard contractual clauses (Art. 46)'), ('binding_rules', 'Binding corporate rules (Art. 47)'), ('derogation', 'Derogation (Art. 49)')], default='none', max_length=20)),
                ('agreement', models.CharField(max_length=120)),
                ('signed_on', models.DateField()),
                ('agreement_ends_on', models.DateField(blank=True, null=True)),
                ('certificate', models.CharField(blank=True, default='', max_length=120)),
                ('certificate_ends_on', models.DateField(blank=True, null=True)),
                ('sub_processors', models.CharField(blank=True, default='', max_length=1000)),
                ('reminded_on', models.DateField(editable=False, null=True)),
                ('ended_on', models.DateField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_on__isnull', True)), fields=['agreement_ends_on'], name='processor_agreement'), models.Index(condition=models.Q(('ended_on__isnull', True)), fields=['certificate_ends_on'], name='processor_certificate')],
            },
        ),
    ]
