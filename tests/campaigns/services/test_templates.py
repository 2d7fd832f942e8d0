"""The library: what may stand in it, what becomes of those who use it, and what cannot be deleted."""

import pytest
from django.core import mail
from django.utils import timezone

from campaigns.models import Campaign, ContentTemplate, TemplateUse, TemplateVersion
from campaigns.selectors.campaigns import words_faults
from campaigns.selectors.templates import find_template, users_of
from campaigns.services.approval import send_back_campaign, submit_campaign
from campaigns.services.automations.definitions import change_automation, define_automation
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.campaigns import change_campaign, duplicate_campaign
from campaigns.services.messages import Writer
from campaigns.services.templates import archive_template, change_template, delete_template, restore_template
from campaigns.services.trying import preview_letter, send_test_to
from consent.selectors.decisions import use_of
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, Role
from tests.factories.campaigns import AUTHOR, READER, make_campaign, make_people
from tests.factories.consent import make_person
from tests.factories.core import make_staff
from tests.factories.templates import LETTER, make_block, make_letter

pytestmark = pytest.mark.django_db
NOW = timezone.now
BOTH = f"{LETTER}\n\n[[de]]\nGuten Tag,\n\n[[block:footer]]"


def send(body, **more):
    return {"hello": {"type": "send", "subject": "Hi", "body": body, **more}}


def automation(steps, **values):
    graph = {"version": 1, "entry": {"on": "api"}, "start": "hello", "steps": steps}
    wanted = {"name": "Welcome", "purpose": "marketing_email", "graph": graph}
    return define_automation(values={**wanted, **values}, by=AUTHOR, now=NOW())


@pytest.mark.parametrize(
    ("values", "param", "says"),
    [
        ({"body": "{{ customer.first_name }}"}, "body", "needs a fallback"),
        ({"body": "[Here](http)"}, "body", "must begin with https"),
        ({"body": "[[block:gone]]"}, "body", "no block “gone”"),
        ({"subject": ""}, "body", "subject is missing"),
        ({"key": "A b"}, "key", "lower-case"),
        ({"kind": "page"}, "kind", "message or block"),
        ({"colour": "red"}, "colour", "Unknown"),
        ({"body": ""}, "body", "Missing"),
    ],
)
def test_define__words_that_cannot_be_sent__are_refused_and_nothing_is_stored(values, param, says):
    with pytest.raises(InvalidInput, match=says) as refusal:
        make_letter(**values)

    assert refusal.value.param == param
    assert not ContentTemplate.objects.exists() and not AuditEntry.objects.exists()


def test_define__key_that_is_taken__is_refused_beside_it():
    make_letter()

    with pytest.raises(Conflict) as refusal:
        make_letter()

    assert refusal.value.param == "key"
    assert (ContentTemplate.objects.count(), TemplateVersion.objects.count()) == (1, 1)


def test_change__other_words__are_the_next_version_and_others_no_version():
    letter = make_letter()

    change_template(template=letter, values={"name": "Letter of spring"}, by=AUTHOR, now=NOW())
    change_template(template=letter, values={"body": "Other words", "note": "shorter"}, by=READER, now=NOW())

    rows = TemplateVersion.objects.order_by("number").values_list("number", "subject", "body", "written_by")
    assert [row[0] for row in rows] == [1, 2]
    assert rows[1][1:] == ("Spring is here", "Other words", str(READER))
    assert find_template("letter").current.number == 2


def test_change__key_or_kind__is_refused():
    letter = make_letter()

    for name, value in (("key", "other"), ("kind", "block")):
        with pytest.raises(InvalidInput, match="never changes"):
            change_template(template=letter, values={name: value}, by=AUTHOR, now=NOW())


def test_campaign__begun_with_a_template__has_its_words_and_says_which_version():
    letter = make_letter()
    campaign = make_campaign(template="letter", subject="My own subject", body="")
    begun = change_campaign(campaign=campaign, values={"template": "letter"}, by=AUTHOR, now=NOW())

    change_template(template=letter, values={"body": "Newer"}, by=AUTHOR, now=NOW())

    assert begun.subject == "Spring is here" and "spring is here" in begun.body
    assert TemplateUse.objects.values_list("template__key", "number", "campaign").get() == ("letter", 1, campaign.pk)
    begun.refresh_from_db()
    assert "Newer" not in begun.body


@pytest.mark.parametrize("key", ["gone", "footer", "letter", 5])
def test_campaign__template_that_cannot_be_begun_with__is_refused(key):
    make_block()
    archive_template(template=make_letter(), by=AUTHOR, now=NOW())

    with pytest.raises(InvalidInput) as refusal:
        make_campaign(template=key)

    assert refusal.value.param == "template"
    assert not Campaign.objects.exists()


def test_draft__names_a_block__gets_its_newest_words_until_it_is_submitted():
    block, campaign = make_block(), make_campaign(make_people(1), body=BOTH)
    person = make_person(email="jane@example.com", language="de")
    change_template(template=block, values={"body": "Second\n\n[[de]]\nZweite"}, by=AUTHOR, now=NOW())
    seen = preview_letter(campaign=campaign, customer=person, by=READER, now=NOW())
    submitted = submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())

    change_template(template=block, values={"body": "Third"}, by=AUTHOR, now=NOW())

    campaign.refresh_from_db()
    sent = Writer(campaign, use_of(campaign.purpose_id)).letter(person)
    assert "Zweite" in seen.text and "Second" not in seen.text
    assert "Second" in submitted.sealed_body and "Zweite" in sent.text and "Zweite" in sent.html
    assert TemplateUse.objects.get(campaign=campaign).number == 2
    assert campaign.body == BOTH


def test_send_back__block_changed_meanwhile__has_its_newest_words_again():
    block, campaign = make_block(), make_campaign(make_people(1), body=LETTER)
    submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())
    change_template(template=block, values={"body": "Second"}, by=AUTHOR, now=NOW())

    back = send_back_campaign(campaign=campaign, reason="old address", by=READER, now=NOW())

    assert back.sealed_body == "" and TemplateUse.objects.get(campaign=campaign).number is None
    assert "Second" in preview_letter(campaign=back, customer=make_person(), by=READER, now=NOW()).text


def test_submit__archived_block__is_refused_and_restored_one_is_not():
    block, campaign = make_block(), make_campaign(make_people(1), body=LETTER)
    archive_template(template=block, by=AUTHOR, now=NOW())

    with pytest.raises(Conflict, match="is archived"):
        submit_campaign(campaign=campaign, by=AUTHOR, now=NOW())
    restore_template(template=block, by=AUTHOR, now=NOW())

    assert submit_campaign(campaign=campaign, by=AUTHOR, now=NOW()).state == "in_review"


def test_words_faults__fault_inside_a_block__is_found():
    block, campaign = make_block(), make_campaign(make_people(1), body=LETTER)
    TemplateVersion.objects.filter(template=block).update(body="{{ customer.last_name }}")

    assert any("needs a fallback" in fault for fault in words_faults(campaign))


def test_delete__used__is_refused_with_who_uses_it_and_unused_is_gone():
    block, campaign = make_block(), make_campaign(body=LETTER)

    with pytest.raises(Conflict, match="used by “Spring”") as refusal:
        delete_template(template=block, by=AUTHOR, now=NOW())
    kept = ContentTemplate.objects.count()
    change_campaign(campaign=campaign, values={"body": "No block any more"}, by=AUTHOR, now=NOW())
    delete_template(template=block, by=AUTHOR, now=NOW())

    assert (refusal.value.code, kept) == ("in_use", 1)
    assert not ContentTemplate.objects.exists() and not TemplateVersion.objects.exists()


def test_duplicate__names_a_block__uses_it_too():
    block, campaign = make_block(), make_campaign(body=LETTER)

    copy = duplicate_campaign(campaign=campaign, by=AUTHOR, now=NOW())

    assert {user.id for user in users_of(block)} == {campaign.public_id, copy.public_id}


def test_automation__step_that_names_a_template__takes_its_words_and_is_a_user():
    letter, block = make_letter(), make_block()
    found = automation({"hello": {"type": "send", "subject": "", "body": "", "template": "letter"}})
    step = found.versions.get().graph["steps"]["hello"]
    change_automation(
        automation=found,
        values={"graph": {**found.versions.get().graph, "steps": send("Hi\n\n[[block:footer]]", template="letter")}},
        by=AUTHOR,
        now=NOW(),
    )

    assert step["subject"] == "Spring is here" and "spring is here" in step["body"]
    assert [(one.sort, one.number) for one in users_of(letter)] == [("automation", 1)]
    assert [(one.sort, one.number) for one in users_of(block)] == [("automation", None)]


def test_publish__step_with_a_block__sends_its_words_of_that_moment():
    block, found = make_block(), automation(send("Hi\n\n[[block:footer]]"))
    publish_draft(automation=found, by=READER, now=NOW())

    change_template(template=block, values={"body": "Second"}, by=AUTHOR, now=NOW())

    assert "1 High Street" in Campaign.objects.get().body
    assert users_of(block)[0].number == 1


def test_publish__step_with_a_block_that_is_not_there__is_refused():
    found = automation(send("Hi\n\n[[block:gone]]"))

    with pytest.raises(Conflict, match="no block “gone”"):
        publish_draft(automation=found, by=READER, now=NOW())


def test_archive__twice__is_refused():
    letter = archive_template(template=make_letter(), by=AUTHOR, now=NOW())

    with pytest.raises(InvalidState):
        archive_template(template=letter, by=AUTHOR, now=NOW())
    with pytest.raises(InvalidState, match="bring it back"):
        change_template(template=letter, values={"body": "x"}, by=AUTHOR, now=NOW())


def test_send_test_to__somebody_who_is_no_staff__is_refused_and_nothing_leaves():
    campaign, person = make_campaign(), make_person()

    with pytest.raises(InvalidInput, match="members of staff"):
        send_test_to(campaign=campaign, customer=person, to="jane@example.com", by=AUTHOR, now=NOW())

    assert not mail.outbox and not AuditEntry.objects.filter(action="campaign.tested").exists()


def test_send_test_to__member_of_staff__gets_it_marked(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    staff, campaign = make_staff(Role.MARKETER), make_campaign()

    send_test_to(
        campaign=campaign, customer=make_person(first_name="Jane"), to=staff.email.upper(), by=AUTHOR, now=NOW()
    )

    assert [message.to for message in mail.outbox] == [[staff.email]]
    assert mail.outbox[0].subject == "[Test] Spring is here" and "Hello Jane" in mail.outbox[0].body
