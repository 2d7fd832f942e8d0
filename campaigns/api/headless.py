"""POST /content: content for one person as JSON, for chatbots, voices and apps."""

from collections.abc import Iterable
from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.services.headless import SOURCES, Asked, render_content
from core.api.gpc import Name, gpc_on, names_in
from core.api.views import ApiView
from core.errors import InvalidInput

_TEXTS: Final = ("customer", *SOURCES, "purpose", "locale")


class ContentInputSerializer(serializers.Serializer[object]):
    """For whom, and one of campaign, template, promotion, offer."""

    customer = serializers.CharField(max_length=255, help_text="Id of a customer; also one we do not know.")
    campaign = serializers.CharField(max_length=255, required=False, help_text="Id of a campaign under way.")
    template = serializers.CharField(max_length=255, required=False, help_text="Id or key.")
    promotion = serializers.CharField(max_length=255, required=False, help_text="Id or key.")
    offer = serializers.CharField(max_length=255, required=False, help_text="Id or key: by what promotes it now.")
    purpose = serializers.CharField(max_length=255, required=False, help_text="Of a template; else personalisation.")
    locale = serializers.CharField(max_length=255, required=False, help_text="Instead of the customer's language.")
    log_exposure = serializers.BooleanField(required=False, help_text="It is shown now, and counts.")


class ContentSourceSerializer(serializers.Serializer[object]):
    """What was asked for."""

    kind = serializers.ChoiceField(choices=SOURCES)
    id = serializers.CharField()
    key = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class ContentLinkSerializer(serializers.Serializer[object]):
    """A link in a paragraph or list."""

    text = serializers.CharField()
    url = serializers.CharField()


class ContentBlockSerializer(serializers.Serializer[object]):
    """One block; it has the members of its type."""

    type = serializers.ChoiceField(choices=["heading", "paragraph", "list", "button", "rule"])
    text = serializers.CharField(required=False)
    items = serializers.ListField(child=serializers.CharField(), required=False)
    url = serializers.CharField(required=False)
    links = ContentLinkSerializer(many=True, required=False)


class ContentActionSerializer(ContentLinkSerializer):
    """What the person can do next."""

    type = serializers.ChoiceField(choices=["open_url"])


class ContentSerializer(serializers.Serializer[object]):
    """The content; without permission `allowed` is false, `reason` says why, and there are no words."""

    customer = serializers.CharField()
    about = ContentSourceSerializer()
    allowed = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True, help_text="A code; null when allowed.")
    personal = serializers.BooleanField(help_text="Whether it was written or chosen for this person.")
    title = serializers.CharField(allow_blank=True)
    blocks = ContentBlockSerializer(many=True, help_text="In their order, for cards and bubbles.")
    text = serializers.CharField(allow_blank=True, help_text="All of it as plain text, with addresses.")
    short_text = serializers.CharField(allow_blank=True, help_text="At most 160 characters.")
    speech = serializers.CharField(allow_blank=True, help_text="All of it as sentences without addresses, for a voice.")
    actions = ContentActionSerializer(many=True)
    offer = serializers.DictField(allow_null=True, help_text="Of a promotion or offer.")
    exposure = serializers.CharField(allow_null=True, help_text="What it counts as; null when it is not counted.")


class HeadlessContent(Bodies, ApiView):
    """POST /api/v1/content."""

    scopes = {"post": "promotions:serve"}
    tag = "Promotions"

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """For whom."""
        return names_in(request.data, ("customer",))

    @extend_schema(operation_id="renderContent", request=ContentInputSerializer, responses=ContentSerializer)
    def post(self, request: Request) -> Response:
        """Content of a campaign, template, promotion or offer for one customer.

        As blocks, plain text, a short text and text to be spoken, for channels of your own. Permission is read now.
        """
        self.only()
        body = self.body(*_TEXTS, "log_exposure")
        log = body.pop("log_exposure", False)
        if not isinstance(log, bool):
            raise InvalidInput("Invalid 'log_exposure': it must be true or false.", param="log_exposure")
        for name, value in body.items():
            if not isinstance(value, str) or not 0 < len(value) <= 255 or not value.isprintable():
                raise InvalidInput(f"Invalid '{name}'", param=name)
        if "customer" not in body:
            raise InvalidInput("Missing required field 'customer'", code="missing_field", param="customer")
        named = [name for name in SOURCES if name in body]
        if len(named) != 1:
            raise InvalidInput(f"Name one of {', '.join(SOURCES)}.", code="missing_field", param="campaign")
        rest = {name: body[name] for name in ("purpose", "locale") if name in body}
        asked = Asked(
            user=body["customer"],
            source=named[0],
            reference=body[named[0]],
            log=log,
            signal=gpc_on(request._request),
            **rest,
        )
        return Response(render_content(asked=asked, client=self.credential.client_id, now=timezone.now()))
