"""Events of a stretch of time, for rules whose window moves on: a BRIN index that inserts hardly notice.

Several ranges a block (`minmax_multi`) keep events that come late from widening what is read.
"""

from django.db import migrations

FORWARD = """
CREATE INDEX event_by_time ON engagement_event
USING brin (occurred_at timestamptz_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on);
"""


class Migration(migrations.Migration):
    dependencies = [("engagement", "0005_sums_by_sender")]
    operations = [migrations.RunSQL(FORWARD, "DROP INDEX event_by_time;")]
