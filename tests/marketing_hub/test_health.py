"""Alive, ready, measured."""

import pytest
from django.core.cache import cache
from django.test import Client

from core import meter
from core.meter import HEARTBEAT_KEY
from core.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def _follower(monkeypatch):
    monkeypatch.setattr(meter, "_lags", {})
    meter.register_lag("rollups", lambda: 1.5)


def test_healthz__process_alive__is_ok():
    assert Client().get("/healthz").status_code == 200


def test_readyz__everything_there__tells_the_lag_of_followers(_follower):
    cache.set(HEARTBEAT_KEY, "1")

    answer = Client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "parts": {"database": "ok", "redis": "ok", "worker": "ok"},
        "followers": {"rollups": {"lag_s": 1.5}},
    }


def test_status__for_partners__says_whether_it_works_and_which_versions_answer():
    without = Client().get("/api/status").json()
    cache.set(HEARTBEAT_KEY, "1")

    said = Client().get("/api/status").json()

    assert (without["status"], said["status"]) == ("degraded", "operational")
    assert [row["base"] for row in said["versions"]] == ["/api/v1", "/api/v2"]
    assert said["support"].endswith("/docs/support")


def test_readyz__no_worker__is_not_ready():
    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["parts"]["worker"] == "missing"


def test_metrics__after_requests__count_by_route_template(_follower, caller):
    Job.objects.create(public_id="job_1", kind="import", title="t", owner="system:system", task="x")
    caller("customers:read").get("/api/v1/me")
    Client().get("/nothing/cus_1")

    text = Client().get("/metrics").content.decode()

    assert 'hub_requests_total{method="GET",route="api/v1/me",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert 'hub_request_seconds_bucket{le="0.2",route="api/v1/me"}' in text
    assert 'hub_follower_lag_seconds{follower="rollups"} 1.5' in text
    assert 'hub_jobs{state="queued"} 1.0' in text
    assert "hub_worker_up 0.0" in text
    assert "cus_1" not in text


def test_metrics__from_elsewhere__needs_the_token(settings):
    assert Client(REMOTE_ADDR="198.51.100.7").get("/metrics").status_code == 403

    settings.METRICS_TOKEN = "scrape"

    assert Client().get("/metrics").status_code == 403
    assert Client().get("/metrics", headers={"Authorization": "Bearer scrape"}).status_code == 200
