"""Live product and sandbox side by side on real servers: one address, two worlds."""

import json
import subprocess
import sys
import time

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from marketing_hub import env, run, welcome
from marketing_hub.embedded import drop_database
from marketing_hub.processes import Child, Program, free_port
from tests.support.stack import Stack

pytestmark = pytest.mark.xdist_group("faults")


class Sandbox:
    """The sandbox of a stack: its database, its commands, its web server."""

    def __init__(self, stack, port, logs):
        self.name = f"{stack.database}_sandbox"
        url = stack.environment["DATABASE_URL"].replace(stack.database, self.name)
        self.environment = stack.environment | {"SANDBOX": "1", "DATABASE_URL": url, "WEB_WORKERS": "1"}
        words = list(run.web())
        words[words.index("--port") + 1] = str(port)
        ready = f"http://127.0.0.1:{port}/healthz"
        program = Program("sandbox", tuple(words), ready=lambda: welcome.answers(ready), environment=self.environment)
        self.web = Child(program, logs / "sandbox.log")

    def manage(self, *words):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            env=self.environment,
            cwd=env.BASE_DIR,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def databases(self):
        return [self.name, f"{self.name}_template"]


@pytest.fixture
def worlds(tmp_path):
    port = free_port()
    with Stack({"SANDBOX_URL": f"http://127.0.0.1:{port}"}) as stack:
        sandbox = Sandbox(stack, port, tmp_path)
        try:
            yield stack, sandbox, port
        finally:
            sandbox.web.kill()
            with stack.connect() as server:
                for name in sandbox.databases():
                    drop_database(server, name)


def call(base, key, method="GET", path="/api/v1/customers", **more):
    return httpx.request(method, base + path, headers={"X-API-Key": key}, timeout=60, **more)


SCOPES = "customers:read customers:write webhooks:manage sandbox:manage"


def eventually(answered, wanted):
    """What `answered` says once it is as wanted."""
    for _ in range(240):
        said = answered()
        if wanted(said):
            return said
        time.sleep(0.25)
    raise AssertionError(said)


def key_of(manage, name):
    made = json.loads(manage("client", "create", "--name", name, "--scopes", SCOPES, "--json"))
    key = json.loads(manage("apikey", "create", "--client", made["client_id"], "--json"))
    return made, next(value for value in key.values() if str(value).startswith("mk_"))


def test_sandbox__beside_the_live_product__shares_its_address_and_nothing_else(worlds):
    stack, sandbox, port = worlds
    sandbox.manage("sandbox", "prepare")
    client, test_key = key_of(sandbox.manage, "Tester")
    _, live_key = key_of(stack.manage, "Partner")
    sandbox.web.start()
    sandbox.web.wait_ready(120)
    live, inside = stack.base_url, f"http://127.0.0.1:{port}"

    form = {"grant_type": "client_credentials", "client_id": client["client_id"], "scope": "customers:read"}
    token = httpx.post(f"{live}/oauth/token", data=form | {"client_secret": client["client_secret"]}, timeout=60).json()
    mock = call(live, test_key).json()
    made = call(live, test_key, "POST", json={"external_id": "mine", "email": "mine@example.com"})
    by_live = call(live, live_key).json()

    assert token["access_token"].startswith("mha_test_")
    assert call(live, test_key, path="/api/v1/me").json()["livemode"] is False
    assert call(live, live_key, path="/api/v1/me").json()["livemode"] is True
    assert mock["pagination"]["total"] == 60
    assert made.status_code == 201
    assert by_live["pagination"]["total"] == 0
    assert call(inside, live_key).status_code == 401
    with stack.connect() as rows:
        for table in ("customers_customer", "core_outboxmessage", "core_auditentry"):
            found = rows.execute(
                f"SELECT count(*) FROM {table} WHERE t::text LIKE '%mine%'".replace(table, f"{table} t")
            )
            assert found.fetchone() == (0,), table

    hook = {"url": "https://partner.example.com/hooks", "event_types": ["*"], "purpose": "service"}
    secret = call(live, test_key, "POST", "/api/v1/webhooks", json=hook).json()["secret"]
    event = call(live, test_key, "POST", "/api/v1/sandbox/trigger/customer.updated", json={}).json()
    kept = eventually(
        lambda: call(live, test_key, path="/api/v1/sandbox/sends?kind=webhook").json()["data"],
        lambda found: any(send["subject"] == event["id"].replace("evt_", "msg_") for send in found),
    )
    send = next(send for send in kept if send["subject"] == event["id"].replace("evt_", "msg_"))
    assert Webhook(secret).verify(send["body"], send["headers"])["data"]["changed"] == ["first_name"]

    forward = call(live, test_key, "PUT", "/api/v1/sandbox/clock", json={"advance_seconds": 864_000}).json()
    later = call(live, test_key, "POST", json={"external_id": "later"}).json()
    assert forward["ahead_seconds"] > 863_000
    assert forward["now"] < later["created_at"]
    assert call(live, live_key, path="/api/v1/sandbox/clock").status_code == 403  # without the scope, and not there

    asked = call(live, test_key, "POST", "/api/v1/sandbox/reset")
    done = {"job": asked.json()["job"], "state": "succeeded"}
    eventually(lambda: call(live, test_key, path="/api/v1/sandbox/reset").json(), lambda said: said == done)
    assert call(live, test_key).json() == mock
    assert call(live, test_key, path="/api/v1/sandbox/clock").json()["ahead_seconds"] == 0
    assert call(live, test_key, path="/api/v1/sandbox/sends").json() == {"data": []}

    call(live, test_key, "POST", json={"external_id": "again"})
    sandbox.manage("sandbox", "reset")
    again = call(live, test_key).json()
    sandbox.web.kill()

    assert again == mock
    assert call(live, test_key).status_code == 503
    assert call(live, live_key).status_code == 200
