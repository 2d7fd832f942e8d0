from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from consent.models import DataRequest, Letter
from consent.rules.reminders import rung_of
from consent.services.reminders import remind
from consent.services.request_letters import send_letter, send_waiting_letters
from consent.services.requests import acknowledge_request, assign_request
from core.models import OutboxMessage, Role
from tests.factories.core import make_staff
from tests.factories.requests import ONE, make_request

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 5, 9, tzinfo=UTC)


def after(days: int) -> datetime:
    return MARCH + timedelta(days=days)


def test_remind__ladder__tells_the_assignee_then_everybody_once_a_rung():
    mara = make_staff(Role.COMPLIANCE, "Mara Fox", "mara@example.com")
    make_staff(Role.COMPLIANCE, "Leo Brandt", "leo@example.com")
    request = make_request(now=MARCH)
    assign_request(request=request, to=f"staff:{mara.public_id}", by=ONE, now=MARCH)

    told = {}
    for day in (1, 16, 17, 23, 24, 28, 29, 31, 32, 40):
        mail.outbox.clear()
        remind(now=after(day))
        told[day] = sorted(message.to[0] for message in mail.outbox)

    both = ["leo@example.com", "mara@example.com"]
    assert told == {
        1: [], 16: both[1:], 17: [], 23: both[1:], 24: [], 28: both, 29: [], 31: both, 32: [], 40: [],
    }  # fmt: skip
    topics = list(OutboxMessage.objects.filter(subject=request.public_id).values_list("topic", flat=True))
    assert topics.count("dsar.due_soon") == 2 and topics.count("dsar.escalated") == 2


def test_remind__nobody_has_it__tells_every_officer_without_personal_data():
    make_staff(Role.COMPLIANCE, "Mara Fox", "mara@example.com")
    make_request(now=MARCH)

    remind(now=after(20))

    assert "two weeks left" in mail.outbox[0].body and "/console/privacy-requests/dsr_" in mail.outbox[0].body
    assert "jane" not in mail.outbox[0].body


def test_remind__server_away__is_told_with_the_next_run(settings):
    make_staff(Role.COMPLIANCE, "Mara Fox", "mara@example.com")
    make_request(now=MARCH)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False

    assert remind(now=after(20)) == 0
    assert DataRequest.objects.get().reminded == 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert remind(now=after(20)) == 1


def test_letters__real_server_on_loopback__receives_them_once(settings, smtp_sink):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", smtp_sink.port, False
    acknowledge_request(request=make_request(now=MARCH), by=ONE, now=MARCH)
    letter = Letter.objects.get()

    assert send_letter(letter_id=letter.pk, now=MARCH) is True
    assert send_letter(letter_id=letter.pk, now=after(1)) is False

    assert [to for to, _ in smtp_sink.messages] == [["jane.silva@example.com"]]
    assert b"Message-ID: <letter-" in smtp_sink.messages[0][1]


def test_letters__server_away__leave_when_it_is_back(settings, smtp_sink, django_capture_on_commit_callbacks):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    acknowledge_request(request=make_request(now=MARCH), by=ONE, now=MARCH)
    letter = Letter.objects.get()

    assert send_letter(letter_id=letter.pk, now=MARCH) is False
    assert Letter.objects.get().error == "ConnectionRefusedError: not sent"
    settings.EMAIL_PORT = smtp_sink.port
    assert send_waiting_letters(now=MARCH + timedelta(seconds=30)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert send_waiting_letters(now=MARCH + timedelta(minutes=10)) == 1
    assert len(smtp_sink.messages) == 1
    assert Letter.objects.get().sent_at is not None


@pytest.mark.parametrize(("left", "rung"), [(30, 0), (15, 0), (14, 1), (8, 1), (7, 2), (3, 2), (2, 3), (0, 3), (-1, 4)])
def test_rung_of__days_left__is_the_highest_that_fits(left, rung):
    assert rung_of((MARCH + timedelta(days=left)).date(), MARCH.date()) == rung
