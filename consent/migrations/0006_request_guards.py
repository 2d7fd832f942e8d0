"""The database itself keeps the order of states, the clock and the history of requests, and legal holds."""

from django.db import migrations

from consent.rules.requests import MOVES

FORWARD = """
CREATE FUNCTION consent_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT EXISTS (
        SELECT FROM consent_requestmove m WHERE m.from_state = OLD.state AND m.to_state = NEW.state
    ) THEN
        RAISE EXCEPTION 'a request may not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER request_moves BEFORE UPDATE OF state ON consent_datarequest
    FOR EACH ROW EXECUTE FUNCTION consent_check_move();

CREATE FUNCTION consent_check_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.received_at < NEW.created_at - interval '5 minutes'
       AND (NEW.backdated_by = '' OR NEW.backdated_because = '') THEN
        RAISE EXCEPTION 'an earlier day of receipt needs a name and a reason' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER request_receipt BEFORE INSERT ON consent_datarequest
    FOR EACH ROW EXECUTE FUNCTION consent_check_receipt();

CREATE TRIGGER clock_append_only BEFORE UPDATE OR DELETE ON consent_clockentry
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER request_history_append_only BEFORE UPDATE OR DELETE ON consent_requestevent
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();

CREATE FUNCTION consent_check_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM consent_legalhold h WHERE h.customer_id = NEW.id AND h.lifted_at IS NULL) THEN
        RAISE EXCEPTION 'customer % is under legal hold', NEW.public_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customer_legal_hold BEFORE UPDATE OF status ON customers_customer
    FOR EACH ROW WHEN (NEW.status = 'deleted' AND OLD.status <> 'deleted') EXECUTE FUNCTION consent_check_hold();

CREATE FUNCTION consent_drop_requests_before(cutoff timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
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
BACKWARD = """
DROP FUNCTION consent_drop_requests_before(timestamptz);
DROP TRIGGER customer_legal_hold ON customers_customer;
DROP FUNCTION consent_check_hold();
DROP TRIGGER request_history_append_only ON consent_requestevent;
DROP TRIGGER clock_append_only ON consent_clockentry;
DROP TRIGGER request_receipt ON consent_datarequest;
DROP FUNCTION consent_check_receipt();
DROP TRIGGER request_moves ON consent_datarequest;
DROP FUNCTION consent_check_move();
"""


def seed(apps, schema_editor):
    move = apps.get_model("consent", "RequestMove")
    rows = [move(from_state=start, to_state=end) for start, ends in MOVES.items() for end in sorted(ends)]
    move.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0005_privacy_requests"),
        ("core", "0002_append_only_audit"),
        ("customers", "0002_change_feed"),
    ]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
