"""The database itself refuses a campaign that leaves the order of states."""

from django.db import migrations

from campaigns.rules.lifecycle import MOVES

_PAIRS = ", ".join(f"'{before.value}>{after.value}'" for before, later in MOVES.items() for after in sorted(later))
FORWARD = f"""
CREATE FUNCTION campaigns_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state = ANY (ARRAY[{_PAIRS}])) THEN
        RAISE EXCEPTION 'a campaign may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER campaign_moves BEFORE UPDATE OF state ON campaigns_campaign
    FOR EACH ROW EXECUTE FUNCTION campaigns_check_move();
"""
BACKWARD = "DROP TRIGGER campaign_moves ON campaigns_campaign; DROP FUNCTION campaigns_check_move()"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
