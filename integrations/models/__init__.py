"""Tables of integrations."""

from integrations.models.clients import ApiClient, ApiClientSecret, ApiKey, Tier, TokenFormat
from integrations.models.signing import SigningKey
from integrations.models.usage import DailyUsage, RefusedRequest
from integrations.models.webhooks import (
    BodyFormat,
    DeliveryState,
    EndpointState,
    PayloadKind,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookHour,
)

__all__ = [
    "ApiClient",
    "ApiClientSecret",
    "ApiKey",
    "BodyFormat",
    "DailyUsage",
    "DeliveryState",
    "EndpointState",
    "PayloadKind",
    "RefusedRequest",
    "SigningKey",
    "Tier",
    "TokenFormat",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookHour",
]
