"""Screens of integrations."""

from core.console.views import screen
from integrations.console.client_steps import (
    DisableClient,
    EditScopes,
    EnableClient,
    NewClient,
    NewKey,
    NewPublishableKey,
    RevokeKey,
    RotateSecret,
)
from integrations.console.clients import ClientDetail, ClientList
from integrations.console.refused import RefusedRequestList

urlpatterns = [
    screen("api-clients", ClientList),
    screen("refused-requests", RefusedRequestList),
    screen("api-clients/new", NewClient),
    screen("api-clients/<str:public_id>", ClientDetail),
    screen("api-clients/<str:public_id>/rotate", RotateSecret),
    screen("api-clients/<str:public_id>/scopes", EditScopes),
    screen("api-clients/<str:public_id>/disable", DisableClient),
    screen("api-clients/<str:public_id>/enable", EnableClient),
    screen("api-clients/<str:public_id>/keys/new", NewKey),
    screen("api-clients/<str:public_id>/keys/publishable", NewPublishableKey),
    screen("api-clients/<str:public_id>/keys/<str:key_id>/revoke", RevokeKey),
]
