"""Secrets that stand in public end, are told of, and nothing else does."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from oauth2_provider.models import AccessToken

from core.actors import SYSTEM
from core.crypto import new_secret
from core.models import AuditEntry, OutboxMessage, Role
from integrations import tasks
from integrations.models import ApiClientSecret, ApiKey
from integrations.rules.leaks import Report
from integrations.services.client_contacts import change_contact
from integrations.services.clients import issue_api_key, issue_publishable_key, rotate_secret
from integrations.services.leaks import BATCH, LEAKED, end_leaked
from tests.factories.core import make_staff
from tests.factories.integrations import make_client
from tests.support.callers import register_caller

pytestmark = pytest.mark.django_db
URL = "https://code.example.com/blob/1/config.py"


def end(*tokens, now=None):
    return end_leaked(reports=[Report(token, "x", URL) for token in tokens], by=SYSTEM, now=now or timezone.now())


def leaks():
    return AuditEntry.objects.filter(action=LEAKED)


def test_end__client_secret__ends_it_with_every_token_and_leaves_the_other_secret():
    caller = register_caller("customers:read")
    second = rotate_secret(client=caller.client, by=SYSTEM, now=timezone.now())

    assert end(caller.secret) == [True]

    revoked = ApiClientSecret.objects.filter(client=caller.client, revoked_at__isnull=False)
    assert [row.hint for row in revoked] == [caller.secret[-4:]]
    assert not AccessToken.objects.filter(application=caller.client).exists()
    entry = leaks().get()
    assert (entry.target, entry.reason) == (caller.client.public_id, URL)
    assert entry.changes == {"found": [f"mhs_live_…{caller.secret[-4:]}", None], "kind": ["client secret", None]}
    assert end(second) == [True]


def test_end__api_key__ends_alone():
    client, now = make_client(), timezone.now()
    leaked = issue_api_key(client=client, name="till", by=SYSTEM, now=now)
    other = issue_api_key(client=client, name="shop", by=SYSTEM, now=now)

    assert end(leaked.secret) == [True]

    assert list(ApiKey.objects.filter(revoked_at__isnull=True)) == [other.key]
    assert client.secrets.get().revoked_at is None
    assert OutboxMessage.objects.filter(topic="client.key_revoked", subject=client.public_id).exists()


def test_end__access_token__ends_alone():
    caller = register_caller("customers:read")

    assert end(caller.token) == [True]

    assert caller.client.secrets.get().revoked_at is None
    assert not AccessToken.objects.filter(application=caller.client).exists()
    assert leaks().get().changes["kind"] == ["access token", None]


def test_end__unknown_public_or_foreign_texts__change_nothing():
    client, now = make_client(), timezone.now()
    page = issue_publishable_key(client=client, name="shop", origins=["https://shop.example.com"], by=SYSTEM, now=now)

    assert end(new_secret("mk_live_"), page.text, "sk_other", new_secret("mhs_live_")) == [False] * 4

    assert ApiKey.objects.get().revoked_at is None
    assert client.secrets.get().revoked_at is None
    assert not leaks().exists()


def test_end__twice_or_dead_already__is_ours_and_told_of_once():
    now = timezone.now()
    leaked = issue_api_key(client=make_client(), name="till", by=SYSTEM, now=now)

    assert end(leaked.secret, leaked.secret) == [True, True]
    assert end(leaked.secret) == [True]
    assert leaks().count() == 1

    expired = issue_api_key(client=make_client("Old"), name="till", by=SYSTEM, now=now)
    assert end(expired.secret, now=now + timedelta(days=400)) == [True]
    assert leaks().count() == 1


def test_end__many_reports__ends_each_in_few_queries(django_assert_max_num_queries):
    secret = issue_api_key(client=make_client(), name="till", by=SYSTEM, now=timezone.now()).secret
    strangers = [new_secret("mk_live_") for _ in range(BATCH)]

    with django_assert_max_num_queries(20):
        assert end(*strangers, secret) == [False] * BATCH + [True]


def test_end__address_with_what_does_not_print__is_kept_without():
    secret = issue_api_key(client=make_client(), name="till", by=SYSTEM, now=timezone.now()).secret

    end_leaked(reports=[Report(secret, "x", "https://e.example.com/\x00\n" + "a" * 400)], by=SYSTEM, now=timezone.now())

    assert leaks().get().reason.startswith("https://e.example.com/aaa")
    assert len(leaks().get().reason) <= 300


def test_mail_leak__found__tells_managers_and_the_contact_without_the_secret():
    manager = make_staff(Role.INTEGRATION)
    client = make_client()
    change_contact(client=client, owner="Ana", contact="partner@example.com", by=SYSTEM)
    secret = issue_api_key(client=client, name="till", by=SYSTEM, now=timezone.now()).secret
    end(secret)

    told = tasks.mail_leak(client_id=client.public_id)

    assert told == 2
    assert {letter.to[0] for letter in mail.outbox} == {manager.email, "partner@example.com"}
    assert f"API key mk_live_…{secret[-4:]}, at {URL}" in mail.outbox[0].body
    assert secret not in mail.outbox[0].body


def test_mail_leak__nothing_found_lately__tells_nobody():
    client = make_client()

    assert tasks.mail_leak(client_id=client.public_id) == 0
    assert mail.outbox == []


def test_command__secrets_on_standard_input__are_ended_and_not_shown(monkeypatch):
    secret = issue_api_key(client=make_client(), name="till", by=SYSTEM, now=timezone.now()).secret
    monkeypatch.setattr("sys.stdin", StringIO(f"{secret}\n\n{new_secret('mhs_live_')}\nnonsense\n"))
    said = StringIO()

    call_command("leaked", stdout=said)

    first, second, third = said.getvalue().splitlines()
    assert first == f"mk_live_…{secret[-4:]}: ended"
    assert second.endswith(": unknown here")
    assert third == "a text of another shape: unknown here"
    assert ApiKey.objects.get().revoked_at is not None
