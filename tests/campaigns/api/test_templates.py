"""The library over HTTP, and seeing words as a customer."""

import pytest

from campaigns.models import ContentTemplate
from core.models import AuditEntry
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.campaigns import make_campaign
from tests.factories.consent import make_person
from tests.factories.templates import LETTER, make_block, make_letter

pytestmark = pytest.mark.django_db
PATH = "/api/v1/templates"


@pytest.fixture
def api(caller):
    return caller("campaigns:read", "campaigns:write", "customers.pii:read")


def test_template__written_read_changed_and_deleted(api):
    body = {"key": "hello", "kind": "message", "name": "Hello", "subject": "Hi", "body": "Words"}

    made = api.post(PATH, body)
    changed = api.patch(f"{PATH}/hello", {"body": "Other words", "note": "better"})
    versions = api.get(f"{PATH}/hello/versions")
    gone = api.delete(f"{PATH}/hello")

    assert (made.status_code, made["Location"]) == (201, f"{PATH}/hello")
    assert (changed.json()["version"], changed.json()["body"]) == (2, "Other words")
    assert [row["number"] for row in versions.json()["data"]] == [2, 1]
    assert gone.status_code == 204 and not ContentTemplate.objects.exists()


def test_list__archived__is_shown_on_demand(api):
    make_block(), make_letter()
    api.post(f"{PATH}/letter/archive")

    now, archived = api.get(PATH).json()["data"], api.get(f"{PATH}?state=archived").json()["data"]

    assert ([row["key"] for row in now], [row["key"] for row in archived]) == (["footer"], ["letter"])


def test_delete__used__is_409_and_names_who_uses_it(api):
    block = make_block()
    campaign = make_campaign(body=LETTER)

    answer = api.delete(f"{PATH}/{block.key}")
    read = api.get(f"{PATH}/{block.public_id}").json()

    assert_is_refusal(answer, 409, "in_use")
    assert (read["uses"], read["used_by"][0]["id"]) == (1, campaign.public_id)
    assert api.get(f"/api/v1/campaigns/{campaign.public_id}").json()["templates"] == [
        {"key": "footer", "version": None}
    ]


def test_preview__another_language__shows_both_parts_and_is_on_record(api):
    make_block(), make_letter(body=LETTER)
    person = make_person(first_name="Jane <b>")

    answer = api.post(f"{PATH}/letter/preview", {"customer": person.public_id, "locale": "de"}).json()

    assert "Hello Jane &lt;b&gt;" in answer["html"] and "Hello Jane <b>" in answer["text"]
    assert "1 High Street" in answer["text"]
    assert AuditEntry.objects.get(action="template.previewed").changes == {"as": ["", person.public_id]}


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "customer"), ({"customer": 5}, "customer"), ({"customer": "x", "version": True}, "version")],
)
def test_preview__wrong__is_refused(api, body, param):
    make_letter()

    answer = api.post(f"{PATH}/letter/preview", body)

    assert answer.status_code == 400 and answer.json()["param"] == param


def test_preview_of_campaign__without_the_right_to_personal_fields__is_403(caller):
    campaign, person = make_campaign(), make_person()

    answer = caller("campaigns:read", "campaigns:write").post(
        f"/api/v1/campaigns/{campaign.public_id}/preview", {"customer": person.public_id}
    )

    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(action="campaign.previewed").exists()


def test_preview_of_campaign__shows_the_words_without_the_way_out(api):
    campaign, person = make_campaign(), make_person(first_name="Jane")

    answer = api.post(f"/api/v1/campaigns/{campaign.public_id}/preview", {"customer": person.public_id}).json()

    assert "Hello Jane" in answer["text"] and "Unsubscribe" not in answer["text"] + answer["html"]
