"""One address for both: calls with test credentials are answered by the process of the sandbox, and by it alone.

This process only looks at the beginning of the credential; it knows no test credential, so one that is not passed on
opens nothing here, and the sandbox knows no live one.
"""

import base64
import binascii
import http.client
import io
import json
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.db import Error

from core.crypto import open_text, sign_text
from core.ids import new_id
from core.middleware import ACCEPTABLE_ID
from marketing_hub.passing import CALLER, KEPT_BACK, Application, Body

PATHS: Final = ("/api/", "/v1/", "/oauth/", "/ofrep/", "/opendsr/")
TEST: Final = ("mk_test_", "pk_test_", "mha_test_", "mhr_test_", "mhi_test_", "mhg_test_", "test_")
WAIT_S: Final = 60.0
MOST_FORM_BYTES: Final = 65_536
_CALLER_KEY: Final = f"HTTP_{CALLER.upper().replace('-', '_')}"
_AWAY: Final = {
    "error": "ServiceUnavailable",
    "message": "The sandbox does not answer. Try again in a minute.",
    "code": "unavailable",
    "retryable": True,
}


class TestDoor:
    """`application` for everybody but those with test credentials, for whom the sandbox at `url` answers."""

    __test__ = False

    def __init__(self, application: Application, *, url: str) -> None:
        self._application = application
        self._host, self._port = urlsplit(url).hostname or "", urlsplit(url).port

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The answer of whoever knows the credential."""
        if self._host and environ["PATH_INFO"].startswith(PATHS) and _is_test(environ):
            return self._passed_on(environ, start_response)
        return self._application(environ, start_response)

    def _passed_on(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=WAIT_S)
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        has_body = environ.get("CONTENT_LENGTH") or environ.get("HTTP_TRANSFER_ENCODING")
        try:
            connection.request(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"] + query,
                body=environ["wsgi.input"] if has_body else None,
                headers=_headers(environ),
            )
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            connection.close()
            return _away(environ, start_response)
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in KEPT_BACK]
        start_response(f"{answer.status} {answer.reason}", headers)
        return Body(connection, answer, connection.close)


class Inside:
    """The application of the sandbox, told from which address the call came by the web server that passed it on.

    `before` is done first; while the database is away the answer is 503.
    """

    def __init__(self, application: Application, *, before: Callable[[], object] = object) -> None:
        self._application, self._before = application, before

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Its answer."""
        named = environ.pop(_CALLER_KEY, "")
        if named and (address := open_text(CALLER, named)) is not None:
            environ["REMOTE_ADDR"] = address
        try:
            self._before()
        except Error:
            return _away(environ, start_response)
        return self._application(environ, start_response)


def _away(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    given = environ.get("HTTP_X_REQUEST_ID", "")
    request_id = given if ACCEPTABLE_ID.match(given) else new_id("req")
    headers = [("Content-Type", "application/json"), ("Retry-After", "60"), ("X-Request-Id", request_id)]
    start_response("503 Service Unavailable", headers)
    return [json.dumps(_AWAY | {"request_id": request_id}).encode()]


def _is_test(environ: dict[str, Any]) -> bool:
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        secret = _user_of(secret)
    return (
        environ.get("HTTP_X_API_KEY", "").strip().startswith(TEST)
        or secret.strip().startswith(TEST)
        or (environ["PATH_INFO"].startswith("/oauth/") and _form_names_test(environ))
    )


def _user_of(encoded: str) -> str:
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _form_names_test(environ: dict[str, Any]) -> bool:
    """Whether the form names a client of the sandbox; it can be read again afterwards."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if environ["REQUEST_METHOD"] != "POST" or not length.isdigit() or int(length) > MOST_FORM_BYTES:
        return False
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    named = parse_qs(body.decode("latin1"))
    values = [value for name in ("client_id", "token", "refresh_token") for value in named.get(name, [])]
    return any(value.startswith(TEST) for value in values)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")}
    found = {name: value for name, value in found.items() if name.lower() not in (*KEPT_BACK, CALLER)}
    for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
        if environ.get(key):
            found[name] = environ[key]
    return found | {CALLER: sign_text(CALLER, environ.get("REMOTE_ADDR", ""))}
