"""The compliance officer's screens: what they show, what they change, what they refuse."""

import pytest
from django.utils import timezone

from consent.models import ConsentEvent, NoticeVersion, Purpose, Suppression
from consent.rules.periods import add_months
from consent.selectors.catalogue import forget_catalogue
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from core.models import AuditEntry, Job
from tests.consent.tc_strings import tc_string
from tests.factories.consent import make_person, suppression_example
from tests.factories.core import make_staff
from tests.support.tampering import unguarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    """The browser of a compliance officer."""
    client.force_login(make_staff("compliance_officer"))
    return client


@pytest.fixture
def marketer(client):
    """The browser of a marketer."""
    client.force_login(make_staff("marketer"))
    return client


def test_ledger__with_entries__shows_proof_and_narrows_by_person(officer):
    person, other = make_person(), make_person()

    page = officer.get(f"/console/consent?customer={person.public_id}").content.decode()

    assert "confirmed by e-mail, newsletter" in page
    assert "v1 de" in page
    assert person.public_id in page
    assert other.public_id not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?purpose=marketing_email", True),
        ("?channel=sms", True),
        ("?channel=push", False),
        ("?place=de", True),
        ("?place=US", False),
        ("?source=web_form", True),
        ("?source=import", False),
        ("?actor=system", True),
        ("?actor=cli_nobody", False),
        ("?since=2020-01-01T00:00", True),
        ("?until=2020-01-01T00:00", False),
    ],
)
def test_ledger__filter__narrows_and_shows_when_it_happened(officer, query, found):
    person = make_person()

    shown = officer.get(f"/console/consent{query}").content.decode()

    assert (person.public_id in shown) is found
    assert ("Happened" in shown.partition("<tbody>")[0]) or not found


def test_ledger__unknown_person__shows_no_rows_instead_of_all(officer):
    make_person()

    page = officer.get("/console/consent?customer=cus_nobody").content.decode()

    assert "newsletter" not in page


@pytest.mark.parametrize("by", ["entry", "person", "external id"])
def test_ledger__search__finds_by_exact_id(officer, by):
    person = make_person(external_id="12345")
    make_person()
    entry = ConsentEvent.objects.filter(customer=person).first()
    text = {"entry": entry.public_id, "person": person.public_id, "external id": "12345"}[by]

    page = officer.post("/console/consent", {"q": text}, follow=True).content.decode()

    assert {part[:26] for part in page.split("/console/customers/")[1:]} == {person.public_id}


def test_ledger__fifty_rows__take_no_more_queries_than_one(officer, django_assert_max_num_queries):
    for _ in range(20):
        make_person()
    officer.get("/console/consent")

    with django_assert_max_num_queries(10):
        officer.get("/console/consent")


def test_entry__with_tc_string__says_what_it_grants_and_when_to_ask_again(officer):
    person, now = make_person(), timezone.now()
    text = tc_string(now, consents=[5, 6])
    yes = ConsentEntry(purpose="personalisation", event="granted", source="web_form", evidence={"tc_string": text})
    record_consent(customer=person, entries=[yes], by=SYSTEM, now=now)
    entry = ConsentEvent.objects.get(customer=person, purpose__key="personalisation")

    page = officer.get(f"/console/consent/entries/{entry.public_id}").content.decode()

    assert "<dt>TC string</dt>" in page
    assert "5 Create profiles to personalise content; 6 Use profiles" in page
    assert "<dt>Vendors disclosed (TCF 2.3)</dt><dd>Yes</dd>" in page
    assert add_months(now, 13).date().isoformat() in page


def test_entry__with_notice__shows_the_words_and_that_the_chain_holds(officer):
    entry = ConsentEvent.objects.get(customer=make_person(), event="granted")

    page = officer.get(f"/console/consent/entries/{entry.public_id}").content.decode()

    assert "senden Sie mir Angebote" in page
    assert entry.hash in page
    assert "Holds" in page


def test_verify__tampered_ledger__raises_a_banner_on_every_page(officer):
    person = make_person()
    with unguarded("consent_consentevent") as cursor:
        cursor.execute("UPDATE consent_consentevent SET event = 'granted' WHERE event = 'refused'")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda work, **_: work())
        officer.post("/console/consent/verify", {})

    result = Job.objects.get(kind="consent.verify").result
    assert (result["broken"], result["entries"]) == (1, 2)
    assert result["first"] == [{"subject": person.public_id, "seq": 2, "what": "its content does not match its hash"}]
    assert "does not match its hashes" in officer.get("/console/consent").content.decode()
    assert "changed behind the product" in officer.get("/console/purposes").content.decode()


def test_person__asked_about_another_place__answers_by_its_rule(officer):
    person = make_person()

    page = officer.get(f"/console/customers/{person.public_id}/consent?place=US").content.decode()

    assert "CAN-SPAM" in page


def test_person__asked_about_the_past__says_what_could_be_known_then(officer):
    person = make_person()

    page = officer.get(f"/console/customers/{person.public_id}/consent?at=2020-01-01T10:00").content.decode()

    assert "There is no consent on record" in page


def test_person__nonsense_moment__is_refused_in_words(officer):
    person = make_person()

    page = officer.get(f"/console/customers/{person.public_id}/consent?at=yesterday").content.decode()

    assert "cannot be understood" in page


def test_record__withdrawal_by_phone__adds_an_entry_with_reason(officer):
    person = make_person()

    answer = officer.post(
        f"/console/customers/{person.public_id}/consent/record",
        {
            "purpose": "marketing_email",
            "event": "withdrawn",
            "source": "phone",
            "reference": "call-17",
            "reason": "Asked by phone",
        },
    )

    last = ConsentEvent.objects.order_by("seq").last()
    assert answer.status_code == 302
    assert (last.event, last.source, last.evidence) == ("withdrawn", "phone", {"reference": "call-17"})
    assert last.actor.startswith("staff:usr_")
    assert AuditEntry.objects.order_by("id").last().reason == "Asked by phone"
    person.refresh_from_db()
    assert person.consent_mask & 8 == 0


def test_record__reference_that_names_a_person__is_refused_beside_its_field(officer):
    person = make_person()

    answer = officer.post(
        f"/console/customers/{person.public_id}/consent/record",
        {
            "purpose": "marketing_email",
            "event": "withdrawn",
            "source": "phone",
            "reference": "jane@example.com",
            "reason": "x",
        },
    )

    assert answer.status_code == 400
    assert "no personal data" in answer.content.decode()
    assert ConsentEvent.objects.count() == 2


def test_record__marketer__may_not(marketer):
    person = make_person()

    answer = marketer.get(f"/console/customers/{person.public_id}/consent/record")

    assert answer.status_code == 403


def test_notice__new_words__become_the_next_version_and_ask_again(officer):
    person = make_person()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda work, **_: work())
        officer.post(
            "/console/purposes/marketing_email/notices/new",
            {"text_en": "Yes, please write to me about this and that.", "material": "on"},
        )

    person.refresh_from_db()
    assert NoticeVersion.objects.get(purpose__key="marketing_email", version=2).locale == "en"
    assert Job.objects.get(kind="consent.recompute").state == "succeeded"
    assert person.consent_mask & 8 == 0


@pytest.mark.parametrize("text", ["", "Too short"])
def test_notice__no_real_words__is_refused_and_nothing_is_published(officer, text):
    answer = officer.post("/console/purposes/marketing_email/notices/new", {"text_en": text})

    assert answer.status_code == 400
    assert not NoticeVersion.objects.filter(version=2).exists()


def test_suppression__pasted_lines__are_counted_and_bad_ones_named(officer):
    officer.post(
        "/console/suppressions/add",
        {"kind": "email", "lines": "a@example.com\n\nb@example.com\nnonsense", "reason": "import"},
        follow=True,
    )

    assert Suppression.objects.count() == 2


def test_suppression__search__finds_by_the_identifier_itself(officer):
    suppression_example()
    officer.post("/console/suppressions/add", {"kind": "email", "lines": "a@example.com", "reason": "import"})

    page = officer.post("/console/suppressions", {"q": "A@Example.com"}, follow=True).content.decode()

    assert page.count("/remove") == 1


def test_suppression__taking_off__needs_a_reason(officer):
    pk = suppression_example()["pk"]

    refused = officer.post(f"/console/suppressions/{pk}/remove", {"reason": ""})
    done = officer.post(f"/console/suppressions/{pk}/remove", {"reason": "Entered by mistake"})

    assert (refused.status_code, done.status_code) == (422, 302)
    assert not Suppression.objects.exists()


def test_suppression__marketer__may_add_and_not_remove(marketer):
    pk = suppression_example()["pk"]

    assert marketer.get("/console/suppressions").status_code == 200
    assert "Remove" not in marketer.get("/console/suppressions").content.decode()
    assert marketer.get(f"/console/suppressions/{pk}/remove").status_code == 403


def test_suppress_customer__from_her_page__stops_everything(marketer):
    person = make_person()
    from_page = f"/console/customers/{person.public_id}/suppress"

    refused = marketer.post(from_page, {"reason": "complaint"})

    assert refused.status_code == 409
    assert not Suppression.objects.filter(customer=person).exists()


@pytest.mark.parametrize("path", ["/console/jurisdictions", "/console/jurisdictions/US-CA", "/console/jurisdictions/*"])
def test_jurisdictions__open__show_rules_and_sources(marketer, path):
    page = marketer.get(path)

    assert page.status_code == 200
    assert "California" in page.content.decode() or path.endswith("*")


def test_home__reach__is_one_figure_of_those_with_an_address_who_agree(marketer):
    make_person(external_id="1", email="one@example.com")
    make_person(external_id="2")

    page = marketer.get("/console/").content.decode()

    assert page.count("Reachable") == 1
    assert '<div class="figure-value">1</div><div class="figure-note">50 % of active customers' in page


def test_home__no_purpose_for_mail__says_so_instead_of_an_error(marketer):
    Purpose.objects.filter(key="marketing_email").update(archived_at=timezone.now())
    forget_catalogue()

    page = marketer.get("/console/").content.decode()

    assert "No purpose for marketing by e-mail is in use." in page
    assert "Unknown purpose" not in page
