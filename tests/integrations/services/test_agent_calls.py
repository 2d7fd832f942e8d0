"""Calling agents back: once for each change, again while it does not arrive, never to an address inside."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from consent.models import DataRequest, RightsAgent
from consent.rules.callbacks import ATTEMPTS
from consent.selectors.agents import mark_of
from consent.services.registers import save_entry
from consent.services.requests import verify_request
from core.actors import SYSTEM
from integrations.services.agent_calls import call_agents
from tests.factories.registers import agent_values
from tests.factories.requests import ONE, make_request, make_subject
from tests.support.sinks import sink

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(settings):
    """A request that an agent sent and knows as it is; `asked(url)` says where it wants to be called back."""
    settings.WEBHOOK_LOOPBACK, settings.WEBHOOK_TIMEOUT_SECONDS = True, 5.0
    agent = save_entry(row=RightsAgent(), values=agent_values(), by=SYSTEM, now=datetime.now(UTC))

    def make(url):
        make_subject()
        row = make_request("access", place="US-CA")
        facts = {"callback": url, "agent_request_id": "case-7"}
        row.via_agent, row.agent_message, row.agent_facts = agent, "x" * 64, facts
        row.agent_facts = facts | {"told": mark_of(row)}
        row.save(update_fields=["via_agent", "agent_message", "agent_facts"])
        return DataRequest.objects.get(pk=row.pk)

    return make


def call():
    return call_agents(clock=lambda: datetime.now(UTC))


def test_call__status_changed__is_told_once_and_not_what_the_agent_knows(asked):
    with sink() as receiver:
        row = asked(receiver.url)
        unchanged = call()
        verify_request(request=row, how="passport", by=ONE, now=datetime.now(UTC))

        told, again = call(), call()

        assert (unchanged, told, again) == (0, 1, 0)
        body = json.loads(receiver.got[0].body)
    assert (body["request_id"], body["status"], body["agent_request_id"]) == (row.public_id, "in_progress", "case-7")
    assert "reason" not in body


def test_call__receiver_refuses__is_made_again_in_bounded_rounds(asked):
    with sink(status=500) as receiver:
        row = asked(receiver.url)
        verify_request(request=row, how="passport", by=ONE, now=datetime.now(UTC))

        arrived = [call() for _ in range(ATTEMPTS + 2)]

        assert (sum(arrived), len(receiver.got)) == (0, ATTEMPTS)


def test_call__address_inside_or_agent_ended__is_not_made(asked, settings):
    with sink() as receiver:
        row = asked(receiver.url)
        verify_request(request=row, how="passport", by=ONE, now=datetime.now(UTC))
        settings.WEBHOOK_LOOPBACK = False
        inside = call()
        settings.WEBHOOK_LOOPBACK = True
        today = datetime.now(UTC)
        save_entry(row=row.via_agent, values={"ended_on": today.date()}, by=SYSTEM, now=today)

        ended = call()

        assert (inside, ended, receiver.got) == (0, 0, [])


def test_call__request_that_ended_long_ago__is_left_alone(asked):
    with sink() as receiver:
        row = asked(receiver.url)
        DataRequest.objects.filter(pk=row.pk).update(state="withdrawn", closed_at=datetime.now(UTC) - timedelta(days=8))

        assert (call(), receiver.got) == (0, [])
