"""Times are counted in finer bins, kept sparse: {place: number} instead of one figure for each of fourteen bounds.

What was counted before goes to the bin of the (geometric) middle of the bound it was counted under.
"""

from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION integrations_added(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_object_agg(place, total), '{}') FROM (
        SELECT place, sum(number::bigint) AS total
        FROM (SELECT * FROM jsonb_each_text(a) UNION ALL SELECT * FROM jsonb_each_text(b)) AS two (place, number)
        GROUP BY place
    ) AS sums
$$;
CREATE FUNCTION integrations_rebinned(old bigint[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(('{11,19,27,34,39,44,49,52,57,65,73,80,88,96}'::int[])[place], number), '{}')
    FROM unnest(old) WITH ORDINALITY AS bins (number, place) WHERE number > 0
$$;
ALTER TABLE integrations_dailyusage ALTER COLUMN buckets TYPE jsonb USING integrations_rebinned(buckets);
ALTER TABLE integrations_webhookhour ALTER COLUMN buckets TYPE jsonb USING integrations_rebinned(buckets);
DROP FUNCTION integrations_rebinned(bigint[]);
"""
BACKWARD = """
ALTER TABLE integrations_webhookhour ALTER COLUMN buckets TYPE bigint[] USING array_fill(0::bigint, '{14}');
ALTER TABLE integrations_dailyusage ALTER COLUMN buckets TYPE bigint[] USING array_fill(0::bigint, '{14}');
DROP FUNCTION integrations_added(jsonb, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0005_client_keys")]
    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            BACKWARD,
            state_operations=[
                migrations.AlterField("dailyusage", "buckets", models.JSONField(default=dict)),
                migrations.AlterField("webhookhour", "buckets", models.JSONField(default=dict)),
            ],
        ),
    ]
