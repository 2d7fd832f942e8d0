"""The stage of a run: durable embedded servers, a database each for ours and the peer, web servers on demand."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.client import Connection, http_request
from marketing_hub import embedded
from marketing_hub.home import Home, throwaway
from marketing_hub.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = os.cpu_count() or 2
"""Of web servers, ours and the peer's: one a core, as docs/operations/configuration.md advises."""
SCOPES = "customers:read customers:write customers.pii:read engagement:write engagement:read consent:read consent:write"


@dataclass
class Server:
    """A started web server and the token it accepts."""

    process: subprocess.Popen[bytes]
    port: int
    token: str

    def stop(self) -> None:
        """End it and its workers."""
        self.process.terminate()
        self.process.wait(timeout=20)

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Stage:
    """Addresses of the run."""

    home: Home
    customers: int
    events: int

    @property
    def hub_url(self) -> str:
        """DSN of our database."""
        return self.home.database_url("hub_bench")

    @property
    def peer_url(self) -> str:
        """DSN of the peer's database."""
        return self.home.database_url("hub_bench_peer")

    def environment(self) -> dict[str, str]:
        """Settings of both servers."""
        return os.environ | {
            "DATABASE_URL": self.hub_url,
            "PEER_DATABASE_URL": self.peer_url,
            "REDIS_URL": self.home.redis_url(),
            "CELERY_BROKER_URL": self.home.broker_url(),
            "HUB_DATA_DIR": str(self.home.data),
            "LOG_LEVEL": "ERROR",
            "ALLOWED_HOSTS": "*",
        }

    def manage(self, *words: str, settings: str = "marketing_hub.settings", check: bool = True) -> str:
        """Run a management command and answer what it printed."""
        environment = self.environment() | {"DJANGO_SETTINGS_MODULE": settings}
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
        return done.stdout

    def start_hub(self, scopes: str = SCOPES) -> Server:
        """Our product as production starts it, with the threads that it has by itself."""
        client = json.loads(
            self.manage("client", "create", "--name", "bench", "--scopes", scopes, "--tier", "unlimited", "--json")
        )
        port = free_port()
        server = self._started([sys.executable, "-m", "marketing_hub.run", "web"], port, "/healthz")
        server.token = _access_token(port, client, scopes)
        return server

    def start_stream(self, hub: Server) -> Server:
        """The process that holds streams open, for the client of `hub`."""
        port = free_port()
        command = [sys.executable, "-m", "marketing_hub.run", "stream"]
        server = self._started(command, port, "/healthz", variable="STREAM_PORT")
        server.token = hub.token
        return server

    def start_peer(self, workers: int = PROCESSES) -> Server:
        """The peer on gunicorn sync workers, one a core: of 2 to 5 the number at which it did best, or nearly so."""
        port = free_port()
        command = [
            *(sys.executable, "-m", "gunicorn", "--workers", str(workers), "--bind", f"127.0.0.1:{port}"),
            *("--keep-alive", "60", "--log-level", "error", "--backlog", "512", "bench.peer.wsgi:application"),
        ]
        server = self._started(command, port, "/consent?subject=u1")
        server.token = "peer-token"
        return server

    def _started(self, command: list[str], port: int, path: str, variable: str = "PORT") -> Server:
        environment = self.environment() | {variable: str(port), "WEB_WORKERS": str(PROCESSES)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            try:
                Connection("127.0.0.1", port).send(http_request("GET", path, "localhost", {"Connection": "close"}))
            except OSError:
                time.sleep(0.1)
            else:
                return Server(process=process, port=port, token="")
        process.kill()
        raise RuntimeError(f"no answer from {command[2]} on port {port}")


def _access_token(port: int, client: dict[str, Any], scopes: str) -> str:
    body = f"grant_type=client_credentials&client_id={client['client_id']}&client_secret={client['client_secret']}"
    head = (
        "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body) + len(scopes) + 7}\r\n\r\n"
    )
    status, answer = Connection("127.0.0.1", port).send((head + body + "&scope=" + scopes.replace(" ", "+")).encode())
    if status != 200:
        raise RuntimeError(f"no token: {status} {answer.decode()[:300]}")
    return str(json.loads(answer)["access_token"])


@contextmanager
def staged(customers: int, events: int) -> Iterator[Stage]:
    """Servers with both databases filled with the same customers; everything is deleted afterwards."""
    with throwaway() as fragile:
        home = dataclasses.replace(fragile, durable=True)
        children = embedded.start(home, [embedded.postgres(home), embedded.redis_server(home)])
        try:
            stage = Stage(home=home, customers=customers, events=events)
            _prepare(stage)
            yield stage
        finally:
            for child in children:
                child.stop()


def _prepare(stage: Stage) -> None:
    for name in ("hub_bench", "hub_bench_peer"):
        embedded.prepare_database(stage.home, name)
    stage.manage("migrate", "--verbosity", "0")
    stage.manage("migrate", "--run-syncdb", "--verbosity", "0", settings="bench.peer.settings")
    with (
        psycopg.connect(stage.hub_url, autocommit=True) as ours,
        psycopg.connect(stage.peer_url, autocommit=True) as peer,
    ):
        ours.execute(HUB_CUSTOMERS, [stage.customers])
        ours.execute(HUB_IDENTITIES)
        peer.execute(PEER_CUSTOMERS, [stage.customers])
        peer.execute("INSERT INTO peer_token (key, active) VALUES ('peer-token', true)")
        peer.execute(PEER_PROMOTIONS)
        for connection in (ours, peer):
            connection.execute("VACUUM ANALYZE")


HUB_CUSTOMERS = """
INSERT INTO customers_customer (public_id, external_id, email, first_name, last_name, country, status, attributes,
    is_known, consent_mask, consent_ref, created_at, updated_at, region, language, time_zone, delete_reason,
    orders_count, orders_total, orders_currency, last_order_currency, created_via)
SELECT 'cus_' || lpad(n::text, 22, '0'), 'u' || n, 'person' || n || '@example.com',
    'First' || n %% 500, 'Last' || n %% 5000,
    (ARRAY['DE','FR','GB','US','BR','ES'])[1 + n %% 6], CASE WHEN n %% 10 = 0 THEN 'inactive' ELSE 'active' END, '{}',
    true, 9223372036854775807, 1, now() - n * interval '10 seconds', now() - n * interval '10 seconds', '', '', '', '',
    0, 0, '', '', 'bench'
FROM generate_series(1, %s) AS n
"""
HUB_IDENTITIES = """
INSERT INTO customers_identity (customer_id, kind, value, source)
SELECT id, 'external_id', external_id, 'bench' FROM customers_customer ORDER BY id
"""
PEER_CUSTOMERS = """
INSERT INTO peer_customer (external_id, email, first_name, last_name, country, status, tracking_allowed, created_at,
    updated_at)
SELECT 'u' || n, 'person' || n || '@example.com',
    'First' || n %% 500, 'Last' || n %% 5000,
    (ARRAY['DE','FR','GB','US','BR','ES'])[1 + n %% 6], CASE WHEN n %% 10 = 0 THEN 'inactive' ELSE 'active' END,
    true, now() - n * interval '10 seconds', now()
FROM generate_series(1, %s) AS n
"""
PEER_PROMOTIONS = """
INSERT INTO peer_promotion (key, active, offer, variants)
SELECT key, true, 'bench', '[{"key": "A", "content": {"headline": "A"}}, {"key": "B", "content": {"headline": "B"}}]'
FROM unnest(ARRAY['bench', 'button']) AS key
"""
