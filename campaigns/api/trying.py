"""Trying a message: previews as one customer would see it, tests to people of the house, and where its links lead."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.selectors.campaigns import find_campaign
from campaigns.selectors.links import body_of, link_answer, links_of
from campaigns.selectors.templates import find_template
from campaigns.services.links import check_campaign_links
from campaigns.services.trying import preview_template, preview_words, send_test_to
from core.api.gpc import Name, names_in
from core.api.views import ApiView
from core.errors import InvalidInput
from customers.models import Customer
from customers.selectors.customers import find_customer


class PreviewInputSerializer(serializers.Serializer[object]):
    """As whom."""

    customer = serializers.CharField(help_text="Id of a customer.")
    locale = serializers.CharField(required=False, help_text="Instead of the customer's language.")


class TemplatePreviewInputSerializer(PreviewInputSerializer):
    """As whom, and of which version."""

    version = serializers.IntegerField(required=False, help_text="The newest by default.")


class WordsSerializer(serializers.Serializer[object]):
    """Words as one customer would get them; without the way out, which is for the customer alone."""

    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField(help_text="The plain-text twin.")


class TestInputSerializer(serializers.Serializer[object]):
    """As whom, and to whom."""

    customer = serializers.CharField(help_text="Id of a customer.")
    to = serializers.EmailField(help_text="Address of a member of staff: tests go to nobody else.")


class TestSentSerializer(serializers.Serializer[object]):
    """It is with the mail server."""

    sent = serializers.BooleanField()


class CampaignLinkSerializer(serializers.Serializer[object]):
    """A link of a campaign, and what was found there."""

    url = serializers.CharField()
    alive = serializers.BooleanField(allow_null=True, help_text="null: nobody has looked yet.")
    status = serializers.IntegerField(allow_null=True, help_text="HTTP status after redirects; null: no answer.")
    words = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)


class CampaignLinksSerializer(serializers.Serializer[object]):
    """The links of a campaign; a dead one keeps it from being submitted and launched."""

    links = CampaignLinkSerializer(many=True)


class LinksAskedSerializer(serializers.Serializer[object]):
    """How many are being looked at."""

    links = serializers.IntegerField()


class _Trying(Bodies, ApiView):
    """What these addresses share: a body that names a customer."""

    abstract = True
    scopes = {"post": "customers.pii:read"}
    tag = "Campaigns"

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """As whom."""
        return names_in(request.data, ("customer",))

    def read(self, *more: str) -> tuple[Customer, dict[str, Any]]:
        """The customer, and the other members of the body: texts, `version` a number from 1."""
        self.only()
        body = self.body("customer", *more)
        for name, value in body.items():
            fits = isinstance(value, str) and 0 < len(value) <= 255
            if name == "version":
                fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31
            if not fits:
                raise InvalidInput(f"Invalid '{name}'", param=name)
        if "customer" not in body:
            raise InvalidInput("Missing required field 'customer'", code="missing_field", param="customer")
        return find_customer(reference=body.pop("customer")), body


class PreviewCampaign(_Trying):
    """POST /api/v1/campaigns/{campaign_id}/preview."""

    @extend_schema(operation_id="previewCampaign", request=PreviewInputSerializer, responses=WordsSerializer)
    def post(self, request: Request, campaign_id: str) -> Response:
        """See a campaign as one customer would.

        Nothing is sent; the audit log says who looked at whom.
        """
        customer, body = self.read("locale")
        campaign, locale = find_campaign(campaign_id), body.get("locale", "")
        words = preview_words(campaign=campaign, customer=customer, locale=locale, by=self.actor, now=timezone.now())
        return Response({"subject": words.subject, "html": words.html, "text": words.text})


class SendTest(_Trying):
    """POST /api/v1/campaigns/{campaign_id}/test."""

    scopes = {"post": "campaigns:write"}

    @extend_schema(operation_id="sendCampaignTest", request=TestInputSerializer, responses={202: TestSentSerializer})
    def post(self, request: Request, campaign_id: str) -> Response:
        """Send one test to a member of staff.

        As one customer would get it, the subject marked. Refused (400) for any other address, (503) when the mail
        server does not take it.
        """
        customer, body = self.read("to")
        if "to" not in body:
            raise InvalidInput("Missing required field 'to'", code="missing_field", param="to")
        campaign = find_campaign(campaign_id)
        send_test_to(campaign=campaign, customer=customer, to=body["to"], by=self.actor, now=timezone.now())
        return Response({"sent": True}, status=202)


class PreviewTemplate(_Trying):
    """POST /api/v1/templates/{template}/preview."""

    tag = "Templates"

    @extend_schema(operation_id="previewTemplate", request=TemplatePreviewInputSerializer, responses=WordsSerializer)
    def post(self, request: Request, template: str) -> Response:
        """See a template as one customer would.

        Nothing is sent; the audit log says who looked at whom.
        """
        customer, body = self.read("locale", "version")
        words = preview_template(
            template=find_template(template),
            customer=customer,
            number=body.get("version"),
            locale=body.get("locale", ""),
            by=self.actor,
        )
        return Response({"subject": words.subject, "html": words.html, "text": words.text})


class CampaignLinks(ApiView):
    """GET and POST /api/v1/campaigns/{campaign_id}/links."""

    scopes = {"get": "campaigns:read", "post": "campaigns:write"}
    tag = "Campaigns"

    @extend_schema(operation_id="getCampaignLinks", responses=CampaignLinksSerializer)
    def get(self, request: Request, campaign_id: str) -> Response:
        """Read where the links of a campaign lead.

        They are looked at whenever its words change, and twice a day while it is about to leave.
        """
        self.only()
        return Response({"links": [link_answer(one) for one in links_of(body_of(find_campaign(campaign_id)))]})

    @extend_schema(operation_id="checkCampaignLinks", request=None, responses={202: LinksAskedSerializer})
    def post(self, request: Request, campaign_id: str) -> Response:
        """Have the links of a campaign looked at now."""
        self.only()
        campaign = find_campaign(campaign_id)
        number = check_campaign_links(campaign=campaign, by=self.actor, now=timezone.now())
        return Response({"links": number}, status=202)
