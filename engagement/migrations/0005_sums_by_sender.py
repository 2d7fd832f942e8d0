"""Hourly sums also by who sent the events. What was added up without that is dropped; the follower adds it up again."""

from django.db import migrations, models

AGAIN = """
DELETE FROM engagement_hourlymetric;
DELETE FROM core_cursor WHERE name = 'events.hourly_sums';
"""


class Migration(migrations.Migration):
    dependencies = [("engagement", "0004_hourly_sums"), ("core", "0001_initial")]
    operations = [
        migrations.RunSQL(AGAIN, AGAIN),
        migrations.RemoveConstraint(model_name="hourlymetric", name="hourly_metric_unique"),
        migrations.AddField(model_name="hourlymetric", name="source_id", field=models.IntegerField(default=0)),
        migrations.AddConstraint(
            model_name="hourlymetric",
            constraint=models.UniqueConstraint(fields=("hour", "type_id", "source_id"), name="hourly_metric_unique"),
        ),
    ]
