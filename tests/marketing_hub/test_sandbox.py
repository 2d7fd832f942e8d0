"""What keeps the sandbox apart: the database it may have, and which calls are passed on to it."""

import base64
import io
import json

import pytest

from core.crypto import sign_text
from marketing_hub.env import ConfigError
from marketing_hub.passing import CALLER
from marketing_hub.processes import free_port
from marketing_hub.sandbox.bounds import guard_database
from marketing_hub.sandbox.door import Inside, TestDoor


def by_itself(environ, start_response):
    start_response("200 OK", [])
    return [b"live", environ.get("REMOTE_ADDR", "").encode()]


def call(application, path="/api/v1/me", method="GET", body=b"", **more):
    said = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "REMOTE_ADDR": "192.0.2.7", "wsgi.input": io.BytesIO(body)}
    environ |= {"CONTENT_LENGTH": str(len(body)) if body else ""} | more
    answer = b"".join(application(environ, lambda status, headers: said.append(status)))
    return said[0], answer, environ


def nowhere():
    """A door to a sandbox that does not answer: who is sent there gets 503."""
    return TestDoor(by_itself, url=f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(("sandbox", "name"), [(True, "hub"), (True, "hub_sandbox_template"), (False, "hub_sandbox")])
def test_database__of_the_other_side__is_refused(sandbox, name):
    with pytest.raises(ConfigError, match="sandbox"):
        guard_database(sandbox=sandbox, name=name)


@pytest.mark.parametrize(("sandbox", "name"), [(True, "hub_sandbox"), (False, "hub")])
def test_database__of_its_own__is_taken(sandbox, name):
    guard_database(sandbox=sandbox, name=name)


@pytest.mark.parametrize(
    "credential",
    [
        {"HTTP_X_API_KEY": "mk_test_1"},
        {"HTTP_AUTHORIZATION": "Bearer mha_test_1"},
        {"HTTP_AUTHORIZATION": "Bearer mhi_test_1"},
        {"HTTP_AUTHORIZATION": "Bearer mhg_test_1"},
        {"HTTP_AUTHORIZATION": "Api-Key mk_test_1"},
        {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"test_1:secret").decode()},
        {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"pk_test_1:").decode()},
    ],
)
def test_door__test_credential__is_answered_by_the_sandbox_alone(credential):
    status, answer, _ = call(nowhere(), HTTP_X_REQUEST_ID="mine-1", **credential)

    assert status == "503 Service Unavailable"
    assert b"The sandbox does not answer" in answer
    assert json.loads(answer)["request_id"] == "mine-1"


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"HTTP_X_API_KEY": "mk_live_test_1"},
        {"HTTP_AUTHORIZATION": "Bearer mha_live_1"},
        {"HTTP_AUTHORIZATION": "Basic not-base64"},
        {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"live_1:test_").decode()},
    ],
)
def test_door__any_other_credential__is_answered_here(credential):
    assert call(nowhere(), **credential)[:2] == ("200 OK", b"live192.0.2.7")


@pytest.mark.parametrize("path", ["/console/", "/docs/", "/healthz"])
def test_door__addresses_that_are_not_for_programs__are_answered_here(path):
    assert call(nowhere(), path, HTTP_X_API_KEY="mk_test_1")[0] == "200 OK"


def test_door__form_of_a_test_client__goes_to_the_sandbox_and_others_can_still_be_read():
    form = b"grant_type=client_credentials&client_id=%s_1&client_secret=x"

    assert call(nowhere(), "/oauth/token", "POST", form % b"test")[0] == "503 Service Unavailable"
    status, _, environ = call(nowhere(), "/oauth/token", "POST", form % b"live")

    assert status == "200 OK"
    assert environ["wsgi.input"].read() == form % b"live"


def test_door__no_sandbox__is_a_wall():
    assert call(TestDoor(by_itself, url=""), HTTP_X_API_KEY="mk_test_1")[0] == "200 OK"


@pytest.mark.parametrize(
    ("named", "seen"), [(sign_text(CALLER, "198.51.100.4"), b"198.51.100.4"), ("198.51.100.4", b"192.0.2.7")]
)
def test_inside__caller__is_believed_only_from_our_own_web_server(named, seen):
    assert call(Inside(by_itself), HTTP_X_HUB_CALLER=named)[1] == b"live" + seen
