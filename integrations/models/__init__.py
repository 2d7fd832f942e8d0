"""Tables of integrations."""

from integrations.models.clients import ApiClient, ApiClientSecret, ApiKey, Tier, TokenFormat
from integrations.models.signing import SigningKey

__all__ = ["ApiClient", "ApiClientSecret", "ApiKey", "SigningKey", "Tier", "TokenFormat"]
