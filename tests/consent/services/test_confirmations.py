"""Double opt-in and renewal, from the question to the answer, over a real mail server where it matters."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from consent.models import Confirmation, ConsentEvent, ConsentState
from consent.selectors.confirmations import confirmation_token
from consent.selectors.links import preference_token
from consent.services.confirmation_letters import send_confirmation, send_waiting_confirmations
from consent.services.confirmations import Question, ask_confirmation, expire_confirmations, send_again
from consent.services.consent import record_consent
from consent.services.renewals import ask_renewals
from consent.services.retention import drop_old_confirmations
from consent.services.suppression import suppress_customer
from core.actors import SYSTEM
from core.errors import Forbidden, Gone, InvalidInput, RateLimited
from customers.models import Customer
from customers.services.customers import update_customer
from tests.consent.conftest import OFFICER, SHOP, no, yes

pytestmark = pytest.mark.django_db
NEWSLETTER = Question(purposes=["marketing_email"], locale="de", form_id="newsletter")


@pytest.fixture
def visitor():
    return Client(enforce_csrf_checks=False)


@pytest.fixture
def anna(make_customer):
    """A customer in Germany, where e-mail needs double opt-in."""
    return make_customer(email="anna.weber@example.com", at=timezone.now())


@pytest.fixture
def ask(django_capture_on_commit_callbacks):
    """Ask, and let the worker send."""

    def run(customer, question=NEWSLETTER, now=None):
        with django_capture_on_commit_callbacks(execute=True):
            return ask_confirmation(customer=customer, question=question, by=SHOP, now=now or timezone.now())

    return run


def link(message) -> str:
    return re.search(r"https?://[^/]+(/\S+)", message.body)[1]


def state_of(customer, purpose="marketing_email") -> tuple[str, bool]:
    row = ConsentState.objects.get(customer=customer, purpose__key=purpose)
    return row.state, row.allowed


def test_double_opt_in__scanner_then_button__only_the_button_counts(visitor, anna, ask):
    ask(anna)
    address = link(mail.outbox[0])
    pending = state_of(anna)

    looked = visitor.get(address)
    after_look = state_of(anna)
    answers = [visitor.post(address).status_code for _ in range(2)]

    assert (pending, after_look, state_of(anna)) == (
        ("pending_doi", False),
        ("pending_doi", False),
        ("granted", True),
    )
    assert (looked.status_code, answers) == (200, [200, 200])
    entry = ConsentEvent.objects.get(event="granted")
    row = Confirmation.objects.get()
    assert entry.evidence["doi_done"] is True
    assert (entry.evidence["reference"], entry.notice.locale) == (row.public_id, "de")
    assert (row.state, row.email_sealed, row.letters) == ("confirmed", "", 1)
    assert "anna" not in address


def test_double_opt_in__real_mail_server_away_and_back__sends_once(
    settings, smtp_sink, anna, django_capture_on_commit_callbacks
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    now = timezone.now() - timedelta(minutes=10)
    row = ask_confirmation(customer=anna, question=NEWSLETTER, by=SHOP, now=now)

    away = send_confirmation(confirmation_id=row.pk, now=now)
    trouble = Confirmation.objects.get().error
    settings.EMAIL_PORT = smtp_sink.port
    sent = [send_waiting_confirmations(now=now + timedelta(minutes=1))]
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            sent.append(send_waiting_confirmations(now=timezone.now()))

    assert (away, trouble, sent) == (False, "ConnectionRefusedError: not sent", [0, 1, 0])
    assert [to for to, _ in smtp_sink.messages] == [["anna.weber@example.com"]]


def test_double_opt_in__not_answered__expires_in_the_ledger_and_forgets_the_address(visitor, anna, ask):
    asked = timezone.now() - timedelta(days=8)
    row = ask(anna, now=asked)

    answer = visitor.post("/c/" + confirmation_token(row))
    closed = expire_confirmations(now=timezone.now())

    row.refresh_from_db()
    assert (answer.status_code, closed) == (410, 1)
    assert (row.state, row.email_sealed, state_of(anna)[0]) == ("expired", "", "expired")
    assert expire_confirmations(now=timezone.now()) == 0
    assert drop_old_confirmations(before=timezone.now() + timedelta(seconds=1)) == 1


def test_double_opt_in__no_said_meanwhile__stays_a_no(visitor, anna, ask):
    row = ask(anna, now=timezone.now() - timedelta(hours=1))
    record_consent(customer=anna, entries=[no(event="objected")], by=SHOP, now=timezone.now())

    visitor.post("/c/" + confirmation_token(row))

    assert state_of(anna) == ("objected", False)


def test_double_opt_in__address_changed_meanwhile__is_gone(visitor, anna, ask):
    row = ask(anna)
    update_customer(customer=anna, properties={"email": "anna.neu@example.com"}, by=SYSTEM, now=timezone.now())

    answer = visitor.post("/c/" + confirmation_token(row))

    assert answer.status_code == 410
    assert state_of(anna)[0] == "pending_doi"


def test_double_opt_in__asked_again__sends_the_same_link_three_times_at_most(anna, ask):
    first = ask(anna)
    again = ask(anna)
    third = ask(anna)

    with pytest.raises(RateLimited):
        send_again(confirmation=third, by=OFFICER, now=timezone.now())

    assert first.pk == again.pk == third.pk
    assert len({link(message) for message in mail.outbox}) == 1
    assert len(mail.outbox) == Confirmation.objects.get().letters == 3


def test_ask__without_address_or_suppressed_or_unknown__is_refused_and_nothing_is_sent(make_customer, anna, ask):
    nobody = make_customer(external_id="7", at=timezone.now())

    with pytest.raises(InvalidInput, match="no e-mail"):
        ask(nobody)
    with pytest.raises(InvalidInput, match="Unknown purpose"):
        ask(anna, Question(purposes=["nonsense"]))
    suppress_customer(customer=anna, reason="complaint", by=SYSTEM, now=timezone.now())
    anna.refresh_from_db()
    with pytest.raises(Forbidden):
        ask(anna)

    assert (mail.outbox, Confirmation.objects.count()) == ([], 0)


def test_subscribe__known_stranger_and_suppressed__answer_the_same(
    visitor, anna, make_customer, django_capture_on_commit_callbacks
):
    left_alone = make_customer(email="leave.me@example.com", at=timezone.now())
    suppress_customer(customer=left_alone, reason="complaint", by=SYSTEM, now=timezone.now())
    people = Customer.objects.count()

    with django_capture_on_commit_callbacks(execute=True):
        answers = [
            visitor.post("/privacy/subscribe", {"contact": f"{name}@example.com", "place": "DE"})
            for name in ("anna.weber", "rosa.garcia", "leave.me")
        ]

    assert len({answer.content for answer in answers}) == 1
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [message.to[0] for message in mail.outbox] == ["anna.weber@example.com", "rosa.garcia@example.com"]
    assert Customer.objects.count() == people


def test_subscribe__stranger_confirms__becomes_a_customer_with_consent(visitor, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post("/privacy/subscribe?lang=fr", {"contact": "rosa.garcia@example.com", "place": "FR"})

    answer = visitor.post(link(mail.outbox[0]))

    rosa = Customer.objects.get()
    assert (answer.status_code, rosa.email, rosa.country) == (200, "rosa.garcia@example.com", "FR")
    assert state_of(rosa) == ("granted", True)
    assert ConsentEvent.objects.get().notice.locale == "fr"


def test_subscribe__many_letters_to_one_mailbox__end_quietly(visitor, django_capture_on_commit_callbacks):
    answers = []
    for _ in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            answers.append(visitor.post("/privacy/subscribe", {"contact": "rosa.garcia@example.com"}))

    assert {answer.status_code for answer in answers} == {200}
    assert len(mail.outbox) == 3


def test_renewals__consent_about_to_end__is_asked_once_and_renewed_by_the_button(
    visitor, anna, django_capture_on_commit_callbacks
):
    now = timezone.now()
    record_consent(customer=anna, entries=[yes(valid_until=now + timedelta(days=20))], by=SHOP, now=now)

    with django_capture_on_commit_callbacks(execute=True):
        asked = [ask_renewals(now=now + timedelta(days=day)) for day in (0, 1)]
    visitor.post(link(mail.outbox[0]))

    assert (asked, len(mail.outbox)) == ([1, 0], 1)
    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/p/" in mail.outbox[0].body
    row = ConsentState.objects.get()
    assert (row.state, row.allowed) == ("granted", True)
    assert row.valid_until > now + timedelta(days=300)


def test_renewals__not_answered__consent_ends_on_its_day(visitor, anna):
    now = timezone.now()
    record_consent(customer=anna, entries=[yes(valid_until=now + timedelta(days=5))], by=SHOP, now=now)
    ask_renewals(now=now)
    row = Confirmation.objects.get()

    assert row.expires_at == now + timedelta(days=5)
    with pytest.raises(Gone):
        send_again(confirmation=row, by=OFFICER, now=now + timedelta(days=6))


def test_preferences__yes_to_mail_where_double_opt_in_is_the_law__waits_for_the_mailbox(
    visitor, anna, django_capture_on_commit_callbacks
):
    answer = _tick_mail(visitor, anna, django_capture_on_commit_callbacks)
    before = state_of(anna)

    visitor.post(link(mail.outbox[0]))

    assert answer.status_code == 200
    assert (before, state_of(anna)) == (("pending_doi", False), ("granted", True))


def _tick_mail(visitor, customer, execute):
    token = preference_token(customer=customer, expires_at=timezone.now() + timedelta(days=1))
    with execute(execute=True):
        return visitor.post(f"/p/{token}", {"on": ["marketing_email"]})
