"""What staff decide about other people's data in a package; it is dropped with its request."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE OR REPLACE FUNCTION consent_drop_requests_before(cutoff timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(id) INTO gone FROM (
        SELECT id FROM consent_datarequest WHERE closed_at < cutoff ORDER BY closed_at LIMIT 10000
    ) AS old;
    PERFORM set_config('hub.retention', 'on', true);
    DELETE FROM consent_clockentry WHERE request_id = ANY (gone);
    DELETE FROM consent_requestevent WHERE request_id = ANY (gone);
    DELETE FROM consent_requeststep WHERE request_id = ANY (gone);
    DELETE FROM consent_redaction WHERE request_id = ANY (gone);
    DELETE FROM consent_letter WHERE request_id = ANY (gone);
    DELETE FROM consent_requestpackage WHERE request_id = ANY (gone);
    UPDATE consent_datarequest SET duplicate_of_id = NULL WHERE duplicate_of_id = ANY (gone);
    DELETE FROM consent_datarequest WHERE id = ANY (gone);
    PERFORM set_config('hub.retention', 'off', true);
    RETURN coalesce(array_length(gone, 1), 0);
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION consent_drop_requests_before(cutoff timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    gone bigint[];
BEGIN
    SELECT array_agg(id) INTO gone FROM (
        SELECT id FROM consent_datarequest WHERE closed_at < cutoff ORDER BY closed_at LIMIT 10000
    ) AS old;
    PERFORM set_config('hub.retention', 'on', true);
    DELETE FROM consent_clockentry WHERE request_id = ANY (gone);
    DELETE FROM consent_requestevent WHERE request_id = ANY (gone);
    DELETE FROM consent_requeststep WHERE request_id = ANY (gone);
    DELETE FROM consent_letter WHERE request_id = ANY (gone);
    DELETE FROM consent_requestpackage WHERE request_id = ANY (gone);
    UPDATE consent_datarequest SET duplicate_of_id = NULL WHERE duplicate_of_id = ANY (gone);
    DELETE FROM consent_datarequest WHERE id = ANY (gone);
    PERFORM set_config('hub.retention', 'off', true);
    RETURN coalesce(array_length(gone, 1), 0);
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('consent', '0011_restrictions'),
    ]

    operations = [
        migrations.AddField(
            model_name='requeststep',
            name='others_sealed',
            field=models.TextField(default=''),
        ),
        migrations.CreateModel(
            name='Redaction',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('out', 'Taken out'), ('in', 'Left in')], max_length=3)),
                ('text_hash', models.CharField(max_length=64)),
                ('text_sealed', models.TextField(default='')),
                ('reason', models.CharField(max_length=300)),
                ('by', models.CharField(max_length=60)),
                ('at', models.DateTimeField()),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='redactions', to='consent.datarequest')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('request', 'text_hash'), name='redaction_once_a_text')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
