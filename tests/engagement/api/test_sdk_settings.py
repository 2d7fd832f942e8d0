"""What SDKs for browsers and phones ask before their first call."""

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from integrations.services.write_keys import issue_write_key

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example.com"


def asked(key, **headers):
    return Client(raise_request_exception=False).get(f"/v1/projects/{key}/settings", headers=headers)


def test_settings__of_a_write_key__lead_here_and_load_nothing():
    key = issue_write_key(source="App", by=SYSTEM, now=timezone.now()).secret

    answer = asked(key)

    said = answer.json()
    assert answer.status_code == 200
    assert said["integrations"]["Segment.io"]["apiKey"] == key
    assert said["integrations"]["Segment.io"]["apiHost"] == "testserver/v1"
    assert list(said["integrations"]) == ["Segment.io"]
    assert said["plan"]["track"]["__default"]["enabled"] is True
    assert (said["remotePlugins"], said["metrics"]["sampleRate"]) == ([], 0)


def test_settings__for_a_page__may_be_read_by_its_origin_alone():
    key = issue_write_key(source="Shop", origins=[SHOP], by=SYSTEM, now=timezone.now()).secret

    own, foreign = asked(key, Origin=SHOP), asked(key, Origin="https://evil.example.com")

    assert (own.status_code, own["Access-Control-Allow-Origin"]) == (200, SHOP)
    assert foreign.status_code == 403


@pytest.mark.parametrize("key", ["mk_live_unknown", "pk_live_unknown", "rubbish"])
def test_settings__of_an_unknown_key__are_refused_in_the_words_of_sdks(key):
    answer = asked(key)

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_write_key")


@pytest.mark.parametrize("key", ["mha_live_x", "mhs_live_x"])
def test_settings__of_a_secret__are_refused(key):
    answer = asked(key)

    assert (answer.status_code, answer.json()["code"]) == (400, "credential_in_query")
