"""Tables of integrations."""

from integrations.models.clients import ApiClient, ApiClientSecret, ApiKey, Tier

__all__ = ["ApiClient", "ApiClientSecret", "ApiKey", "Tier"]
