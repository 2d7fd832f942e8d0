"""OAuth 2 addresses without trailing slash; the names are those that the toolkit looks up for its metadata."""

from django.urls import path

from integrations.api.oauth import Authorize, Introspect, Revoke, Token
from integrations.api.oauth_devices import DeviceAuthorization, DevicePage
from integrations.api.oauth_documents import ResourceMetadata, ServerMetadata, published_keys
from integrations.api.oauth_registration import Register, RegisteredClient

app_name = "oauth2_provider"
urlpatterns = [
    path("oauth/authorize", Authorize.as_view(), name="authorize"),
    path("oauth/token", Token.as_view(), name="token"),
    path("oauth/revoke", Revoke.as_view(), name="revoke-token"),
    path("oauth/introspect", Introspect.as_view(), name="introspect"),
    path("oauth/device_authorization", DeviceAuthorization.as_view(), name="device-authorization"),
    path("oauth/device", DevicePage.as_view(), name="device"),
    path("oauth/register", Register.as_view(), name="register"),
    path("oauth/register/<str:client_id>", RegisteredClient.as_view(), name="registered-client"),
    path("oauth/jwks", published_keys, name="jwks-info"),
    path(".well-known/oauth-authorization-server", ServerMetadata.as_view(), name="oauth-server-metadata"),
    path(".well-known/oauth-authorization-server/oauth", ServerMetadata.as_view()),
    path("oauth/.well-known/oauth-authorization-server", ServerMetadata.as_view()),
    path(".well-known/openid-configuration", ServerMetadata.as_view()),
    path(".well-known/openid-configuration/oauth", ServerMetadata.as_view()),
    path("oauth/.well-known/openid-configuration", ServerMetadata.as_view()),
    path(
        ".well-known/oauth-protected-resource",
        ResourceMetadata.as_view(),
        name="oauth-resource-metadata",
    ),
    path(".well-known/oauth-protected-resource/api/v1", ResourceMetadata.as_view()),
]
