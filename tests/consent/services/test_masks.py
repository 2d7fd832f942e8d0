"""Masks stay true when something beside the ledger changes."""

from datetime import timedelta

from django.utils import timezone

from consent.models import ConsentState, Jurisdiction, NoticeVersion
from consent.selectors.catalogue import catalogue, forget_catalogue
from consent.services import masks
from consent.services.consent import record_consent
from consent.services.masks import recompute_masks, recompute_purpose, sweep_outdated
from consent.services.notices import publish_notice
from core.jobs import start_job
from core.models import Job
from customers.models import Customer
from tests.consent.conftest import NOON, OFFICER, SHOP, yes

WORDS = {"en": "Yes, please write to me about other things as well."}
LATER = NOON + timedelta(minutes=5)


def test_recompute__nothing_changed__writes_nothing(make_customer, django_assert_num_queries):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    stamp = Customer.objects.get(pk=customer.pk).updated_at

    with django_assert_num_queries(5):
        recompute_masks(customer_ids=[customer.pk], now=LATER)

    assert Customer.objects.get(pk=customer.pk).updated_at == stamp


def test_recompute__rule_of_the_place_changed__follows_the_row(make_customer):
    customer = make_customer(country="US")
    row = Jurisdiction.objects.get(code="US")
    rule = row.rule | {"marketing_email": "opt_in"}
    Jurisdiction.objects.filter(code="US").update(rule=rule, updated_at=LATER)
    forget_catalogue()

    recompute_masks(customer_ids=[customer.pk], now=LATER)

    customer.refresh_from_db()
    assert customer.consent_mask & 8 == 0


def test_publish__material_words__job_brings_them_to_everybody(make_customer, monkeypatch):
    monkeypatch.setattr(masks, "BATCH", 2)
    now = timezone.now()
    people = [make_customer(country="FR", at=now) for _ in range(5)]
    for customer in people:
        record_consent(customer=customer, entries=[yes()], by=SHOP, now=now)

    publish_notice(purpose="marketing_email", texts=WORDS, material=True, by=OFFICER, now=now)
    recompute_purpose(job_id=Job.objects.get().public_id)

    job = Job.objects.get()
    assert (job.state, job.result, job.total) == ("succeeded", {"people": 5}, 5)
    assert set(ConsentState.objects.values_list("reason", flat=True)) == {"consent_outdated"}
    assert not Customer.objects.filter(pk__in=[c.pk for c in people], consent_mask__gte=8, consent_mask__lt=16).exists()


def test_publish__other_words_only__changes_nobody(make_customer):
    customer = make_customer(country="FR")
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    publish_notice(purpose="marketing_email", texts=WORDS, material=False, by=OFFICER, now=LATER)
    recompute_masks(customer_ids=[customer.pk], now=LATER)

    customer.refresh_from_db()
    assert customer.consent_mask & 8
    assert NoticeVersion.objects.get(version=2).locale == "en"
    assert not Job.objects.exists()


def test_sweep__yes_stored_by_a_process_that_knew_old_words__is_put_right(make_customer, django_assert_num_queries):
    customer = make_customer(country="FR")
    stale = catalogue()
    publish_notice(purpose="marketing_email", texts=WORDS, material=True, by=OFFICER, now=NOON)
    assert catalogue() is stale
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=LATER)
    before = ConsentState.objects.get().allowed
    forget_catalogue()

    people = sweep_outdated(now=LATER)

    assert (before, people, ConsentState.objects.get().allowed) == (True, 1, False)
    with django_assert_num_queries(0):
        sweep_outdated(now=NOON + timedelta(hours=2))


def test_recompute_purpose__claimed_by_another_worker__does_nothing(make_customer):
    job = start_job(
        kind="x",
        title="x",
        task="consent.tasks.recompute_purpose",
        parameters={"purpose": "analytics"},
        by=OFFICER,
        now=NOON,
    )
    Job.objects.update(state="paused")

    recompute_purpose(job_id=job.public_id)

    assert Job.objects.get().state == "paused"
