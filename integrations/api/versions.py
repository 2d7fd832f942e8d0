"""Which versions of the API answer here: the same address in each of them."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.scopes import ANY
from core.api.views import ApiView
from integrations.api.serializers import VersionsSerializer


class Versions(ApiView):
    """GET /api/v1/versions and GET /api/v2."""

    scopes = {"get": ANY}

    @extend_schema(
        operation_id="listVersions", summary="Versions of the API", responses=VersionsSerializer, tags=["Account"]
    )
    def get(self, request: Request) -> Response:
        """Each version with its address and state: `current`, `preview` (shapes may still change) or `deprecated`.

        A deprecated one also says when it ends; it then answers 410 `version_sunset`.
        """
        self.only()
        rows = [
            {"version": version, "base": base, "status": status, "sunset": None}
            for base, (version, status) in settings.API_VERSIONS.items()
        ]
        return Response(
            VersionsSerializer({"versions": rows, "changelog": f"{settings.PUBLIC_URL}/docs/changelog"}).data
        )
