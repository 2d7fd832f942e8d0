"""Tables of integrations."""

from integrations.models.clients import ApiClient, ApiClientSecret, ApiKey, AuthMethod, Tier, TokenFormat, UsedAssertion
from integrations.models.signing import SigningKey
from integrations.models.usage import DailyUsage, QuotaWarning, RefusedRequest, RequestLine
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
    "AuthMethod",
    "BodyFormat",
    "DailyUsage",
    "DeliveryState",
    "EndpointState",
    "PayloadKind",
    "QuotaWarning",
    "RefusedRequest",
    "RequestLine",
    "SigningKey",
    "Tier",
    "TokenFormat",
    "UsedAssertion",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookHour",
]
