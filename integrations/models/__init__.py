"""Tables of integrations."""

from integrations.models.anomalies import Anomaly, AnomalyState, ClientNetwork, Mute
from integrations.models.bindings import TokenBinding
from integrations.models.clients import (
    ApiClient,
    ApiClientSecret,
    ApiKey,
    AuthMethod,
    Binding,
    Tier,
    TokenFormat,
    UsedAssertion,
)
from integrations.models.registrations import Registration, RegistrationToken
from integrations.models.signing import SigningKey
from integrations.models.sinks import BrokerKind, LogSink, Mechanism, SinkState
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
    "Anomaly",
    "AnomalyState",
    "ApiClient",
    "ApiClientSecret",
    "ApiKey",
    "AuthMethod",
    "Binding",
    "BodyFormat",
    "BrokerKind",
    "ClientNetwork",
    "DailyUsage",
    "DeliveryState",
    "EndpointState",
    "LogSink",
    "Mechanism",
    "Mute",
    "PayloadKind",
    "QuotaWarning",
    "RefusedRequest",
    "Registration",
    "RegistrationToken",
    "RequestLine",
    "SigningKey",
    "SinkState",
    "Tier",
    "TokenBinding",
    "TokenFormat",
    "UsedAssertion",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookHour",
]
