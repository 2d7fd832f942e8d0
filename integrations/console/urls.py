"""Screens of integrations."""

from core.console.views import screen
from integrations.console.anomalies import AnomalyDetail, AnomalyList, MuteList
from integrations.console.anomaly_steps import DismissAnomaly, EndMute, MuteAnomaly, MuteClient
from integrations.console.api_usage import ApiUsage, ExportUsage
from integrations.console.canary_steps import RollBackCanary, SetCanary
from integrations.console.client_steps import (
    ChangeProof,
    DisableClient,
    EditContact,
    EditNetworks,
    EditScopes,
    EnableClient,
    NewClient,
    NewKey,
    NewPublishableKey,
    RevokeKey,
    RotateSecret,
)
from integrations.console.clients import ClientDetail, ClientList
from integrations.console.deliveries import DeliveryDetail, DeliveryList
from integrations.console.refused import RefusedRequestList
from integrations.console.registrations import NewRegistrationToken, RegistrationTokenList, RevokeRegistrationToken
from integrations.console.request_log import RequestLog
from integrations.console.sink_steps import EditSink, NewSink, PauseSink, RemoveSink, ResumeSink, TestSink
from integrations.console.sinks import SinkDetail, SinkList
from integrations.console.webhook_steps import (
    EditWebhook,
    EnableWebhook,
    NewWebhook,
    PauseWebhook,
    RemoveWebhook,
    ReplayDelivery,
    ReplayWebhook,
    RotateWebhookSecret,
    TestWebhook,
)
from integrations.console.webhooks import WebhookDetail, WebhookList

urlpatterns = [
    screen("api-clients", ClientList),
    screen("api-usage", ApiUsage),
    screen("api-usage/export", ExportUsage),
    screen("api-usage/requests", RequestLog),
    screen("refused-requests", RefusedRequestList),
    screen("api-clients/new", NewClient),
    screen("api-clients/registration-tokens", RegistrationTokenList),
    screen("api-clients/registration-tokens/new", NewRegistrationToken),
    screen("api-clients/registration-tokens/<str:public_id>/revoke", RevokeRegistrationToken),
    screen("api-clients/<str:public_id>", ClientDetail),
    screen("api-clients/<str:public_id>/rotate", RotateSecret),
    screen("api-clients/<str:public_id>/proof", ChangeProof),
    screen("api-clients/<str:public_id>/contact", EditContact),
    screen("api-clients/<str:public_id>/mute", MuteClient),
    screen("api-clients/<str:public_id>/scopes", EditScopes),
    screen("api-clients/<str:public_id>/networks", EditNetworks),
    screen("api-clients/<str:public_id>/canary", SetCanary),
    screen("api-clients/<str:public_id>/canary/roll-back", RollBackCanary),
    screen("api-clients/<str:public_id>/disable", DisableClient),
    screen("api-clients/<str:public_id>/enable", EnableClient),
    screen("api-clients/<str:public_id>/keys/new", NewKey),
    screen("api-clients/<str:public_id>/keys/publishable", NewPublishableKey),
    screen("api-clients/<str:public_id>/keys/<str:key_id>/revoke", RevokeKey),
    screen("unusual-use", AnomalyList),
    screen("unusual-use/muted", MuteList),
    screen("unusual-use/muted/<str:public_id>/end", EndMute),
    screen("unusual-use/<str:public_id>", AnomalyDetail),
    screen("unusual-use/<str:public_id>/dismiss", DismissAnomaly),
    screen("unusual-use/<str:public_id>/mute", MuteAnomaly),
    screen("sinks", SinkList),
    screen("sinks/new", NewSink),
    screen("sinks/<str:public_id>", SinkDetail),
    screen("sinks/<str:public_id>/edit", EditSink),
    screen("sinks/<str:public_id>/pause", PauseSink),
    screen("sinks/<str:public_id>/resume", ResumeSink),
    screen("sinks/<str:public_id>/test", TestSink),
    screen("sinks/<str:public_id>/remove", RemoveSink),
    screen("webhooks", WebhookList),
    screen("webhooks/new", NewWebhook),
    screen("webhooks/<str:public_id>", WebhookDetail),
    screen("webhooks/<str:public_id>/edit", EditWebhook),
    screen("webhooks/<str:public_id>/rotate", RotateWebhookSecret),
    screen("webhooks/<str:public_id>/pause", PauseWebhook),
    screen("webhooks/<str:public_id>/enable", EnableWebhook),
    screen("webhooks/<str:public_id>/test", TestWebhook),
    screen("webhooks/<str:public_id>/replay", ReplayWebhook),
    screen("webhooks/<str:public_id>/remove", RemoveWebhook),
    screen("webhooks/<str:public_id>/deliveries", DeliveryList),
    screen("webhooks/<str:public_id>/deliveries/<str:delivery_id>", DeliveryDetail),
    screen("webhooks/<str:public_id>/deliveries/<str:delivery_id>/replay", ReplayDelivery),
]
