"""What integrations contributes to lower floors: how tokens and keys are found."""

from collections.abc import Callable

from django.utils import timezone

from core.actors import Credential
from core.api.credentials import register_finder
from integrations.selectors.clients import Found, find_api_key, find_bearer
from integrations.services.clients import note_use


def _noting(find: Callable[[str], Found | None]) -> Callable[[str], Credential | None]:
    """A finder that also notes when the client and its key were last used."""

    def finder(secret: str) -> Credential | None:
        found = find(secret)
        if found is None:
            return None
        note_use(client=found.client, key=found.key, now=timezone.now())
        return found.credential

    return finder


register_finder("bearer", _noting(find_bearer))
register_finder("api_key", _noting(find_api_key))
