"""Answers kept in Redis for some seconds: figures that are dear to make and the same for everybody who may see them."""

from collections.abc import Callable

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from core.api.conditional import etag_of, is_unchanged
from core.crypto import digest


def kept_answer(request: HttpRequest, *, seconds: int, make: Callable[[], bytes]) -> HttpResponse:
    """The JSON that `make` gives, or gave within the last `seconds` for the same address; `X-Cache` says which.

    Never for anything about single people. An answer from the cache, like a 304, costs nothing of the windows beyond
    the burst. Made anew while Redis is away.
    """
    key = f"answer:{digest(request.path + '?' + '&'.join(sorted(f'{k}={v}' for k, v in request.GET.items())))}"
    try:
        body = cache.get(key)
    except RedisError:
        body = None
    state = "hit" if body is not None else "miss"
    if body is None:
        body = make()
        _keep(key, body, seconds)
    headers = {"ETag": etag_of(body), "Cache-Control": f"private, max-age={seconds}", "X-Cache": state}
    if is_unchanged(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/json", headers=headers)


def _keep(key: str, body: bytes, seconds: int) -> None:
    try:
        cache.set(key, body, seconds)
    except RedisError:
        return
