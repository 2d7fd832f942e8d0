"""Which version of the API answers a call: for clients that try the next one, a part of their calls goes there."""

from functools import lru_cache
from typing import Final

from django.http import HttpRequest
from django.urls import is_valid_path

from core.ids import request_id_of
from integrations.rules.canaries import KEY_HEADER, is_taken, next_address
from integrations.selectors.canaries import canary_shares, client_behind

TAKEN_KEY: Final = "hub.canary"
"""In META: the address in the next version that answers this call in place of the one that was called."""


def answering_address(request: HttpRequest) -> str:
    """The address whose view answers: the same one in the next version for calls that a canary takes.

    What a call is taken by is its X-Canary-Key, else its request id: a repeated call with the same id goes to the
    same version. Addresses that the next version lacks are never taken.
    """
    following = _in_next_version(request.path_info)
    shares = canary_shares() if following else {}
    if not shares:
        return request.path_info
    client_id = client_behind(secret=_secret(request))
    key = request.headers.get(KEY_HEADER) or request_id_of(request.META)
    if not is_taken(client_id=client_id, key=key, share=shares.get(client_id, 0)):
        return request.path_info
    request.META[TAKEN_KEY] = following
    return following


@lru_cache(maxsize=1_024)
def _in_next_version(path: str) -> str:
    following = next_address(path)
    return following if following and is_valid_path(following) else ""


def _secret(request: HttpRequest) -> str:
    return str(request.headers.get("X-API-Key") or request.headers.get("Authorization", "").partition(" ")[2]).strip()
