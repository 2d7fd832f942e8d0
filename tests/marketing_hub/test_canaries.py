"""A share of a client's calls is answered by the next version, from the button in the console to the answer."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.actors import SYSTEM
from core.meter import shared_redis
from core.models import AuditEntry, Role
from integrations.models import DailyUsage
from integrations.rules.canaries import is_taken
from integrations.selectors.canaries import forget_canaries
from integrations.services.canaries import set_canary
from integrations.services.clients import issue_api_key
from integrations.services.usage import hand_on
from integrations.services.usage_drain import drain_usage
from marketing_hub.changelog import PREVIEW
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known_before(_empty_redis):
    forget_canaries()
    hand_on()
    shared_redis().flushdb()


def canary(client, share):
    set_canary(client=client, share=share, by=SYSTEM, now=timezone.now())
    forget_canaries()


def version_of(caller, path="/api/v1/me", **headers):
    return caller.get(path, **headers)["X-API-Version"]


def test_call__of_the_share__is_answered_by_the_next_version_which_says_so(caller):
    partner = caller("customers:read")
    canary(partner.client, 100)

    answer = partner.get("/api/v1/me")

    assert answer.status_code == 200
    assert answer["X-API-Version"] == answer["API-Version"] == PREVIEW
    assert answer["Content-Location"] == "/api/v2/me"
    assert answer.json()["client_id"] == partner.client.public_id


def test_call__same_key__goes_to_the_same_version_each_time(caller):
    partner = caller("customers:read")
    canary(partner.client, 40)
    keys = [f"till-{number}" for number in range(8)]
    wanted = [is_taken(client_id=partner.client.public_id, key=key, share=40) for key in keys]

    by_key = [version_of(partner, x_canary_key=key) == PREVIEW for key in keys]
    by_request = [version_of(partner, x_request_id=key) == PREVIEW for key in keys]
    again = [version_of(partner, x_canary_key=key, x_request_id="other") == PREVIEW for key in keys]

    assert by_key == by_request == again == wanted


def test_call__with_an_api_key_of_the_client__is_taken_too(caller):
    partner = caller("customers:read")
    secret = issue_api_key(client=partner.client, name="till", by=SYSTEM, now=timezone.now()).secret
    canary(partner.client, 100)

    answer = Client().get("/api/v1/me", headers={"X-API-Key": secret})

    assert answer["X-API-Version"] == PREVIEW


@pytest.mark.parametrize("path", ["/api/v1/customers", "/api/v1/versions", "/api/v1/nowhere"])
def test_call__address_the_next_version_lacks__is_answered_as_before(caller, path):
    partner = caller("customers:read")
    canary(partner.client, 100)

    answer = partner.get(path)

    assert answer["X-API-Version"] == settings.API_VERSION
    assert "Content-Location" not in answer


def test_call__of_others_or_of_nobody__is_answered_as_before(caller):
    partner, other = caller("customers:read"), caller("customers:read")
    canary(partner.client, 100)

    nobody = Client().get("/api/v1/me", headers={"Authorization": "Bearer wrong"})

    assert version_of(other) == settings.API_VERSION
    assert (nobody.status_code, nobody["X-API-Version"]) == (401, settings.API_VERSION)


def test_console__share_set_and_rolled_back__shows_both_versions_and_works_at_once(caller):
    user, http, partner = make_staff(Role.INTEGRATION), Client(), caller("customers:read")
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    at = {
        name: reverse(f"console:{name}", args=[partner.client.public_id])
        for name in ("api-client", "api-client-canary", "api-client-canary-back")
    }
    version_of(partner)

    http.post(at["api-client-canary"], {"share": "100"})
    forget_canaries()
    taken = version_of(partner)
    hand_on()
    drain_usage(now=timezone.now())
    page = http.get(at["api-client"]).content.decode()
    http.post(at["api-client-canary-back"])
    forget_canaries()

    assert taken == PREVIEW
    assert "<strong>100 %</strong>" in page
    assert 'aria-label="Versions side by side"' in page
    assert "GET /me" in page
    assert "Roll back now" in page
    assert set(DailyUsage.objects.values_list("route", flat=True)) >= {"api/v1/me", "api/v2/me"}
    assert version_of(partner) == settings.API_VERSION
    assert "Rolled back" in http.get(at["api-client"]).content.decode()
    kinds = AuditEntry.objects.filter(action__startswith="client.canary").values_list("actor_kind", flat=True)
    assert list(kinds) == ["staff", "staff"]


def test_console__share_out_of_range__is_refused_in_words(caller):
    user, http, partner = make_staff(Role.INTEGRATION), Client(), caller("customers:read")
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})

    answer = http.post(reverse("console:api-client-canary", args=[partner.client.public_id]), {"share": "101"})

    assert answer.status_code in (400, 422)
    partner.client.refresh_from_db()
    assert partner.client.canary_share == 0
