"""The library on screens, and templates in the wizard."""

import pytest

from campaigns.models import Campaign, ContentTemplate, TemplateVersion
from core.models import Role
from tests.factories.campaigns import make_campaign
from tests.factories.consent import make_person
from tests.factories.core import make_staff
from tests.factories.templates import LETTER, make_block, make_letter

pytestmark = pytest.mark.django_db
PATH = "/console/templates"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_template__from_writing_to_archive(marketer):
    words = {"subject": "Hi", "body": "Hello.\r\n\r\n[[de]]\r\nHallo.", "description": "", "note": ""}
    marketer.post(f"{PATH}/new", {"key": "hello", "kind": "message", "title": "Hello", **words})
    marketer.post(f"{PATH}/hello/edit", {"title": "Hello", **words, "subject": "Good day"})
    page = marketer.get(f"{PATH}/hello").content.decode()
    marketer.post(f"{PATH}/hello/archive")

    assert TemplateVersion.objects.count() == 2
    assert "Good day" in page and "Hallo." in page and "Nobody uses it yet" in page
    assert ContentTemplate.objects.get().state == "archived"


def test_new__words_without_fallback__keeps_what_was_typed_and_says_why(marketer):
    body = {"key": "x", "kind": "message", "title": "X", "subject": "Hi", "body": "{{ customer.first_name }}"}

    answer = marketer.post(f"{PATH}/new", body)

    assert answer.status_code == 400
    assert "needs a fallback" in answer.content.decode() and "customer.first_name" in answer.content.decode()
    assert not ContentTemplate.objects.exists()


def test_detail__used__names_who_uses_it_and_cannot_be_deleted(marketer):
    block, campaign = make_block(), make_campaign(body=LETTER)

    page = marketer.get(f"{PATH}/{block.key}").content.decode()
    refused = marketer.post(f"{PATH}/{block.key}/delete")

    assert f"/console/campaigns/{campaign.public_id}" in page and "[[block:footer]]" in page
    assert refused.status_code == 409 and ContentTemplate.objects.exists()


def test_preview__of_a_customer__is_drawn_escaped(marketer):
    make_letter()
    person = make_person(first_name="<b>Jane</b>")

    page = marketer.post(f"{PATH}/letter/preview", {"customer": person.public_id, "locale": ""}).content.decode()

    assert "Hello &lt;b&gt;Jane&lt;/b&gt;" in page and "<b>Jane</b>" not in page


def test_wizard__template_chosen__takes_its_words_and_shows_them(marketer):
    make_letter()
    campaign = make_campaign(body="Old words")
    body = {"template": "letter", "subject": "Old", "body": "Old words"}

    answer = marketer.post(f"/console/campaigns/{campaign.public_id}/message", body)

    assert answer["Location"] == f"/console/campaigns/{campaign.public_id}/message"
    assert Campaign.objects.get().subject == "Spring is here"


def test_page__versions__name_who_wrote_them(marketer):
    words = {"title": "Letter", "key": "letter", "kind": "message", "subject": "Hello", "body": "Good day."}
    marketer.post("/console/templates/new", words)

    page = marketer.get("/console/templates/letter").content.decode()

    assert "staff:usr_" not in page
