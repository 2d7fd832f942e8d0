"""Which scopes OAuth may grant: those of the client, never all there are."""

from typing import Any

from django.conf import settings
from oauth2_provider.scopes import BaseScopes

from core.models import StaffUser
from integrations.models import ApiClient
from integrations.selectors.clients import grantable_scopes


class ClientScopes(BaseScopes):  # type: ignore[misc]
    """Scopes per client; asking for none gives those it was registered with, or fewer in a person's name."""

    def get_all_scopes(self) -> dict[str, str]:
        """Every scope that exists, with its sentence for the consent screen."""
        scopes: dict[str, str] = settings.API_SCOPES
        return scopes

    def get_available_scopes(
        self, application: ApiClient | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """The scopes this client may ask for; all that exist for the metadata documents."""
        return sorted(settings.API_SCOPES if application is None else self._of(application, request))

    def get_default_scopes(
        self, application: ApiClient | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """What is granted when the request names no scope."""
        return [] if application is None else sorted(self._of(application, request))

    def _of(self, client: ApiClient, request: Any) -> frozenset[str]:
        user = getattr(request, "user", None)
        return grantable_scopes(client=client, user=user if isinstance(user, StaffUser) else None)
