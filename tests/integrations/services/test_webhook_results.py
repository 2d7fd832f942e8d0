"""What follows from attempts: people are told before an endpoint is disabled, and old records go."""

from datetime import UTC, datetime, timedelta

import pytest

from core.models import OutboxMessage, Role
from integrations.models import EndpointState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from integrations.services.webhook_results import Outcome, record_outcomes
from integrations.services.webhook_upkeep import forget_answers, mail_notice, trim_webhooks
from tests.factories.consent import make_person
from tests.factories.core import make_staff
from tests.factories.integrations import make_delivery, make_webhook

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def tried(endpoint, status):
    row = make_delivery(endpoint)
    outcome = Outcome(endpoint.pk, row.pk, row.order_key, 1, 2, NOW, NOW, status=status, latency_ms=5)
    record_outcomes(outcomes=[outcome], now=NOW)
    endpoint.refresh_from_db()


def failing_for(hours, notice=0):
    endpoint = make_webhook()
    since = NOW - timedelta(hours=hours)
    WebhookEndpoint.objects.update(failures=9, failing_since=since, notice=notice)
    return endpoint


@pytest.mark.parametrize(("hours", "percent"), [(61, 50), (85, 70), (109, 90)])
def test_failure__part_of_the_time_has_passed__is_told_once(hours, percent):
    endpoint = failing_for(hours)

    tried(endpoint, 500)

    told = OutboxMessage.objects.get(topic="endpoint.failing")
    assert (told.payload["percent"], endpoint.notice, endpoint.state) == (percent, percent, EndpointState.ACTIVE)


def test_failure__all_of_the_time_has_passed__disables_and_tells():
    endpoint = failing_for(121, notice=90)

    tried(endpoint, 500)

    assert endpoint.state == EndpointState.DISABLED
    assert OutboxMessage.objects.filter(topic="endpoint.disabled").count() == 1


def test_success__after_failures__heals():
    endpoint = failing_for(85, notice=70)

    tried(endpoint, 200)

    assert (endpoint.failures, endpoint.failing_since, endpoint.notice) == (0, None, 0)


def test_mail_notice__endpoint_fails__reaches_those_who_look_after_integrations(mailoutbox):
    make_staff(Role.INTEGRATION)
    make_staff(Role.MARKETER)

    sent = mail_notice(public_id=make_webhook().public_id, percent=70)

    assert sent == len(mailoutbox) == 1
    assert "70 %" in mailoutbox[0].subject


def test_trim__deliveries_past_their_retention__are_gone_with_their_attempts():
    make_delivery(make_webhook())

    assert trim_webhooks(now=NOW + timedelta(days=29)) == 0
    assert trim_webhooks(now=NOW + timedelta(days=31)) == 1
    assert not WebhookDelivery.objects.exists()
    assert not WebhookAttempt.objects.exists()


def test_forget_answers__person_is_erased__empties_what_was_answered_about_her():
    person = make_person(email="jane@example.com")
    row = make_delivery(make_webhook())
    WebhookDelivery.objects.filter(pk=row.pk).update(order_key=person.public_id)

    assert forget_answers([person.pk]) == {person.pk: 1}
    assert WebhookAttempt.objects.get().answer == ""
