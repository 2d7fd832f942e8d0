"""Who cannot be moved is parked with the reason while the others go on; she tries again or is taken out."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.console.automations import troubles
from campaigns.models import Delivery, Run, StepRecord
from campaigns.services.automations.stopped import remove_run, remove_stopped, restart_run, restart_stopped
from campaigns.services.automations.timers import run_timers
from core.actors import SYSTEM
from core.errors import InvalidState
from core.models import AuditEntry
from customers.models import CustomerTag
from tests.campaigns.rules.automations.examples import CART, graph, send, wait
from tests.factories.automations import happen, make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ON_API = {"entry": {"on": "api"}}
TAGS = {"mark": {"type": "tag", "add": ["warm"]}}
_POISON = """
CREATE FUNCTION test_poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF NEW.customer_id = {person} THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
CREATE TRIGGER test_poison BEFORE INSERT ON customers_customertag FOR EACH ROW EXECUTE FUNCTION test_poison();
"""


def poison(person):
    """The database takes no tag for this person: nothing that any step expects."""
    with connection.cursor() as cursor:
        cursor.execute(_POISON.format(person=person.pk))


def heal():
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER test_poison ON customers_customertag; DROP FUNCTION test_poison()")


def parked():
    people, now = make_people(5), timezone.now()
    automation = make_automation(graph(TAGS, **ON_API))
    runs = [put_in(automation, person, now) for person in people]
    poison(people[2])
    run_timers(now=now)
    return automation, people, runs, now


def test_timers__one_breaks_unexpectedly__she_is_parked_and_the_others_go_on():
    _automation, _people, runs, now = parked()

    again = run_timers(now=now + DAY)

    stopped = Run.objects.get(pk=runs[2].pk)
    assert again == 0
    assert Run.objects.filter(ending="finished").count() == 4
    assert CustomerTag.objects.count() == 4
    assert (stopped.state, stopped.step) == ("failed", "mark")
    assert stopped.trouble.startswith("Something unexpected broke here (")
    assert "poison" not in stopped.trouble
    assert [alert.text for alert in troubles()] == ["“Welcome” stopped 1 at a step that failed."]


def test_timers__step_refuses_one_of_many__only_she_is_parked():
    people, now = make_people(3), timezone.now()
    automation = make_automation(graph({"hello": send("day"), "day": wait()}, **ON_API))
    runs = [put_in(automation, person, now) for person in people]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.customer_id = {people[0].pk} THEN RAISE EXCEPTION 'full' USING ERRCODE = '22003'; END IF;"
            " RETURN NEW; END $$; CREATE TRIGGER test_full BEFORE INSERT ON campaigns_delivery"
            " FOR EACH ROW EXECUTE FUNCTION test_full()"
        )

    run_timers(now=now)

    assert Run.objects.get(pk=runs[0].pk).state == "failed"
    assert set(Delivery.objects.values_list("customer", flat=True)) == {people[1].pk, people[2].pk}


def test_restart_run__cause_is_gone__she_goes_on_and_the_audit_knows():
    automation, _people, runs, now = parked()
    heal()

    restart_run(run=runs[2], by=SYSTEM, now=now)
    moved = run_timers(now=now)

    run = Run.objects.get(pk=runs[2].pk)
    outcomes = StepRecord.objects.filter(run=run).order_by("number").values_list("outcome", flat=True)
    assert (moved, run.ending) == (1, "finished")
    assert list(outcomes) == ["entered", "failed", "again", "tagged", "end"]
    assert AuditEntry.objects.filter(action="automation.run_restarted", target=automation.public_id).count() == 1
    with pytest.raises(InvalidState, match="Only somebody who was stopped"):
        restart_run(run=run, by=SYSTEM, now=now)


def test_restart_run__while_she_waited_for_something__it_still_counts():
    (person,), now = make_people(1), timezone.now()
    automation = make_automation({**CART, **ON_API})
    run = put_in(automation, person, now, key="12")
    run_timers(now=now)
    run_timers(now=now + timedelta(hours=1))
    happen(person, "purchase", now + timedelta(hours=2), properties={"cartId": 12})
    Run.objects.filter(pk=run.pk).update(state="failed", next_at=None, trouble="Broken.")

    restart_run(run=run, by=SYSTEM, now=now + timedelta(hours=3))
    run_timers(now=now + timedelta(hours=3))

    run.refresh_from_db()
    assert (run.ending, Delivery.objects.count()) == ("finished", 0)


def test_remove_run__stopped_or_under_way__is_out_once():
    _automation, _people, runs, now = parked()

    remove_run(run=runs[2], reason="Data is wrong", by=SYSTEM, now=now)

    run = Run.objects.get(pk=runs[2].pk)
    entry = AuditEntry.objects.get(action="automation.run_removed")
    assert (run.state, run.ending, run.trouble) == ("ended", "removed", "")
    assert entry.reason == "Data is wrong"
    with pytest.raises(InvalidState, match="over already"):
        remove_run(run=run, by=SYSTEM, now=now)


def test_stopped__all_of_them__restarted_then_removed():
    automation, _people, _runs, now = parked()

    again = restart_stopped(automation=automation, by=SYSTEM, now=now)
    run_timers(now=now)
    out = remove_stopped(automation=automation, by=SYSTEM, now=now)

    assert (again, out) == (1, 1)
    assert not Run.objects.exclude(state="ended").exists()
    with pytest.raises(InvalidState, match="Nobody stands"):
        restart_stopped(automation=automation, by=SYSTEM, now=now)
