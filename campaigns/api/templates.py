"""/templates: the library of messages and blocks."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.api.bodies import Bodies
from campaigns.models import ContentTemplate, TemplateVersion
from campaigns.rules.content.library import TemplateKind, TemplateState
from campaigns.selectors.templates import (
    find_template,
    list_templates,
    list_versions,
    template_answer,
    users_of,
    version_answer,
)
from campaigns.services.templates import (
    archive_template,
    change_template,
    define_template,
    delete_template,
    restore_template,
)
from core.api.conditional import etag_of
from core.api.views import ApiViewSet


class TemplateUserSerializer(serializers.Serializer[object]):
    """Who uses a template."""

    sort = serializers.ChoiceField(choices=["campaign", "automation", "template"])
    name = serializers.CharField()
    id = serializers.CharField(help_text="Public id; of a template its key.")
    state = serializers.CharField()
    version = serializers.IntegerField(allow_null=True, help_text="Whose words were taken; null: always the newest.")


class TemplateSerializer(serializers.Serializer[object]):
    """A template with its newest words."""

    id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(choices=TemplateKind.values)
    state = serializers.CharField(help_text="active or archived")
    owner = serializers.CharField()
    version = serializers.IntegerField()
    subject = serializers.CharField(help_text="Of messages only.")
    body = serializers.CharField(help_text="A line `[[de]]` begins the part for German, as in campaigns.")
    locales = serializers.ListField(child=serializers.CharField(), help_text="Languages with a part of their own.")
    uses = serializers.IntegerField(help_text="How many use it.")
    used_by = TemplateUserSerializer(many=True, required=False, help_text="When one template is read; at most 200.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class TemplateChangeSerializer(serializers.Serializer[object]):
    """Other words are the next version."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    subject = serializers.CharField(max_length=200, required=False, allow_blank=True)
    body = serializers.CharField(max_length=100_000, required=False)
    note = serializers.CharField(max_length=200, required=False, help_text="What is new in this version.")


class TemplateInputSerializer(TemplateChangeSerializer):
    """A new template."""

    key = serializers.CharField(max_length=50, help_text="Lower-case letters, digits and hyphens; never changes.")
    kind = serializers.CharField(help_text="message or block; never changes.")
    name = serializers.CharField(max_length=120)
    body = serializers.CharField(max_length=100_000)


class TemplateVersionSerializer(serializers.Serializer[object]):
    """Words as they were written once."""

    number = serializers.IntegerField()
    subject = serializers.CharField()
    body = serializers.CharField()
    note = serializers.CharField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()


class TemplateFilter(FilterSet):  # type: ignore[misc]
    """What templates can be narrowed by."""

    kind = ChoiceFilter(choices=TemplateKind.choices)
    state = ChoiceFilter(choices=TemplateState.choices)


class TemplateViewSet(Bodies, ApiViewSet):
    """/api/v1/templates and /api/v1/templates/{template}."""

    scopes = {
        **dict.fromkeys(("list", "retrieve"), "campaigns:read"),
        **dict.fromkeys(("create", "partial_update", "destroy", "archive", "restore"), "campaigns:write"),
    }
    tag = "Templates"
    queryset = ContentTemplate.objects.all()
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilter

    @extend_schema(responses=TemplateSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List templates.

        Newest first; archived ones when `state` asks for them.
        """
        archived = request._request.GET.get("state") == TemplateState.ARCHIVED
        rows = list_templates(include_archived=archived)
        page = self.list_page(rows, filterset=TemplateFilter, now=timezone.now())
        return self.page_response(page, [template_answer(row) for row in page.rows])

    @extend_schema(request=TemplateInputSerializer, responses={201: TemplateSerializer})
    def create(self, request: Request) -> Response:
        """Write a new template.

        Refused with everything that is wrong with its words: what stands in the library can be sent.
        """
        self.only()
        template = define_template(values=self.body(), by=self.actor, now=timezone.now())
        return self._answer(template.key, status=201)

    @extend_schema(responses=TemplateSerializer)
    def retrieve(self, request: Request, template: str) -> Response:
        """Read a template.

        With its newest words and who uses it.
        """
        self.only()
        return self._answer(template)

    @extend_schema(request=TemplateChangeSerializer, responses=TemplateSerializer)
    def partial_update(self, request: Request, template: str) -> Response:
        """Change a template.

        Other words are its next version. Drafts that name a block get them; what was approved stays as it was.
        """
        self.only()
        found = find_template(template)
        self.check_unchanged(_etag(found))
        change_template(template=found, values=self.body(), by=self.actor, now=timezone.now())
        return self._answer(template)

    @extend_schema(operation_id="deleteTemplate", request=None, responses={204: None})
    def destroy(self, request: Request, template: str) -> Response:
        """Delete a template that nobody uses.

        Refused (409) with who uses it; such a one can be archived.
        """
        self.only()
        delete_template(template=find_template(template), by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="archiveTemplate", request=None, responses=TemplateSerializer)
    def archive(self, request: Request, template: str) -> Response:
        """Archive a template.

        Nobody takes it any more; what was approved with it goes on.
        """
        return self._step(template, archive_template)

    @extend_schema(operation_id="restoreTemplate", request=None, responses=TemplateSerializer)
    def restore(self, request: Request, template: str) -> Response:
        """Bring an archived template back."""
        return self._step(template, restore_template)

    def _step(self, reference: str, step: Callable[..., ContentTemplate]) -> Response:
        self.only()
        step(template=find_template(reference), by=self.actor, now=timezone.now())
        return self._answer(reference)

    def _answer(self, reference: str, status: int = 200) -> Response:
        template = find_template(reference)
        headers = {"ETag": _etag(template)}
        if status == 201:
            headers["Location"] = f"/api/v1/templates/{template.key}"
        return Response(template_answer(template, users_of(template)), status=status, headers=headers)


class TemplateVersionViewSet(ApiViewSet):
    """/api/v1/templates/{template}/versions."""

    scopes = {"list": "campaigns:read"}
    tag = "Templates"
    queryset = TemplateVersion.objects.all()
    serializer_class = TemplateVersionSerializer
    sort_fields = ("id",)
    default_sort = "-id"

    @extend_schema(operation_id="listTemplateVersions", responses=TemplateVersionSerializer(many=True))
    def list(self, request: Request, template: str) -> HttpResponse:  # type: ignore[override]
        """List the versions of a template.

        Newest first.
        """
        page = self.list_page(list_versions(find_template(template)), filterset=None, now=timezone.now())
        return self.page_response(page, [version_answer(row) for row in page.rows])


def _etag(template: ContentTemplate) -> str:
    return etag_of(template.public_id, template.state, template.updated_at)
