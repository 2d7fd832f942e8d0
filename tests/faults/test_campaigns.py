"""A campaign whose workers are killed again and again: everybody has a state, nobody gets it twice.

And decisions about many messages, while whose rows follow the worker is killed: each row follows once.

HUB_FAULT_PEOPLE=64000 sends to as many people as the e-mail experiment of Hillstrom had.
"""

import os
from collections import Counter
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller

from campaigns.services.changes import BATCH
from marketing_hub.processes import free_port
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
PEOPLE = int(os.environ.get("HUB_FAULT_PEOPLE", "2000"))
MANY = int(os.environ.get("HUB_FAULT_ROWS", "60000"))
PATIENCE = 60 + PEOPLE / 50
FILL = """
INSERT INTO customers_customer (public_id, email, first_name, last_name, country, region, language, time_zone, status,
    attributes, is_known, delete_reason, consent_mask, orders_count, orders_total, orders_currency,
    last_order_currency, created_via)
SELECT 'cus_' || lpad(n::text, 22, '0'), 'p' || n || '@example.com', 'P' || n, '', 'DE', '', '', '', 'active', '{}',
    true, '', (SELECT 1 | (1::bigint << bit) FROM consent_purpose WHERE key = 'marketing_email'), 0, 0, '', '', 'test'
FROM generate_series(1, %s) AS n
"""
LAUNCH = """
from django.utils import timezone
from campaigns.services.approval import approve_campaign, submit_campaign
from campaigns.services.campaigns import define_campaign
from campaigns.services.running import launch_campaign
from core.actors import SYSTEM, Actor, ActorKind
from customers.models import Customer, Segment, SegmentMember
from customers.services.segments import define_segment
one, two = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_one", "usr_two"))
now = timezone.now()
segment = define_segment(name="All", kind="static", by=one, now=now)
people = Customer.objects.values_list("pk", flat=True)
SegmentMember.objects.bulk_create([SegmentMember(version_id=segment.current_id, customer_id=pk) for pk in people])
values = {"name": "All", "purpose": "marketing_email", "include": [segment.slug], "subject": "Hi", "body": "Hello."}
campaign = define_campaign(values=values, by=one, now=now)
submit_campaign(campaign=campaign, by=one, now=now)
approve_campaign(campaign=campaign, by=two, now=now)
launch_campaign(campaign=campaign, by=one, now=now)
"""
DECIDE = """
from django.utils import timezone
from campaigns.models import Campaign
from campaigns.services.pilots import promote_campaign
from campaigns.services.running import cancel_campaign
from core.actors import SYSTEM
{decide}(campaign=Campaign.objects.get(), by=SYSTEM, now=timezone.now())
"""
READY = """
INSERT INTO campaigns_delivery (campaign_id, step, customer_id, state, reason, due_at, attempts)
SELECT (SELECT id FROM campaigns_campaign), 1, id, {state}, {reason}, {due}, 0 FROM customers_customer
"""
DRAFT = LAUNCH[: LAUNCH.index("submit_campaign(campaign=campaign")]
AGE = "UPDATE campaigns_delivery SET claimed_at = now() - interval '1 hour' WHERE state IN ('claimed', 'sending')"


class Sink:
    """Counts who got what, by address and by Message-ID."""

    def __init__(self) -> None:
        self.got: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()

    async def handle_DATA(self, server, session, envelope):
        self.got[envelope.rcpt_tos[0]] += 1
        self.ids[message_from_bytes(envelope.content)["Message-ID"]] += 1
        return "250 OK"


@pytest.fixture
def sink():
    found = Sink()
    controller = Controller(found, hostname="127.0.0.1", port=free_port())
    controller.start()
    found.port = controller.port
    try:
        yield found
    finally:
        controller.stop()


def ask(stack: Stack, statement: str):
    with stack.connect() as database:
        return database.execute(statement).fetchall()


def counts(stack: Stack) -> dict[str, int]:
    return dict(ask(stack, "SELECT state, count(*) FROM campaigns_delivery GROUP BY 1"))


def state_of(stack: Stack) -> str:
    return str(ask(stack, "SELECT state FROM campaigns_campaign")[0][0])


def test_campaign__workers_killed_at_40_percent_and_after__states_add_up_and_nobody_gets_two(sink):
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port), "EMAIL_USE_TLS": "false", "CAMPAIGN_SENDERS": "8"}
    with Stack(mail) as stack:
        with stack.connect() as database:
            database.execute(FILL, [PEOPLE])
        stack.manage("shell", "-c", LAUNCH)
        assert eventually(lambda: len(sink.got) > 0, 60)
        with stack.connect() as database:
            last = "SELECT customer_id FROM campaigns_delivery WHERE state = 'queued' ORDER BY id DESC LIMIT 20"
            database.execute(f"UPDATE customers_customer SET consent_mask = 1 WHERE id IN ({last})")
        for share in (0.4, 0.7):
            assert eventually(lambda share=share: len(sink.got) >= PEOPLE * share, PATIENCE)
            stack.kill_worker()
            with stack.connect() as database:
                database.execute(AGE)
            stack.start("worker")
        assert eventually(lambda: state_of(stack).startswith("completed"), PATIENCE)

        found, state = counts(stack), state_of(stack)

    assert sum(found.values()) == PEOPLE
    assert max(sink.got.values()) == max(sink.ids.values()) == 1
    assert found["skipped"] == 20
    assert found["sent"] <= len(sink.got) <= found["sent"] + found.get("unknown", 0)
    assert found["sent"] + found.get("unknown", 0) == PEOPLE - 20
    assert state == ("completed_with_gaps" if found.get("unknown") else "completed")


def decided(stack: Stack, *, state: str, reason: str, campaign: str) -> None:
    """A campaign to MANY people in this state whose rows stand there already."""
    with stack.connect() as database:
        database.execute(FILL, [MANY])
    stack.manage("shell", "-c", DRAFT)
    with stack.connect() as database:
        database.execute(READY.format(state=state, reason=reason, due="'9000-01-01'"))
        database.execute("ALTER TABLE campaigns_campaign DISABLE TRIGGER USER")
        approved = "submitted_by = 'one', approved_by = 'two', approved_at = now(), launched_at = now()"
        database.execute(f"UPDATE campaigns_campaign SET {approved}, people = {MANY}, {campaign}")
        database.execute("ALTER TABLE campaigns_campaign ENABLE TRIGGER USER")


def followed(stack: Stack) -> tuple[int, bool]:
    """How many rows have followed, and whether all have."""
    rows = ask(stack, "SELECT done, finished_at IS NOT NULL FROM campaigns_deliverychange")
    return (int(rows[0][0]), bool(rows[0][1])) if rows else (0, False)


def kill_in_the_middle(stack: Stack) -> int:
    """End the worker while rows follow; how many had."""
    assert eventually(lambda: BATCH < followed(stack)[0] < MANY, 60)
    stack.kill_worker()
    done, finished = followed(stack)
    assert not finished
    return done


def test_cancel__worker_killed_in_the_middle__nothing_leaves_and_every_row_follows_once(sink):
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port), "EMAIL_USE_TLS": "false"}
    with Stack(mail) as stack:
        decided(stack, state="'queued'", reason="''", campaign="state = 'sending'")
        stack.manage("shell", "-c", DECIDE.format(decide="cancel_campaign"))
        during, state = counts(stack), state_of(stack)
        done = kill_in_the_middle(stack)
        half = counts(stack)
        with stack.connect() as database:
            database.execute("UPDATE campaigns_delivery SET due_at = now() WHERE state = 'queued'")
        stack.start("worker")
        assert eventually(lambda: followed(stack)[1], PATIENCE)

        after, total = counts(stack), followed(stack)[0]

    assert (state, sum(during.values())) == ("cancelled", MANY)
    assert half == {"skipped": done, "queued": MANY - done}
    assert (after, total) == ({"skipped": MANY}, MANY)
    assert not sink.got


def test_promote__worker_killed_in_the_middle__is_not_closed_before_everybody_is_queued(sink):
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port), "EMAIL_USE_TLS": "false"}
    with Stack(mail) as stack:
        drawn = "pilot_percent = 1, pilot_drawn = 0, pilot_of = 0, per_minute = 60, state = 'completed'"
        decided(stack, state="'held_out'", reason="'pilot'", campaign=drawn)
        stack.manage("shell", "-c", DECIDE.format(decide="promote_campaign"))
        done = kill_in_the_middle(stack)
        half, state = counts(stack), state_of(stack)
        stack.start("worker")
        assert eventually(lambda: followed(stack)[1], PATIENCE)

        after, total, end = counts(stack), followed(stack)[0], state_of(stack)

    assert state == end == "sending"
    assert half["held_out"] == MANY - done
    assert (total, sum(after.values())) == (MANY, MANY)
    assert "held_out" not in after
    assert max(sink.got.values(), default=1) == 1
