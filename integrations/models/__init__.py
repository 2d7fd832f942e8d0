"""Tables of integrations."""

from integrations.models.clients import ApiClient, ApiClientSecret, ApiKey, Tier, TokenFormat
from integrations.models.signing import SigningKey
from integrations.models.usage import DailyUsage, RefusedRequest

__all__ = [
    "ApiClient",
    "ApiClientSecret",
    "ApiKey",
    "DailyUsage",
    "RefusedRequest",
    "SigningKey",
    "Tier",
    "TokenFormat",
]
