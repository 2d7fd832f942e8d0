"""Unusual use: found from the figures there are, told once, dismissed, muted."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from consent.services.disclosures import record_disclosure
from core import menu
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import InvalidInput, InvalidState
from core.meter import shared_redis
from core.models import AuditEntry, OutboxMessage, Role
from customers.services.telling import Telling
from integrations.models import Anomaly, ApiClient, ClientNetwork, DailyUsage, Mute, QuotaWarning, RefusedRequest
from integrations.rules.anomalies import Kind
from integrations.services.anomalies import (
    dismiss_anomaly,
    look_for_anomalies,
    mail_anomaly,
    mute,
    trim_anomalies,
    unmute,
)
from integrations.services.clients import issue_publishable_key, note_use
from integrations.services.networks import forget_noted
from integrations.services.quota_warnings import warn_quotas
from integrations.services.usage import hand_on
from integrations.services.usage_drain import drain_usage
from tests.factories.anomalies import make_anomaly, make_mute
from tests.factories.core import make_staff
from tests.factories.integrations import make_client, make_key

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_before(_empty_redis):
    hand_on()
    forget_noted()
    cache.clear()
    shared_redis().flushdb()


def calls(client, days_ago, number):
    DailyUsage.objects.create(
        client_id=client.public_id,
        day=NOW.date() - timedelta(days=days_ago),
        method="GET",
        route="api/v1/customers",
        calls=number,
    )


def refused(client_id, status, number, at=NOW):
    RefusedRequest.objects.create(
        client_id=client_id,
        minute=at.replace(second=0),
        method="GET",
        route="api/v1/customers",
        status=status,
        code=f"code_{number}",
        count=number,
    )


def found():
    return {(row.kind, row.subject, row.seen) for row in Anomaly.objects.all()}


def test_look__volume_of_five_times_the_median__is_on_record_and_told_once():
    client = make_client()
    for days_ago, number in enumerate([6_000, 900, 1_000, 1_100, 1_000, 1_200]):
        calls(client, days_ago, number)

    told = [look_for_anomalies(now=NOW), look_for_anomalies(now=NOW + timedelta(minutes=5))]

    assert told == [1, 0]
    row = Anomaly.objects.get()
    assert (row.kind, row.subject, row.seen, row.usual) == (Kind.VOLUME, client.public_id, 6_000, 1_000.0)
    assert AuditEntry.objects.filter(action="anomaly.found", target=row.public_id).count() == 1
    assert OutboxMessage.objects.get(topic="client.anomaly").payload == {
        "client": client.public_id,
        "kind": "volume",
        "seen": 6_000,
        "usual": 1_000.0,
    }


def test_look__usual_days__find_nothing():
    client = make_client()
    for days_ago in range(8):
        calls(client, days_ago, 4_000)
    refused(client.public_id, 401, 49)
    refused(client.public_id, 404, 99)

    assert look_for_anomalies(now=NOW) == 0
    assert not Anomaly.objects.exists()


def test_look__bursts_of_refusals__of_a_client_and_of_nobody__are_told_apart():
    client = make_client()
    refused(client.public_id, 403, 30)
    refused(client.public_id, 401, 20, NOW - timedelta(minutes=10))
    refused(client.public_id, 404, 100)
    refused("", 401, 500)
    refused("cli_earlier", 401, 5_000, NOW - timedelta(minutes=20))

    look_for_anomalies(now=NOW)

    assert found() == {
        (Kind.REFUSALS, client.public_id, 50),
        (Kind.GUESSING, client.public_id, 100),
        (Kind.REFUSALS, "", 500),
    }
    assert OutboxMessage.objects.filter(topic="client.anomaly").count() == 2  # nobody is no client


def test_look__a_burst_that_goes_on__grows_on_record():
    refused("cli_a", 401, 60)
    look_for_anomalies(now=NOW)
    refused("cli_a", 401, 90)

    look_for_anomalies(now=NOW + timedelta(minutes=5))

    assert found() == {(Kind.REFUSALS, "cli_a", 150)}


def test_look__reads_of_far_more_people_than_usual__counts_different_people():
    client = make_client()
    with connection.cursor() as cursor:
        for days_ago in range(8):
            cursor.execute("SELECT consent_ensure_disclosures(%s)", [(NOW - timedelta(days=days_ago)).date()])
    lists = Telling(f"client:{client.public_id}", "customers.list", ("name",))
    single = Telling(f"client:{client.public_id}", "customers.record", ("name",))
    for days_ago in range(1, 7):
        record_disclosure(telling=lists, customer_ids=range(1, 101), now=NOW - timedelta(days=days_ago))
    record_disclosure(telling=lists, customer_ids=range(1, 2_001), now=NOW)
    record_disclosure(telling=single, customer_ids=range(1, 1_001), now=NOW - timedelta(hours=1))

    look_for_anomalies(now=NOW)

    row = Anomaly.objects.get()
    assert (row.kind, row.seen, row.usual) == (Kind.READS, 2_000, 100.0)


def test_look__network_never_seen__is_found_once_the_client_is_known_for_a_week(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    drain_usage(now=timezone.now())
    known = ClientNetwork.objects.get()
    assert (known.client_id, known.network) == (partner.client.public_id, "127.0.0.0/24")

    fresh = {"client_id": known.client_id, "network": "203.0.113.0/24", "first_at": NOW, "last_at": NOW}
    ClientNetwork.objects.create(**fresh)
    ClientNetwork.objects.filter(pk=known.pk).update(first_at=NOW - timedelta(days=6))
    assert look_for_anomalies(now=NOW) == 0
    ClientNetwork.objects.filter(pk=known.pk).update(first_at=NOW - timedelta(days=8))

    assert look_for_anomalies(now=NOW) == 1
    assert Anomaly.objects.get().where == "203.0.113.0/24"


def test_note_network__of_a_web_page__is_nowhere():
    client = make_client()
    key = issue_publishable_key(
        client=client, name="Pages", origins=["https://shop.example.com"], by=SYSTEM, now=timezone.now()
    )
    sent = {"X-Api-Key": key.text, "Origin": "https://shop.example.com"}

    Client().post("/api/v1/engagement/events", {"events": []}, content_type="application/json", headers=sent)
    drain_usage(now=timezone.now())

    assert not ClientNetwork.objects.exists()


def test_look__key_used_after_a_rest__is_found():
    client = make_client()
    key = make_key(client)
    now = timezone.now()
    for row in (client, key):
        type(row).objects.filter(pk=row.pk).update(last_used_at=now - timedelta(days=61))
        row.refresh_from_db()

    note_use(client=client, key=key, now=now)
    note_use(client=client, key=key, now=now)  # as another process that had read them before

    assert AuditEntry.objects.filter(action="security.used_after_rest").count() == 2  # the client and its key
    assert look_for_anomalies(now=timezone.now()) == 1
    assert found() == {(Kind.REST, client.public_id, 61)}


def sign_ins(user, ip, number=1, action="staff.signed_in", days_ago=0):
    by = Actor(kind=ActorKind.STAFF, id=user.public_id, ip=ip)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=timezone.now() - timedelta(days=days_ago),
            actor_kind=by.kind,
            actor_id=by.id,
            action=action,
            target=user.public_id,
            ip=ip,
        )
        for _ in range(number)
    )


def test_look__sign_ins__from_a_new_network_and_refused_ones__reach_the_account_and_no_webhook():
    user, admin = make_staff(Role.MARKETER), make_staff(Role.INTEGRATION)
    sign_ins(user, "198.51.100.7", days_ago=9)
    sign_ins(user, "198.51.100.9")  # the same network
    sign_ins(user, "203.0.113.5")
    sign_ins(user, "203.0.113.5", 10, "staff.sign_in_refused")

    look_for_anomalies(now=timezone.now())

    assert found() == {(Kind.SIGN_IN_NETWORK, user.public_id, 1), (Kind.SIGN_IN_REFUSALS, user.public_id, 10)}
    assert not OutboxMessage.objects.filter(topic="client.anomaly").exists()
    row = Anomaly.objects.get(kind=Kind.SIGN_IN_NETWORK)
    assert mail_anomaly(public_id=row.public_id) == 2
    letters = {letter.to[0]: letter.body for letter in mail.outbox[-2:]}
    assert set(letters) == {user.email, admin.email}
    assert "Signed in from 203.0.113.0/24, for the first time." in letters[user.email]
    assert f"/console/unusual-use/{row.public_id}" in letters[admin.email]


def test_dismiss__with_a_reason__leaves_the_bell_and_stays_dismissed():
    refused("cli_a", 401, 60)
    look_for_anomalies(now=NOW)
    admin, row = make_staff(Role.INTEGRATION), Anomaly.objects.get()
    before = [alert.text for alert in menu.alerts_for(admin)]

    dismiss_anomaly(anomaly=row, reason="A test of theirs.", by=SYSTEM, now=NOW)
    refused("cli_a", 401, 70)
    told = look_for_anomalies(now=NOW + timedelta(minutes=5))
    cache.clear()

    assert "Many calls refused (401, 403): cli_a." in before
    assert "Many calls refused (401, 403): cli_a." not in [alert.text for alert in menu.alerts_for(admin)]
    assert told == 0
    assert AuditEntry.objects.get(action="anomaly.dismissed").reason == "A test of theirs."


def test_dismiss__without_a_reason_or_twice__is_refused():
    row = make_anomaly()

    with pytest.raises(InvalidInput, match="Say why"):
        dismiss_anomaly(anomaly=row, reason=" ", by=SYSTEM, now=NOW)
    dismiss_anomaly(anomaly=row, reason="Fine.", by=SYSTEM, now=NOW)
    with pytest.raises(InvalidState, match="already"):
        dismiss_anomaly(anomaly=row, reason="Fine.", by=SYSTEM, now=NOW)

    assert AuditEntry.objects.filter(action="anomaly.dismissed").count() == 1


@pytest.mark.parametrize(("kind", "told"), [("", 0), (Kind.REFUSALS, 0), (Kind.VOLUME, 1)])
def test_mute__of_a_kind_or_all__keeps_the_alert_and_tells_nobody(kind, told):
    mute(subject="cli_a", kind=kind, days=7, reason="Known.", by=SYSTEM, now=NOW)
    refused("cli_a", 401, 60)

    assert look_for_anomalies(now=NOW) == told

    assert Anomaly.objects.get().muted is not bool(told)
    assert OutboxMessage.objects.filter(topic="client.anomaly").count() == told


def test_mute__when_it_is_over_or_ended__is_told_again():
    row = mute(subject="cli_a", kind="", days=1, reason="Known.", by=SYSTEM, now=NOW - timedelta(days=1))
    refused("cli_a", 401, 60)
    assert look_for_anomalies(now=NOW) == 1

    unmute(mute=row, by=SYSTEM)

    assert not Mute.objects.exists()
    assert AuditEntry.objects.filter(action="alerts.unmuted").count() == 1


@pytest.mark.parametrize(
    ("values", "param"), [({"days": 3}, "days"), ({"kind": "weather"}, "kind"), ({"reason": " "}, "reason")]
)
def test_mute__wrong_values__are_refused(values, param):
    with pytest.raises(InvalidInput) as refusal:
        mute(**{"subject": "cli_a", "kind": "", "days": 7, "reason": "Known.", "by": SYSTEM, "now": NOW} | values)

    assert refusal.value.param == param
    assert not Mute.objects.exists()


def test_mute__of_quota_warnings__keeps_them_on_record_and_out_of_mail_and_bell(caller, settings):
    settings.API_TIERS = settings.API_TIERS | {"standard": {"burst": (100, 20), "hour": (10, 3_600)}}
    partner = caller("customers:read")
    make_mute(partner.client.public_id)
    for _ in range(9):
        partner.get("/api/v1/me")
    hand_on()
    drain_usage(now=timezone.now())

    assert warn_quotas(now=timezone.now()) == 0

    cache.clear()
    assert QuotaWarning.objects.count() == 2
    assert not OutboxMessage.objects.filter(topic="client.quota_warning").exists()
    assert not any("has used" in alert.text for alert in menu.alerts_for(make_staff(Role.INTEGRATION)))


def test_trim__past_their_retention__are_gone(settings):
    make_anomaly(subject="cli_old")
    make_mute("cli_old")
    ClientNetwork.objects.create(client_id="cli_old", network="192.0.2.0/24", first_at=NOW, last_at=NOW)

    trim_anomalies(now=timezone.now() + timedelta(days=settings.USAGE_RETENTION_DAYS + 8))

    assert not (Anomaly.objects.exists() or Mute.objects.exists() or ClientNetwork.objects.exists())
    assert ApiClient.objects.count() == 0
