"""Tools that partners have already, unmodified, against the running product and its OpenAPI document."""

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from marketing_hub.documents import schema
from marketing_hub.env import BASE_DIR
from tests.support import partner
from tests.support.keys import Signer
from tests.support.npm import installed
from tests.support.stack import Stack

pytestmark = pytest.mark.fault

DOCUMENT = BASE_DIR / "docs/api/openapi.yaml"
OPENID_CLIENT = """
import * as oauth from "openid-client";
const [issuer, api, id, secret] = process.argv.slice(2);
const options = {algorithm: "oauth2", execute: [oauth.allowInsecureRequests]};
const config = await oauth.discovery(new URL(issuer), id, undefined, oauth.ClientSecretBasic(secret), options);
const plain = await oauth.clientCredentialsGrant(config, {scope: "customers:read"});
const told = await oauth.tokenIntrospection(config, plain.access_token);
const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair("ES256"));
const bound = await oauth.clientCredentialsGrant(config, {scope: "customers:read"}, {DPoP});
const me = new URL(api + "/me");
const good = await oauth.fetchProtectedResource(config, bound.access_token, me, "GET", null, undefined, {DPoP});
const stolen = await fetch(me, {headers: {Authorization: `Bearer ${bound.access_token}`}});
await oauth.tokenRevocation(config, plain.access_token);
const ended = await oauth.tokenIntrospection(config, plain.access_token);
const row = [plain.token_type, told.active, told.scope, bound.token_type, good.status, stolen.status, ended.active];
console.log(JSON.stringify(row));
"""

OPENID_REGISTRATION = """
import * as oauth from "openid-client";
const [issuer, initialAccessToken] = process.argv.slice(2);
const options = {algorithm: "oauth2", execute: [oauth.allowInsecureRequests], initialAccessToken};
const wish = {client_name: "Shop 17", grant_types: ["client_credentials"], scope: "customers:read"};
const config = await oauth.dynamicClientRegistration(new URL(issuer), wish, undefined, options);
const token = await oauth.clientCredentialsGrant(config);
let refused = "";
try {
  const more = {...wish, scope: "audit:read"};
  await oauth.dynamicClientRegistration(new URL(issuer), more, undefined, options);
} catch (error) {
  refused = error.error;
}
const made = config.clientMetadata();
console.log(JSON.stringify([token.scope, refused, made.registration_client_uri, made.registration_access_token]));
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack({"OAUTH_ASSERTION_FOR_TOKEN_URL": "1"}) as running:
        running.start("stream")
        yield running


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tools that read an OpenAPI document, as partners run them."""
    packages = ("@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3", "openapi-to-postmanv2@6.3.3")
    return installed(tmp_path_factory.mktemp("tools"), *packages)


def _client(stack: Stack, *words: str) -> dict[str, Any]:
    made = stack.manage(
        "client", "create", "--name", "tools", "--scopes", "customers:read events:read", *words, "--json"
    )
    return dict(json.loads(made))


def _run(folder: Path, *words: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


def test_authlib__with_a_secret__gets_a_token_uses_and_revokes_it(stack):
    client = _client(stack)
    session = OAuth2Session(client["client_id"], client["client_secret"], scope="customers:read")

    token = session.fetch_token(f"{stack.base_url}/oauth/token", grant_type="client_credentials")
    me = session.get(f"{stack.base_url}/api/v1/me")
    told = session.introspect_token(f"{stack.base_url}/oauth/introspect", token=token["access_token"])
    session.revoke_token(f"{stack.base_url}/oauth/revoke", token=token["access_token"])
    after = session.introspect_token(f"{stack.base_url}/oauth/introspect", token=token["access_token"])

    assert (me.status_code, me.json()["scopes"]) == (200, ["customers:read"])
    assert (told.json()["active"], after.json()) == (True, {"active": False})


def test_authlib__with_a_key_of_its_own__gets_a_token(stack, tmp_path):
    signer = Signer("RS256")
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [signer.public]}))
    client = _client(stack, "--auth-method", "private_key_jwt", "--jwks", str(tmp_path / "keys.json"))
    found = httpx.get(f"{stack.base_url}/.well-known/oauth-authorization-server")
    door = found.json()["token_endpoint"]
    session = OAuth2Session(
        client["client_id"], signer.key.as_pem(private=True), token_endpoint_auth_method=PrivateKeyJWT(door)
    )

    token = session.fetch_token(door, grant_type="client_credentials")

    assert token["token_type"] == "Bearer"


def test_openid_client__discovers_binds_introspects_and_revokes(stack, tmp_path):
    folder, client = installed(tmp_path, "openid-client@6.8.9"), _client(stack)
    (folder / "try.mjs").write_text(OPENID_CLIENT)
    issuer = httpx.get(f"{stack.base_url}/.well-known/oauth-authorization-server").json()["issuer"]

    done = _run(
        folder, "node", "try.mjs", issuer, f"{stack.base_url}/api/v1", client["client_id"], client["client_secret"]
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["bearer", True, "customers:read", "dpop", 200, 401, False]


def test_openid_client__initial_access_token__registers_a_client_within_its_bounds(stack, tmp_path):
    folder = installed(tmp_path, "openid-client@6.8.9")
    (folder / "try.mjs").write_text(OPENID_REGISTRATION)
    words = ("registrationtoken", "create", "--name", "tools", "--scopes", "customers:read", "--clients", "2")
    issued = json.loads(stack.manage(*words, "--grant", "client_credentials", "--json"))
    issuer = httpx.get(f"{stack.base_url}/.well-known/oauth-authorization-server").json()["issuer"]

    done = _run(folder, "node", "try.mjs", issuer, issued["initial_access_token"])

    assert done.returncode == 0, done.stderr
    scope, refused, address, access = json.loads(done.stdout)
    assert (scope, refused) == ("customers:read", "invalid_client_metadata")
    headers = {"Authorization": f"Bearer {access}"}
    assert httpx.get(address, headers=headers).json()["client_name"] == "Shop 17"
    assert httpx.delete(address, headers=headers).status_code == 204
    assert httpx.get(address, headers=headers).status_code == 401
    assert json.loads(stack.manage("registrationtoken", "list", "--json"))[0]["registered"] == 1


def test_httpx_sse__listening__hears_what_happens(stack):
    token = partner.register(stack, scopes=("events:read",))
    said = "from core import outbox; outbox.publish_many([outbox.Fact('campaign.paused', 'cmp_1', {'number': 7})])"
    telling = threading.Timer(1.0, lambda: stack.manage("shell", "-c", said))
    headers = {"Authorization": f"Bearer {token}"}

    with httpx.Client(headers=headers, timeout=60) as http:
        telling.start()
        with httpx_sse.connect_sse(http, "GET", f"{stack.stream_url}/api/v1/stream?topics=campaign.*") as source:
            heard = next(event for event in source.iter_sse() if event.data)

    telling.join()
    assert heard.id and heard.retry in (None, 3000)
    assert heard.json()["subject"] == "cmp_1"


def test_redocly__its_recommended_rules__find_no_error(tools):
    done = _run(tools, "node_modules/.bin/redocly", "lint", "--extends=recommended", "--format=summary", str(DOCUMENT))

    assert done.returncode == 0, done.stdout + done.stderr


def test_spectral__its_rules_for_openapi__find_no_error(tools):
    (tools / "rules.yaml").write_text('extends: ["spectral:oas"]\n')

    done = _run(
        tools, "node_modules/.bin/spectral", "lint", "--ruleset", "rules.yaml", "--fail-severity=error", str(DOCUMENT)
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_openapi_to_postman__makes_a_request_of_every_operation(tools):
    made = tools / "converted.json"

    done = _run(tools, "node_modules/.bin/openapi2postmanv2", "-s", str(DOCUMENT), "-o", str(made))

    assert done.returncode == 0 and made.is_file(), done.stdout + done.stderr
    operations = sum(len(item) for item in schema()["paths"].values())
    assert _requests(json.loads(made.read_text())["item"]) >= operations


def _requests(items: list[dict[str, Any]]) -> int:
    return sum(_requests(item["item"]) if "item" in item else 1 for item in items)
