"""Receipts: all fields, the same bytes, checked with the published key alone, refused when altered."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from joserfc import jws
from joserfc.jwk import KeySet

from consent.models import ConsentEvent
from consent.rules.receipts import MANDATORY
from consent.selectors.ledger import find_entry
from consent.selectors.links import preference_token
from consent.selectors.receipts import receipt_for, verify_receipt
from consent.services.consent import record_consent
from tests.consent.conftest import NOON, SHOP, no, yes

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(make_customer):
    customer = make_customer(email="anna.weber@example.com")
    record_consent(customer=customer, entries=[yes(locale="de")], by=SHOP, now=NOON)
    return find_entry(ConsentEvent.objects.get().public_id)


def test_receipt__entry__has_every_field_and_is_the_same_each_time(entry):
    found = receipt_for(entry)

    receipt = found["receipt"]
    assert all(name in receipt for name in MANDATORY)
    assert (receipt["receipt_id"][:4], receipt["language"], receipt["purposes"][0]["lawful_basis"]) == (
        "rcp_",
        "de",
        "consent",
    )
    assert receipt["privacy_notice"]["sha256"] == entry.notice.sha256
    assert receipt_for(find_entry(entry.public_id)) == found
    assert "anna" not in json.dumps(receipt)


def test_receipt__published_key__verifies_it(entry):
    keys = KeySet.import_key_set(Client().get("/oauth/jwks").json())

    opened = jws.deserialize_compact(receipt_for(entry)["jws"], keys, algorithms=["Ed25519"])

    assert json.loads(opened.payload)["record_id"] == entry.public_id


def test_verify_receipt__genuine_altered_and_foreign__are_told_apart(entry):
    text = receipt_for(entry)["jws"]
    head, body, tail = text.split(".")

    verdicts = [verify_receipt(one) for one in (text, f"{head}.{body[:-4]}AAAA.{tail}", "nonsense", "")]

    assert [(verdict.genuine, verdict.in_ledger) for verdict in verdicts] == [(True, True)] + [(False, False)] * 3


def test_command__file_from_staff__is_verified(entry, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(receipt_for(entry))))
    out = io.StringIO()

    call_command("receipt", "verify", stdout=out)

    assert out.getvalue().startswith("Genuine: entry 1")
    monkeypatch.setattr("sys.stdin", io.StringIO("eyJ.e30.AA"))
    with pytest.raises(CommandError, match="not ours"):
        call_command("receipt", "verify")


def test_verify_receipt__file_whose_plain_part_was_altered__is_not_genuine(entry):
    file = receipt_for(entry)
    altered = file | {"receipt": file["receipt"] | {"record_id": "con_other"}}

    verdicts = [verify_receipt(json.dumps(one)) for one in (file, altered, {"jws": file["jws"]}, [file], {})]

    assert [verdict.genuine for verdict in verdicts] == [True, False, False, False, False]
    assert "something else" in verdicts[1].why


def test_receipt_page__own_entry_and_that_of_another__is_a_file_and_gone(entry, make_customer):
    other = make_customer(external_id="9")
    record_consent(customer=other, entries=[no()], by=SHOP, now=NOON)
    token = preference_token(customer=entry.customer, expires_at=timezone.now() + timedelta(days=1))
    theirs = ConsentEvent.objects.get(customer=other)

    page = Client().get(f"/p/{token}")
    mine, foreign = (Client().get(f"/p/{token}/receipts/{number}") for number in (entry.pk, theirs.pk))

    assert f"/receipts/{entry.pk}" in page.content.decode()
    assert (mine.status_code, foreign.status_code) == (200, 410)
    assert verify_receipt(mine.json()["jws"]).in_ledger
    assert mine["Content-Disposition"].startswith("attachment")
