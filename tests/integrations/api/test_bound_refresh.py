"""Refreshing a token that is bound to a key (RFC 9449 section 5): only whoever holds the key, and never looser."""

import pytest
from django.test import Client
from oauth2_provider.models import AccessToken

from core.models import Role
from integrations.models import TokenBinding
from integrations.rules.dpop import token_hash
from tests.factories.core import make_staff
from tests.integrations.api.test_bound_tokens import ME, me, proof
from tests.integrations.api.test_oauth import REDIRECT, VERIFIER, authorize, register
from tests.support.keys import Signer

pytestmark = pytest.mark.django_db


@pytest.fixture
def http():
    made = Client(raise_request_exception=False)
    made.force_login(make_staff(Role.MARKETER))
    return made


@pytest.fixture
def app():
    return register(grants=["authorization_code"], redirect_uris=[REDIRECT], public=True)


@pytest.fixture
def signer():
    return Signer()


@pytest.fixture
def first(http, app, signer):
    body = {"grant_type": "authorization_code", "code": authorize(http, app)["code"], "redirect_uri": REDIRECT}
    body |= {"client_id": app.client.client_id, "code_verifier": VERIFIER}
    return http.post("/oauth/token", body, headers={"DPoP": proof(signer)}).json()


def refreshed(http, app, first, **headers):
    body = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": app.client.client_id}
    return http.post("/oauth/token", body, headers=headers)


def test_refresh__by_the_same_key__gives_a_token_bound_to_it(http, app, signer, first):
    answer = refreshed(http, app, first, DPoP=proof(signer))

    fresh = answer.json()
    opened = me(
        http, f"DPoP {fresh['access_token']}", DPoP=proof(signer, "GET", ME, ath=token_hash(fresh["access_token"]))
    )
    assert (first["token_type"], fresh["token_type"]) == ("DPoP", "DPoP")
    assert opened.status_code == 200
    assert me(http, f"Bearer {fresh['access_token']}").status_code == 401
    assert set(TokenBinding.objects.values_list("key", flat=True)) == {signer.key.thumbprint()}


@pytest.mark.parametrize("case", ["no proof", "another key", "a proof for another address", "the same proof again"])
def test_refresh__without_the_key__is_refused_and_the_token_lives(http, app, signer, first, case):
    used = proof(signer)
    sent = {
        "no proof": {},
        "another key": {"DPoP": proof(Signer())},
        "a proof for another address": {"DPoP": proof(signer, place=ME)},
        "the same proof again": {"DPoP": used},
    }[case]
    if case == "the same proof again":
        me(http, f"DPoP {first['access_token']}", DPoP=used)
        http.post("/oauth/token", {"grant_type": "client_credentials"}, headers={"DPoP": used})
    before = AccessToken.objects.count()

    answer = refreshed(http, app, first, **sent)

    assert answer.status_code in (400, 401)
    assert AccessToken.objects.count() == before
    assert refreshed(http, app, first, DPoP=proof(signer)).status_code == 200
