"""/api/v1/audit: the audit log for auditors' tools, and the seals that prove it was not changed."""

from django.http import HttpResponse
from django_filters import CharFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from core.api.views import ApiViewSet
from core.models import AuditEntry, AuditSeal
from customers.selectors.filters import InstantFilter
from integrations.api.serializers import AuditEntrySerializer, AuditSealSerializer

SEARCHED = {"max_length": 128, "lookup_expr": "exact"}


class AuditEntryFilter(FilterSet):  # type: ignore[misc]
    """What the log can be narrowed by; each is served by an index."""

    action = CharFilter(**SEARCHED)
    target = CharFilter(**SEARCHED)
    actor = CharFilter(field_name="actor_id", **SEARCHED)
    request_id = CharFilter(**SEARCHED)
    since = InstantFilter(field_name="at", lookup_expr="gte")
    until = InstantFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEntry
        fields: list[str] = []


class AuditSealFilter(FilterSet):  # type: ignore[misc]
    """Seals over a stretch of time."""

    since = InstantFilter(field_name="until", lookup_expr="gt")
    until = InstantFilter(field_name="until", lookup_expr="lte")

    class Meta:
        model = AuditSeal
        fields: list[str] = []


class AuditEntries(ApiViewSet):
    """/api/v1/audit."""

    scopes = {"list": "audit:read"}
    queryset = AuditEntry.objects.all()
    filterset_class = AuditEntryFilter
    serializer_class = AuditEntrySerializer
    sort_fields, default_sort = ("at",), "-at"

    @extend_schema(
        operation_id="listAuditEntries",
        summary="Audit log",
        responses=AuditEntrySerializer(many=True),
        tags=["Audit"],
    )
    def list(self, request: Request) -> HttpResponse:
        """Who did what to which object, newest first; never a person's data, and the network address of nobody."""
        return super().list(request)


class AuditSeals(ApiViewSet):
    """/api/v1/audit/seals."""

    scopes = {"list": "audit:read"}
    queryset = AuditSeal.objects.all()
    filterset_class = AuditSealFilter
    serializer_class = AuditSealSerializer
    sort_fields, default_sort = ("until",), "-until"

    @extend_schema(
        operation_id="listAuditSeals",
        summary="Seals of the audit log",
        responses=AuditSealSerializer(many=True),
        tags=["Audit"],
    )
    def list(self, request: Request) -> HttpResponse:
        """Digests over everything recorded, each covering the one before, newest first.

        Write one down elsewhere: it proves that nothing before its `until` was changed, removed or slipped in since.
        """
        return super().list(request)
