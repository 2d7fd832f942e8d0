"""Views and addresses for the tests of the API's ground rules; never part of the product."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.actors import Credential
from core.api.conditional import etag_of
from core.api.doors import door
from core.api.throttling import INGEST
from core.api.views import ApiView
from core.errors import Conflict, InvalidInput
from core.models import Cursor
from marketing_hub import urls as product

handler403, handler404, handler500 = product.handler403, product.handler404, product.handler500


class Body(serializers.Serializer[Any]):
    name = serializers.CharField()


class Things(ApiView):
    scopes = {"post": "customers:write", "get": "customers:read", "patch": "customers:write"}

    def post(self, request: Request) -> Response:
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        name = body.validated_data["name"]
        Cursor.objects.create(name=name)
        if name == "taken":
            raise Conflict("It is taken.")
        if name == "invalid":
            raise ValidationError({"name": ["no"]})
        if name == "broken":
            raise RuntimeError("a defect")
        if name == "slow":
            time.sleep(0.5)
        return Response({"name": name}, status=201, headers={"Location": f"/things/{name}"})

    def get(self, request: Request) -> Response:
        return self.tagged({"name": "one"}, etag_of("one", 1))

    def patch(self, request: Request) -> Response:
        self.check_unchanged(etag_of("one", 1))
        return Response({})


class Bulk(ApiView):
    scopes = {"post": "customers:write"}
    key_required = frozenset({"post"})

    def post(self, request: Request) -> Response:
        return Response({})


@door(scope="engagement:write", resource=INGEST)
def plain(request: HttpRequest, credential: Credential) -> HttpResponse:
    if b"bad" in request.body:
        raise InvalidInput("Invalid 'body'", param="body")
    Cursor.objects.create(name=request.body.decode())
    return JsonResponse({"client": credential.client_id}, status=202)


urlpatterns = [
    path("api/v1/", include([path("things", Things.as_view()), path("bulk", Bulk.as_view()), path("plain", plain)])),
    path("api/things", Things.as_view()),
    path("v1/plain", plain),
    *product.urlpatterns,
]
