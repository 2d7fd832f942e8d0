"""Whoever still calls what is to end is told: by e-mail, not too often, and behind the bell."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from core import menu
from core.actors import SYSTEM
from core.meter import shared_redis
from core.models import AuditEntry, Role
from integrations.models import DailyUsage
from integrations.services.client_contacts import change_contact
from integrations.services.usage import hand_on
from integrations.services.usage_drain import drain_usage
from marketing_hub.deprecation_notices import TOLD, still_used, tell_of_deprecations
from marketing_hub.deprecations import DEPRECATIONS
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
OLD = "/api/v1/event-types/click/schema"


@pytest.fixture
def partner(caller, _empty_redis):
    hand_on()
    shared_redis().flushdb()
    made = caller("engagement:read")
    made.get(OLD)
    made.get("/api/v1/me")
    hand_on()
    drain_usage(now=timezone.now())
    return made


def test_still_used__a_deprecated_call__is_counted_by_client(partner):
    [use] = still_used(now=timezone.now())

    assert (use.client, use.calls, use.row) == (partner.client, 1, DEPRECATIONS[0])
    assert still_used(now=timezone.now() + timedelta(days=9)) == []


def test_tell__contact_of_the_client__is_told_once_a_month(partner):
    change_contact(client=partner.client, owner="", contact="dev@partner.example.com", by=SYSTEM)
    now = timezone.now()

    told = [tell_of_deprecations(now=now), tell_of_deprecations(now=now + timedelta(days=1))]
    letter = mail.outbox[-1]
    DailyUsage.objects.update(day=(now + timedelta(days=31)).date())
    told.append(tell_of_deprecations(now=now + timedelta(days=31)))

    assert told == [1, 0, 1]
    assert letter.to == ["dev@partner.example.com"]
    assert "ends on 01 December 2027" in letter.subject
    assert "Use /api/v1/engagement/types/{name} instead." in letter.body
    assert AuditEntry.objects.filter(action=TOLD, target=partner.client.public_id).count() == 2


def test_tell__shortly_before_the_end__is_weekly(partner):
    before = DEPRECATIONS[0].sunset - timedelta(days=20)
    DailyUsage.objects.update(day=before.date())
    AuditEntry.objects.create(
        at=before - timedelta(days=8),
        actor_kind="system",
        actor_id="system",
        action=TOLD,
        target=partner.client.public_id,
        reason="GET /api/v1/event-types/{name}/schema",
    )

    assert tell_of_deprecations(now=before) == 1


def test_tell__client_without_a_contact__staff_are_told_and_see_it_behind_the_bell(partner):
    admin = make_staff(Role.INTEGRATION)

    assert tell_of_deprecations(now=timezone.now()) == 1

    cache.clear()
    assert mail.outbox[-1].to == [admin.email]
    assert any("which ends on 01 December 2027" in alert.text for alert in menu.alerts_for(admin))
