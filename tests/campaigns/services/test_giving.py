"""Codes in messages: one for whoever may have the offer, fallback words for everybody else, none for nothing."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from campaigns.models import Code, Delivery, GivenCode
from campaigns.selectors.campaigns import find_campaign, words_faults
from campaigns.selectors.given import SAMPLE_CODE, codes_given
from campaigns.selectors.personal import collect_given
from campaigns.services.campaigns import change_campaign, duplicate_campaign
from campaigns.services.offers import change_promotion, move_promotion
from campaigns.services.redeeming import redeem_code
from campaigns.services.running import cancel_campaign, close_campaign, launch_campaign, send_to_unsent
from campaigns.services.sending import send_campaign
from campaigns.services.trying import preview_letter, send_test
from campaigns.services.upkeep import absorb_offers, forget_deliveries, restore_offers
from consent.services.consent import ConsentEntry, record_consent
from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from tests.factories.campaigns import (
    AUTHOR,
    READER,
    approved,
    launched,
    make_audience,
    make_campaign,
    make_people,
    make_promotion,
)

pytestmark = pytest.mark.django_db
TEXT = (
    'Hello {{ customer.first_name | default: "there" }},\n\n'
    '{% if offer %}{{ offer.value | default: "something" }} off with {{ offer.code | default: "NONE" }} until '
    '{{ offer.ends_on | default: "further notice" }}{% else %}have a look around{% endif %}'
)


def now():
    return timezone.now()


def run(campaign, clock=timezone.now):
    return send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=clock)


def says(person, purpose, event):
    facts = {"notice_version": 1, "locale": "en", "evidence": {"form_id": "banner"}} if event == "granted" else {}
    entry = ConsentEntry(purpose=purpose, event=event, source="web", **facts)
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=now())


def with_offer(people, promotion=None, **values):
    promotion = promotion or make_promotion()
    return make_campaign(people, **{"body": TEXT, "promotion": promotion.key, **values})


def texts(sink):
    return {address: message.get_body(("plain",)).get_content() for address, message in sink.messages}


def test_send__promotion_chosen__everybody_reads_a_code_of_their_own_in_both_parts(sink):
    people = make_people(3)
    campaign = launched(with_offer(people))

    run(campaign)
    close_campaign(campaign_id=campaign.pk, now=now())

    found = dict(GivenCode.objects.values_list("customer__email", "code__code"))
    assert len(set(found.values())) == 3 and set(found) == {person.email for person in people}
    for address, message in sink.messages:
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert f"20 % off with {found[address]} until further notice" in text
        assert f"20 % off with {found[address]} until further notice" in html
    assert codes_given(campaign) == {"given": 3, "used": 0}
    redeem_code(code=found[people[0].email], customer=people[0], order_id="1", by=SYSTEM, now=now())
    assert codes_given(campaign) == {"given": 3, "used": 1}
    (row,) = collect_given([people[0].pk])
    assert (row["campaign"], row["code"]) == (campaign.public_id, found[people[0].email])


def test_send__not_in_the_segment_or_had_it_before__reads_the_fallback_and_gets_no_code(sink):
    inside, outside, had = make_people(3)
    promotion = make_promotion(segment=make_audience([inside, had]).slug, per_customer=1)
    code = Code.objects.create(promotion=promotion, code="ONCE", created_at=now())
    redeem_code(code=code.code, customer=had, by=SYSTEM, now=now())
    campaign = launched(with_offer([inside, outside, had], promotion))

    run(campaign)

    assert list(GivenCode.objects.values_list("customer", flat=True)) == [inside.pk]
    assert "have a look around" in texts(sink)[outside.email] and "have a look around" in texts(sink)[had.email]
    assert "20 % off with" in texts(sink)[inside.email]


def test_send__permission_the_promotion_asks_for__is_read_again_before_the_message_leaves(sink):
    people = make_people(3, country="DE")
    for person in people[:2]:
        says(person, "personalisation", "granted")
    campaign = launched(with_offer(people, make_promotion(purpose="personalisation")))
    waiting = [people[1]]

    def clock():
        if sink.messages and waiting:
            says(waiting.pop(), "personalisation", "withdrawn")
        return now()

    run(campaign, clock)

    assert list(GivenCode.objects.values_list("customer", flat=True)) == [people[0].pk]
    assert [("off with" in texts(sink)[person.email]) for person in people] == [True, False, False]
    assert Code.objects.count() == 1


def test_send__refused_and_tried_again__one_code_taken_back_and_given_once(sink):
    jane, joe = make_people(2)
    sink.refuse[jane.email] = "550 5.7.1 no"
    sink.refuse[joe.email] = "451 4.7.1 later"
    campaign = launched(with_offer([jane, joe]))

    run(campaign)
    waits = GivenCode.objects.get()
    sink.refuse.clear()
    Delivery.objects.filter(state="queued").update(due_at=now())
    run(campaign)
    close_campaign(campaign_id=campaign.pk, now=now())
    send_to_unsent(campaign=campaign, by=AUTHOR, now=now())
    run(campaign)

    assert waits.customer == joe and waits.code.code in texts(sink)[joe.email]
    assert GivenCode.objects.get(customer=jane).code.code in texts(sink)[jane.email]
    assert Code.objects.count() == 2


def test_send__said_no_after_the_set_was_taken__her_code_is_gone(sink):
    people = make_people(2)
    campaign = launched(with_offer(people))
    waiting = [people[1]]

    def clock():
        if sink.messages and waiting:
            says(waiting.pop(), "marketing_email", "unsubscribed")
        return now()

    run(campaign, clock)

    assert [address for address, _ in sink.messages] == [people[0].email]
    assert list(GivenCode.objects.values_list("customer", flat=True)) == [people[0].pk] and Code.objects.count() == 1


def test_cancel__code_of_a_message_that_waits__is_gone_unless_it_was_redeemed(sink):
    people = make_people(2)
    for person in people:
        sink.refuse[person.email] = "451 4.7.1 later"
    campaign = launched(with_offer(people))
    run(campaign)
    used = GivenCode.objects.get(customer=people[0]).code
    redeem_code(code=used.code, customer=people[0], by=SYSTEM, now=now())

    cancel_campaign(campaign=campaign, by=AUTHOR, now=now())

    assert list(Code.objects.values_list("code", flat=True)) == [used.code]


def test_send__promotion_ended_meanwhile__everybody_reads_the_fallback(sink):
    people, promotion = make_people(1), make_promotion()
    campaign = launched(with_offer(people, promotion))
    move_promotion(promotion=promotion, to="ended", by=SYSTEM, now=now())

    run(campaign)

    assert "have a look around" in texts(sink)[people[0].email] and not Code.objects.exists()


@pytest.mark.parametrize(
    ("values", "body", "fault"),
    [
        ({}, "No code", "does not give its code"),
        ({}, "{{ offer.code }}", "needs a fallback"),
        ({}, '{{ offer.code | default: "x" }} {{ offer.price | default: "x" }}', "no field offer.price"),
        ({"promotion": None}, '{{ offer.code | default: "x" }}', "choose the promotion"),
        ({"promotion": None}, "{% if offer %}more{% endif %}", "choose the promotion"),
    ],
)
def test_words__that_do_not_fit_the_offer__are_told_before_anybody_approves(values, body, fault):
    campaign = make_campaign(make_people(1), **{"promotion": make_promotion().key, "body": body, **values})

    assert any(fault in one for one in words_faults(campaign))
    with pytest.raises(Conflict, match=fault):
        approved(campaign)


def test_words__a_language_without_the_code__is_told():
    campaign = with_offer(make_people(1), body=f"{TEXT}\n\n[[de]]\nNichts")

    assert any(one.startswith("In the part for de") for one in words_faults(campaign))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"max_redemptions": 1}, "redeemed 1 more times; 2 people"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "is not running"),
        ({"begins_at": "2199-01-01T00:00:00Z"}, "is not running"),
    ],
)
def test_launch__promotion_that_cannot_keep_the_promise__is_refused(change, fault):
    promotion = make_promotion()
    campaign = approved(with_offer(make_people(2), promotion))
    change_promotion(promotion=promotion, values=change, by=SYSTEM, now=now())

    with pytest.raises(Conflict, match=fault):
        launch_campaign(campaign=campaign, by=AUTHOR, now=now())

    assert find_campaign(campaign.public_id).state == "approved"


@pytest.mark.parametrize("key", ["nothing", "over"])
def test_campaign__promotion_unknown_or_ended__is_refused(key):
    move_promotion(promotion=make_promotion(key="over"), to="ended", by=SYSTEM, now=now())

    with pytest.raises(InvalidInput) as refusal:
        make_campaign(promotion=key)

    assert refusal.value.param == "promotion"


def test_campaign__promotion_changed_and_copied__is_kept_and_can_be_taken_away():
    campaign = with_offer(make_people(1))

    copy = duplicate_campaign(campaign=campaign, by=READER, now=now())
    changed = change_campaign(campaign=campaign, values={"promotion": None}, by=AUTHOR, now=now())

    assert copy.promotion is not None and changed.promotion is None


def test_preview_and_test__draft_promotion__show_a_sample_to_whom_it_is_meant_for():
    inside, outside = make_people(2)
    promotion = make_promotion(active=False, segment=make_audience([inside]).slug)
    campaign = with_offer([inside, outside], promotion)

    shown, other = (
        preview_letter(campaign=campaign, customer=person, by=READER, now=now()).text for person in (inside, outside)
    )
    send_test(campaign=campaign, customer=inside, to="staff@example.com", by=READER, now=now())

    assert SAMPLE_CODE in shown and "have a look around" in other
    assert SAMPLE_CODE in mail.outbox[0].body and not Code.objects.exists()


def test_in_app__code_given__is_in_the_message_while_it_can_be_redeemed(caller):
    (person,) = make_people(1, country="DE")
    says(person, "personalisation", "granted")
    promotion = make_promotion()
    campaign = launched(with_offer([person], promotion, channel="in_app", purpose="personalisation"))
    run(campaign)
    client = caller("promotions:serve")

    def ask():
        served = client.get(f"/api/v1/promotion?userId={person.public_id}&messages=true").json()["messages"][0]["text"]
        content = client.post("/api/v1/content", {"customer": person.public_id, "campaign": campaign.public_id})
        return served, content.json()["text"]

    code = GivenCode.objects.get().code.code
    assert all(code in text for text in ask())
    move_promotion(promotion=promotion, to="ended", by=SYSTEM, now=now())
    assert all("have a look around" in text for text in ask())


def test_erasure__code_she_did_not_use__is_gone_and_one_she_used_names_nobody(sink):
    people = make_people(2)
    campaign = launched(with_offer(people))
    run(campaign)
    used = GivenCode.objects.get(customer=people[0]).code
    redeem_code(code=used.code, customer=people[0], by=SYSTEM, now=now())

    privacy.erase_everywhere([person.pk for person in people])

    assert list(GivenCode.objects.values_list("code", "customer")) == [(used.pk, None)]
    assert list(Code.objects.values_list("pk", flat=True)) == [used.pk]


def test_merge_and_old_age__code_given__moves_comes_back_and_names_nobody_in_the_end(sink):
    jane, joan = make_people(2)
    run(launched(with_offer([joan])))

    image = absorb_offers(absorbed_id=joan.pk, into_id=jane.pk)

    assert GivenCode.objects.get().customer == jane
    restore_offers(absorbed_id=joan.pk, image=image)
    assert GivenCode.objects.get().customer == joan
    forget_deliveries(before=now() + timedelta(hours=1), now=now())
    assert GivenCode.objects.get().customer is None
