"""/banner: what the consent banner of a web page asks, and what its visitor answered."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from consent.api.answers import ConsentTokenSerializer
from consent.api.bodies import issued_body
from consent.api.camel import CamelSerializer, StrictSerializer
from consent.api.requests import checked, in_camel_case
from consent.rules.letters import LOCALES, locale_for
from consent.rules.preferences import banner_words
from consent.selectors.banner import banner_content
from consent.services.banner import BannerDecision, decide_banner, show_banner
from consent.services.circumstances import Circumstances
from core.api.credentials import client_ip
from core.api.gpc import Name, gpc_on, names_in
from core.api.views import ApiView
from core.errors import DomainError

TAG = ["Consent banner"]
_REGION = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"


class BannerUseSerializer(CamelSerializer):
    """One purpose to ask for, with the words to show."""

    purpose = serializers.CharField()
    name = serializers.CharField()
    notice = serializers.CharField()
    text = serializers.CharField()
    refused_by_signal = serializers.BooleanField(help_text="Global Privacy Control has said no: do not ask.")


class BannerSerializer(CamelSerializer):
    """What to show."""

    mode = serializers.ChoiceField(choices=["opt_in", "opt_out"])
    region = serializers.CharField(help_text="The place whose rule holds; * is the strictest.")
    rule_set = serializers.CharField()
    gpc = serializers.BooleanField()
    locale = serializers.ChoiceField(choices=LOCALES)
    words = serializers.DictField(child=serializers.CharField())
    purposes = BannerUseSerializer(many=True)


class BannerDecisionSerializer(StrictSerializer):
    """What a visitor decided; `shownOnly` asks for a token by record or, in opt-out places, by the notice shown."""

    anonymous_id = serializers.CharField(max_length=255, help_text="A random id that the page keeps.")
    region = serializers.RegexField(_REGION, required=False)
    lang = serializers.CharField(required=False, max_length=20)
    accepted = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)
    shown_only = serializers.BooleanField(default=False)


class BannerOutcomeSerializer(CamelSerializer):
    """What is allowed now, by purpose, and the token for it."""

    allowed = serializers.DictField(child=serializers.BooleanField())
    consent_token = ConsentTokenSerializer(allow_null=True)


class Banner(ApiView):
    """GET and POST /api/v1/banner, also for web pages with a publishable key."""

    scopes = {"get": "engagement:write", "post": "engagement:write"}
    from_pages = True

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """The visitor."""
        return names_in(request.data, ("anonymousId",))

    @extend_schema(
        operation_id="getBanner",
        summary="What a consent banner shows",
        parameters=[
            OpenApiParameter("region", str, description="Where the visitor is, as far as the page knows."),
            OpenApiParameter("lang", str, description="Language of the page."),
        ],
        responses=BannerSerializer,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Mode, words and purposes by the law of the place. No address is stored, nothing is recorded."""
        self.only("region", "lang")
        locale, gpc = self._locale(request.GET.get("lang", "")), gpc_on(request._request)
        content = banner_content(place=self._place(request.GET.get("region", "")), locale=locale, gpc=gpc)
        purposes = [
            {
                "purpose": use.key,
                "name": use.name,
                "notice": use.notice,
                "text": use.text,
                "refusedBySignal": use.by_signal,
            }
            for use in content.uses
        ]
        body = {
            "mode": content.mode,
            "region": content.place,
            "ruleSet": content.rule_set,
            "gpc": gpc,
            "locale": locale,
            "words": banner_words(locale),
            "purposes": purposes,
        }
        return Response(body, headers={"Cache-Control": "no-store"})

    @extend_schema(
        operation_id="decideBanner",
        summary="Record what a visitor decided",
        request=BannerDecisionSerializer,
        responses={201: BannerOutcomeSerializer},
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Every purpose shown is a yes or a no in the ledger; answers with a consent token for what is allowed.

        A refusal is answered, not raised: it must not undo a signal that the same request carried.
        """
        data = checked(BannerDecisionSerializer(data=request.data))
        decision = BannerDecision(
            anonymous_id=data["anonymous_id"],
            place=self._place(data.get("region", "")),
            accepted=data.get("accepted", []),
        )
        said: dict[str, Any] = {"decision": decision, "how": self._how(request, data), "by": self.actor}
        try:
            body = self._shown(said) if data["shown_only"] else self._decided(said)
        except DomainError as refusal:
            return self.handle_exception(in_camel_case(refusal))
        return Response(body, status=201, headers={"Cache-Control": "no-store"})

    def _decided(self, said: dict[str, Any]) -> dict[str, Any]:
        result = decide_banner(**said, now=timezone.now())
        allowed = {outcome.purpose: outcome.decision.allowed for outcome in result.recorded.outcomes}
        return {"allowed": allowed, "consentToken": issued_body(result.token) if result.token else None}

    def _shown(self, said: dict[str, Any]) -> dict[str, Any]:
        issued = show_banner(**said, now=timezone.now())
        return {"allowed": dict.fromkeys(issued.purposes, True), "consentToken": issued_body(issued)}

    def _how(self, request: Request, data: dict[str, Any]) -> Circumstances:
        return Circumstances(
            ip=client_ip(request._request),
            user_agent=request.headers.get("User-Agent", "")[:1_000],
            locale=self._locale(data.get("lang", "")),
            gpc=gpc_on(request._request),
        )

    def _place(self, said: str) -> str:
        header = settings.COUNTRY_HEADER
        return said or (self.request.headers.get(header, "")[:6].upper() if header else "")

    def _locale(self, said: str) -> str:
        return locale_for(said or self.request.headers.get("Accept-Language", ""))
