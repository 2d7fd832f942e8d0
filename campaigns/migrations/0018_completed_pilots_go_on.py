"""A completed campaign sends again when it is a pilot that is promoted at that moment, once. The trigger knows it."""

from django.db import migrations

from campaigns.rules.lifecycle import MOVES

_PAIRS = ", ".join(f"'{before.value}>{after.value}'" for before, later in MOVES.items() for after in sorted(later))
_SQL = """
CREATE OR REPLACE FUNCTION campaigns_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state = ANY (ARRAY[{pairs}])){promoted} THEN
        RAISE EXCEPTION 'a campaign may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
_PROMOTED = """ AND NOT (OLD.state = 'completed' AND NEW.state = 'sending'
        AND OLD.pilot_promoted_at IS NULL AND NEW.pilot_promoted_at IS NOT NULL)"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0017_pilots")]
    operations = [
        migrations.RunSQL(
            _SQL.format(pairs=_PAIRS, promoted=_PROMOTED),
            _SQL.format(pairs=_PAIRS, promoted=""),
        ),
    ]
