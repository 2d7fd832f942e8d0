"""Figures for Prometheus: requests by route template, refusals by limit, followers, jobs. All processes add up."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from core import meter
from core.actors import inside
from core.api.credentials import client_ip
from core.crypto import same
from core.models import Job
from marketing_hub.health import worker_beats

GetResponse = Callable[[HttpRequest], HttpResponse]

Path(settings.METRICS_DIR).mkdir(parents=True, exist_ok=True)

_BOUNDS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
REQUESTS: Final = Counter("hub_requests", "Requests answered", ["method", "route", "status"])
SECONDS: Final = Histogram("hub_request_seconds", "Time until the answer was made", ["route"], buckets=_BOUNDS)
CACHE: Final = Counter("hub_response_cache", "Answers that may come from Redis: hit or miss", ["route", "state"])
LIMITED: Final = Counter("hub_rate_limited", "Requests refused with 429", ["route"])


class Measured:
    """Counts and times every request; addresses appear as templates, so no id becomes a label."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        SECONDS.labels(route).observe(time.perf_counter() - started)
        REQUESTS.labels(method_of(request), route, str(response.status_code)).inc()
        if response.status_code == 429:
            LIMITED.labels(route).inc()
        if state := response.headers.get("X-Cache"):
            CACHE.labels(route, state).inc()
        return response


def method_of(request: HttpRequest) -> str:
    """The verb, or `other`: nobody can make labels of their own."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return request.method if request.method in known else "other"


class Present(Collector):
    """Figures that are read when somebody asks."""

    def collect(self) -> Iterable[Metric]:
        """Lag of followers, jobs by state, whether a worker is there."""
        lag = GaugeMetricFamily("hub_follower_lag_seconds", "How far a log follower is behind", labels=["follower"])
        for follower, seconds in meter.lags().items():
            lag.add_metric([follower], seconds)
        jobs = GaugeMetricFamily("hub_jobs", "Jobs by state", labels=["state"])
        for state, number in Job.objects.order_by().values_list("state").annotate(Count("id")):
            jobs.add_metric([state], number)
        yield from (lag, jobs)
        yield GaugeMetricFamily("hub_worker_up", "1 when a worker gives signs of life", value=float(worker_beats()))


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The exposition format; for settings.METRICS_TOKEN as Bearer, or without a token for settings.METRICS_NETWORKS."""
    if settings.METRICS_TOKEN:
        allowed = same(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
    else:
        allowed = inside(client_ip(request), settings.METRICS_NETWORKS)
    if not allowed:
        raise PermissionDenied
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(Present())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
