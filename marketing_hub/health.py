"""Whether this process lives, and whether everything it needs is there."""

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from redis.exceptions import RedisError

from core import meter
from core.meter import HEARTBEAT_KEY


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, Redis and a worker answer, else 503; with the seconds each log follower is behind."""
    database, beat = _database_answers(), _heartbeat()
    parts = {"database": database, "redis": beat is not None, "worker": bool(beat)}
    body = {
        "status": "ready" if all(parts.values()) else "not ready",
        "parts": {name: "ok" if there else "missing" for name, there in parts.items()},
        "followers": {name: {"lag_s": lag} for name, lag in meter.lags().items()} if database else {},
    }
    return JsonResponse(body, status=200 if all(parts.values()) else 503)


@never_cache
def status(request: HttpRequest) -> HttpResponse:
    """GET /api/status: for partners, whether calls are answered and facts passed on now, and by which versions."""
    works = _database_answers() and bool(_heartbeat())
    versions = [
        {"version": version, "base": base, "status": state} for base, (version, state) in settings.API_VERSIONS.items()
    ]
    words = {"status": "operational" if works else "degraded", "checked_at": timezone.now().isoformat()}
    return JsonResponse({**words, "versions": versions, "support": f"{settings.PUBLIC_URL}/docs/support"})


def worker_beats() -> bool:
    """Whether a worker has given a sign of life within settings.WORKER_HEARTBEAT_TTL_S."""
    return bool(_heartbeat())


def _heartbeat() -> bool | None:
    """Whether the sign of life is there; None when Redis does not answer."""
    try:
        return cache.get(HEARTBEAT_KEY) is not None
    except RedisError:
        return None


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
