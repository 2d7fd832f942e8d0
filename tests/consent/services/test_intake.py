import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from consent.models import DataRequest, RequestPackage
from consent.rules.requests import State
from consent.services.request_decisions import approve_request, deliver_request
from core.models import AuditEntry
from tests.factories.requests import ONE, make_subject, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    return Client(enforce_csrf_checks=False)


def ask(visitor, execute, contact="jane.silva@example.com", kind="access", **headers):
    with execute(execute=True):
        return visitor.post(
            "/privacy/request", {"kind": kind, "contact": contact, "place": "DE", "details": ""}, headers=headers
        )


def link(message) -> str:
    return re.search(r"https?://[^/]+(/\S+)", message.body)[1]


def test_access__from_public_form_to_download__needs_the_mailbox_twice(visitor, django_capture_on_commit_callbacks):
    make_subject()
    ask(visitor, django_capture_on_commit_callbacks)
    confirm = link(mail.outbox[0])
    looked = visitor.get(confirm)
    before = DataRequest.objects.get().state

    visitor.post(confirm)
    request = work(DataRequest.objects.get())
    approve_request(request=request, by=ONE, now=timezone.now())
    request = work(request)
    with django_capture_on_commit_callbacks(execute=True):
        deliver_request(request=request, by=ONE, now=timezone.now())
    package = link(mail.outbox[-1])
    asked = visitor.post(package, {})
    wrong = visitor.post(package, {"code": "00000000"})
    code = re.search(r"\b\d{8}\b", mail.outbox[-1].body)[0]
    got = visitor.post(package, {"code": code})
    again = visitor.post(package, {"code": code})

    assert (looked.status_code, before) == (200, State.VERIFYING)
    assert (asked.status_code, wrong.status_code, got.status_code, again.status_code) == (200, 403, 200, 403)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(got.streaming_content)))
    manifest = json.loads(archive.read("manifest.json"))
    profile = json.loads(archive.read("json/customers.profiles.json"))
    assert profile[0]["email"] == "jane.silva@example.com"
    assert "jane.silva@example.com" in archive.read("report.html").decode()
    assert archive.read("csv/customers.profiles.csv").startswith(b"\xef\xbb\xbfpublic_id,")
    for file in manifest["files"]:
        assert hashlib.sha256(archive.read(file["name"])).hexdigest() == file["sha256"]
    assert RequestPackage.objects.get().downloads == 1
    assert AuditEntry.objects.filter(action="request.package_downloaded").count() == 1
    assert got["Cache-Control"] == "no-store"


def test_form__known_and_unknown_address__answer_the_same(visitor, django_capture_on_commit_callbacks):
    make_subject()

    known = ask(visitor, django_capture_on_commit_callbacks)
    unknown = ask(visitor, django_capture_on_commit_callbacks, contact="rosa.garcia@example.com")

    assert (
        (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"]) == (302, known["Location"])
    )
    assert len(mail.outbox) == 2
    assert mail.outbox[0].body.split("http")[0] == mail.outbox[1].body.split("http")[0]


def test_form__fourth_time_today__answers_the_same_and_sends_nothing(visitor, django_capture_on_commit_callbacks):
    answers = [ask(visitor, django_capture_on_commit_callbacks) for _ in range(4)]

    assert {(a.status_code, a["Location"]) for a in answers} == {(302, answers[0]["Location"])}
    assert DataRequest.objects.count() == 3


def test_form__twenty_first_time_from_one_place__is_refused(visitor, django_capture_on_commit_callbacks):
    answers = [
        ask(visitor, django_capture_on_commit_callbacks, contact=f"person{n}@example.com").status_code
        for n in range(21)
    ]

    assert answers == [302] * 20 + [429]


def test_form__nonsense__keeps_what_was_typed(visitor):
    answer = visitor.post("/privacy/request", {"kind": "access", "contact": "nobody", "place": "Germany"})

    assert answer.status_code == 422
    assert 'value="nobody"' in answer.content.decode()
    assert not DataRequest.objects.exists()


def test_form__address_of_nobody__is_refused_beside_the_field(visitor):
    answer = visitor.post("/privacy/request", {"kind": "access", "contact": "nobody@example.com", "place": "DE"})

    assert answer.status_code == 422
    assert "This is no e-mail address." in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_form__language__is_that_of_the_reader(visitor, language):
    answer = visitor.get("/privacy/request", headers={"Accept-Language": f"{language},en;q=0.5"})

    assert f'<div lang="{language}">' in answer.content.decode()
    assert "<script" not in answer.content.decode().split("<main")[1]


@pytest.mark.parametrize("place", ["Germany", "D", "US-CALIFORNIA"])
@pytest.mark.parametrize("address", ["/privacy/request", "/privacy/do-not-sell", "/privacy/subscribe"])
def test_form__place_that_is_no_code__is_refused_at_that_field_in_the_readers_language(visitor, address, place):
    form = {"kind": "access", "contact": "jane.silva@example.com", "place": place}

    answer = visitor.post(f"{address}?lang=de", form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("Bitte zwei Buchstaben wie DE") == 1 and "Ensure" not in page
    assert not DataRequest.objects.exists()


def test_form__what_the_framework_refuses__is_said_in_the_readers_language(visitor):
    answer = visitor.post("/privacy/request?lang=de", {"kind": "access", "contact": "", "place": "DE"})

    assert "Dieses Feld ist zwingend erforderlich." in answer.content.decode()


def test_confirm__altered_or_old_link__has_ended(visitor, django_capture_on_commit_callbacks):
    ask(visitor, django_capture_on_commit_callbacks)
    confirm = link(mail.outbox[0])
    DataRequest.objects.get().letters.update(created_at=timezone.now() - timedelta(days=8))

    assert visitor.post(confirm).status_code == 410
    assert visitor.post(confirm[:-2] + "xx").status_code == 410
    assert DataRequest.objects.get().verified_at is None


def test_opt_out__from_public_form__needs_no_link(visitor, django_capture_on_commit_callbacks):
    make_subject(country="US", region="US-CA")

    ask(visitor, django_capture_on_commit_callbacks, kind="opt_out")
    request = work(DataRequest.objects.get())

    assert request.state == State.REVIEWING
    assert request.steps.get().rows >= 1
