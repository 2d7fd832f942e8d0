"""Choices of people who hold a signed link: what they see, what they change, what nobody else can change."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from consent.models import ConsentEvent, ConsentState, DataRequest
from consent.rules.letters import LOCALES
from consent.rules.preferences import preference_words
from consent.selectors.catalogue import catalogue
from consent.selectors.links import preference_token, unsubscribe_link
from consent.services.consent import record_consent
from core.actors import SYSTEM
from core.models import AuditEntry, OutboxMessage
from customers.services.customers import delete_customer
from tests.consent.conftest import no, yes

pytestmark = pytest.mark.django_db
BROWSER = {"User-Agent": "Firefox/140", "Accept-Language": "de"}


@pytest.fixture
def visitor():
    return Client(enforce_csrf_checks=False)


@pytest.fixture
def anna(make_customer):
    """A customer in France."""
    return make_customer(email="anna.weber@example.com", country="FR", at=timezone.now())


@pytest.fixture
def carla(make_customer):
    """A customer in California."""
    return make_customer(email="carla.diaz@example.com", country="US", region="US-CA", at=timezone.now())


def page_of(customer, days=90) -> str:
    return f"/p/{preference_token(customer=customer, expires_at=timezone.now() + timedelta(days=days))}"


def form_of(answer) -> dict[str, object]:
    """What a browser would send back unchanged."""
    html = answer.content.decode()
    ticked = re.findall(r'name="on" value="(\w+)" checked', html)
    shown = re.findall(r'name="shown" value="(\w+)"', html)
    return {"on": ticked, "shown": shown} | dict(re.findall(r'name="(notice_\w+)" value="(\w+)"', html))


def state_of(customer, purpose) -> tuple[str, bool]:
    row = ConsentState.objects.get(customer=customer, purpose__key=purpose)
    return row.state, row.allowed


def test_preferences__yes_and_no_again__are_one_click_each_and_stand_in_the_ledger_with_the_words(visitor, anna):
    address = page_of(anna)
    form = form_of(visitor.get(address, headers=BROWSER))

    given = visitor.post(address, form | {"on": ["personalisation"]}, headers=BROWSER)
    after_yes = state_of(anna, "personalisation")
    taken = visitor.post(address, form_of(given) | {"on": []}, headers=BROWSER)

    assert (given.status_code, taken.status_code) == (200, 200)
    assert (after_yes, state_of(anna, "personalisation")) == (("granted", True), ("withdrawn", False))
    yes_entry, no_entry = ConsentEvent.objects.filter(purpose__key="personalisation").order_by("seq")
    assert (yes_entry.notice.locale, yes_entry.source, yes_entry.actor) == (
        "de",
        "preference_centre",
        f"person:{anna.public_id}",
    )
    assert set(yes_entry.evidence) == {"form_id", "page", "ip_hash", "user_agent_hash"}
    assert no_entry.event == "withdrawn"
    topics = OutboxMessage.objects.values_list("topic", flat=True)
    assert {"consent.granted", "consent.withdrawn"} <= set(topics)


def test_preferences__no_to_everything__is_one_button_and_repeating_it_changes_nothing(visitor, carla):
    record_consent(customer=carla, entries=[yes("marketing_sms")], by=SYSTEM, now=timezone.now())
    address = page_of(carla)

    visitor.post(address, {"none": "1"})
    entries = ConsentEvent.objects.filter(customer=carla).count()
    again = visitor.post(address, {"none": "1"})

    carla.refresh_from_db()
    assert carla.consent_mask == 1
    assert (again.status_code, ConsentEvent.objects.filter(customer=carla).count()) == (200, entries)
    assert (state_of(carla, "marketing_sms")[0], state_of(carla, "sale_share")[0]) == ("withdrawn", "opted_out")


def test_preferences__page_saved_as_it_was_shown__records_nothing(visitor, carla):
    address = page_of(carla)
    form = form_of(visitor.get(address))

    visitor.post(address, form)

    assert "marketing_email" in form["on"]
    assert not ConsentEvent.objects.exists()


def test_preferences__stale_page__does_not_give_back_what_was_withdrawn_meanwhile(visitor, anna):
    record_consent(customer=anna, entries=[yes("personalisation")], by=SYSTEM, now=timezone.now())
    address = page_of(anna)
    form = form_of(visitor.get(address))
    record_consent(customer=anna, entries=[no("personalisation")], by=SYSTEM, now=timezone.now())

    visitor.post(address, form)

    assert state_of(anna, "personalisation") == ("withdrawn", False)


def test_preferences__signal_of_the_browser__is_recorded_shown_and_may_be_overruled_knowingly(visitor, carla):
    address = page_of(carla)
    seen = visitor.get(address, headers={"Sec-GPC": "1"})
    after_signal = state_of(carla, "sale_share")

    visitor.post(address, form_of(seen) | {"on": ["sale_share"]}, headers={"Sec-GPC": "1"})

    words = preference_words("en")
    assert words["prefs_gpc"] in seen.content.decode()
    assert words["prefs_conflict"] in seen.content.decode()
    assert after_signal == ("opted_out", False)
    entry = ConsentEvent.objects.filter(purpose__key="sale_share", event="granted").get()
    assert entry.evidence["conflict_prompt"] is True
    assert state_of(carla, "sale_share") == ("granted", True)


@pytest.mark.parametrize("change", ["expired", "altered", "unsubscribe", "erased"])
def test_preferences__link_that_is_not_good__is_gone_and_changes_nothing(visitor, anna, change):
    address = page_of(anna, days=-1 if change == "expired" else 90)
    if change == "altered":
        address = address[:-3] + ("AAA" if address[-3:] != "AAA" else "BBB")
    if change == "unsubscribe":
        address = "/p/" + unsubscribe_link(customer=anna, purpose=catalogue().uses["analytics"]).rpartition("/")[2]
    if change == "erased":
        delete_customer(customer=anna, reason="test", by=SYSTEM, now=timezone.now())

    answers = [visitor.get(address), visitor.post(address, {"none": "1"})]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert not ConsentEvent.objects.exists()


def test_preferences__address_and_headers__hold_no_personal_data_and_are_not_kept(visitor, anna):
    answer = visitor.get(page_of(anna))

    assert "anna" not in page_of(anna)
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "same-origin")
    assert b"anna.weber" not in answer.content


@pytest.mark.parametrize("locale", LOCALES)
def test_pages__each_language__have_all_words(visitor, anna, locale):
    token = unsubscribe_link(customer=anna, purpose=catalogue().uses["marketing_email"]).rpartition("/")[2]

    answers = [visitor.get(f"{path}?lang={locale}") for path in (page_of(anna), f"/u/{token}", "/privacy/do-not-sell")]

    assert set(preference_words(locale)) == set(preference_words("en"))
    assert all(f'lang="{locale}"' in answer.content.decode() for answer in answers)


def test_unsubscribe__followed_by_a_scanner__changes_nothing_and_sets_no_cookie(visitor, anna):
    record_consent(customer=anna, entries=[yes()], by=SYSTEM, now=timezone.now())
    link = unsubscribe_link(customer=anna, purpose=catalogue().uses["marketing_email"])
    address = "/u/" + link.rpartition("/")[2]

    answers = [visitor.get(address), visitor.head(address), visitor.options(address)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not visitor.cookies
    assert state_of(anna, "marketing_email")[0] == "granted"


def test_unsubscribe__posted_by_a_mail_program__needs_no_cookie_and_does_not_redirect(anna):
    record_consent(customer=anna, entries=[yes()], by=SYSTEM, now=timezone.now())
    program = Client(enforce_csrf_checks=True)
    link = unsubscribe_link(customer=anna, purpose=catalogue().uses["marketing_email"])
    address = "/u/" + link.rpartition("/")[2]

    answers = [program.post(address, {"List-Unsubscribe": "One-Click"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert state_of(anna, "marketing_email") == ("unsubscribed", False)
    assert ConsentEvent.objects.filter(event="unsubscribed", source="one_click").count() == 1


def test_do_not_sell__known_and_unknown_address__answer_the_same_and_the_known_one_is_opted_out(
    visitor, carla, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        known = visitor.post("/privacy/do-not-sell", {"contact": "carla.diaz@example.com", "place": "US-CA"})
        unknown = visitor.post("/privacy/do-not-sell", {"contact": "rosa.garcia@example.com", "place": "US-CA"})

    assert (known.status_code, known.content) == (200, unknown.content)
    assert DataRequest.objects.filter(kind="opt_out").count() == 2
    assert state_of(carla, "sale_share") == ("opted_out", False)


def test_do_not_sell__signal__is_confirmed_on_the_page(visitor):
    plain, signalled = (
        visitor.get("/privacy/do-not-sell"),
        visitor.get("/privacy/do-not-sell", headers={"Sec-GPC": "1"}),
    )

    assert "Opt-Out Request Honored" not in plain.content.decode()
    assert "Opt-Out Request Honored" in signalled.content.decode()
    assert visitor.post("/privacy/do-not-sell", {"contact": "nobody"}).status_code == 422
    assert not AuditEntry.objects.filter(action="request.opened").exists()
