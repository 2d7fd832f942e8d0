"""Warnings about quotas: once a day and step, to the contact and to staff."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from core import menu
from core.actors import SYSTEM
from core.errors import InvalidInput
from core.meter import shared_redis
from core.models import OutboxMessage, Role
from integrations.models import ApiClient, QuotaWarning
from integrations.services.client_contacts import change_contact
from integrations.services.quota_warnings import mail_warning, warn_quotas
from integrations.services.usage import hand_on
from integrations.services.usage_drain import drain_usage
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ten_calls_an_hour(_empty_redis, settings):
    hand_on()
    cache.clear()
    shared_redis().flushdb()
    settings.API_TIERS = settings.API_TIERS | {"standard": {"burst": (100, 20), "hour": (10, 3_600)}}


def called(partner, times):
    for _ in range(times):
        partner.get("/api/v1/me")
    hand_on()
    drain_usage(now=timezone.now())


def topics():
    return list(OutboxMessage.objects.filter(topic="client.quota_warning").values_list("payload__percent", flat=True))


def test_warn_quotas__each_step__is_told_once_a_day(caller):
    partner, now = caller("customers:read"), timezone.now()
    called(partner, 6)
    assert warn_quotas(now=now) == 0

    called(partner, 1)
    told = [warn_quotas(now=now), warn_quotas(now=now)]
    called(partner, 2)
    told += [warn_quotas(now=now), warn_quotas(now=now)]

    assert told == [1, 0, 1, 0]
    assert topics() == [70, 85]
    assert list(QuotaWarning.objects.order_by("step").values_list("step", "used")) == [(70, 7), (85, 9)]


def test_warn_quotas__several_steps_at_once__tells_the_highest_and_keeps_all(caller):
    called(caller("customers:read"), 10)

    assert warn_quotas(now=timezone.now()) == 1

    assert topics() == [95]
    assert QuotaWarning.objects.count() == 3


def test_warn_quotas__next_day__is_told_again(caller):
    called(caller("customers:read"), 7)
    now = timezone.now()
    warn_quotas(now=now)

    assert warn_quotas(now=now + timedelta(days=1)) == 1


def test_mail__to_contact_and_staff__says_how_much_is_used_and_until_when(caller):
    partner, admin = caller("customers:read"), make_staff(Role.INTEGRATION)
    make_staff(Role.MARKETER)
    client = change_contact(client=partner.client, owner="Ana Lima", contact="dev@partner.example.com", by=SYSTEM)
    called(partner, 10)
    now = timezone.now()
    warn_quotas(now=now)

    sent = mail_warning(client_id=client.public_id, window="hour", day=now.date().isoformat(), step=95)

    letters = {letter.to[0]: letter.body for letter in mail.outbox[-2:]}
    assert sent == 2
    assert set(letters) == {"dev@partner.example.com", admin.email}
    assert "has used 95 % of its hour: 10 of 10 calls" in letters[admin.email]
    assert "/console/" not in letters["dev@partner.example.com"]


def test_alerts__of_warnings_of_today__stand_behind_the_bell(caller):
    called(caller("customers:read"), 9)
    warn_quotas(now=timezone.now())
    cache.clear()

    found = [alert.text for alert in menu.alerts_for(make_staff(Role.INTEGRATION))]

    assert "API client Partner has used 85 % of its hour." in found


def test_change_contact__no_address__is_refused(caller):
    client = caller("customers:read").client

    with pytest.raises(InvalidInput, match="not an e-mail address"):
        change_contact(client=client, owner="", contact="nobody", by=SYSTEM)

    assert ApiClient.objects.get().contact == ""
