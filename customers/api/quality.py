"""/quality: audits of data quality and what they found."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiViewSet
from customers.models import QualityAudit, QualityFinding
from customers.rules.quality import Check
from customers.selectors.quality import examples_of, find_audit, findings_of, list_audits, title_of

EXAMPLES = 10


class QualityMeasureSerializer(serializers.Serializer[object]):
    """One characteristic: its score from 0 to 100, and `defects` among `of` things."""

    dimension = serializers.CharField()
    score = serializers.FloatField()
    defects = serializers.IntegerField()
    of = serializers.IntegerField()


class QualityAuditSerializer(serializers.Serializer[object]):
    """One audit of everybody."""

    id = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField()
    people = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True, help_text="0 to 100; null when there was nobody to look at.")
    measures = QualityMeasureSerializer(many=True)


class QualityFindingSerializer(serializers.Serializer[object]):
    """What is wrong with a field, or with whole profiles when `field` is empty."""

    id = serializers.CharField()
    title = serializers.CharField()
    check = serializers.ChoiceField(choices=Check.values)
    field = serializers.CharField()
    count = serializers.IntegerField()
    of = serializers.IntegerField()
    parts = serializers.DictField(child=serializers.IntegerField(), help_text="Figures that say more; never a value.")
    examples = serializers.ListField(child=serializers.CharField(), help_text="Public ids of at most ten customers.")


class QualityAuditViewSet(ApiViewSet):
    """/api/v1/quality/audits."""

    scopes = {"list": "customers:read", "retrieve": "customers:read", "findings": "customers:read"}
    tag = "Data quality"
    queryset = QualityAudit.objects.all()
    sort_fields: Sequence[str] = ("finished_at",)
    default_sort = "-finished_at"

    @extend_schema(operation_id="listQualityAudits", responses=QualityAuditSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List audits of data quality.

        The newest first: the scores are the trend.
        """
        page = self.list_page(list_audits(), filterset=None, now=timezone.now())
        return self.page_response(page, [audit_answer(audit) for audit in page.rows])

    @extend_schema(operation_id="getQualityAudit", responses=QualityAuditSerializer)
    def retrieve(self, request: Request, audit_id: str) -> Response:
        """Read an audit.

        `latest` is the newest one.
        """
        self.only()
        return Response(audit_answer(find_audit(audit_id)))

    @extend_schema(operation_id="listQualityFindings", responses=QualityFindingSerializer(many=True))
    def findings(self, request: Request, audit_id: str) -> Response:
        """List what an audit found.

        The gravest share first. `GET /customers?quality=<id>` lists up to 500 customers behind a finding of the newest
        audit.
        """
        self.sort_fields, self.default_sort = ("rank", "count"), "rank"
        page = self.list_page(findings_of(find_audit(audit_id)), filterset=None, now=timezone.now())
        some = examples_of(page.rows, most=EXAMPLES)
        return self.page_response(page, [finding_answer(row, some[row.pk]) for row in page.rows])


def audit_answer(audit: QualityAudit) -> dict[str, Any]:
    """An audit as partners see it."""
    return {
        "id": audit.public_id,
        "started_at": audit.started_at,
        "finished_at": audit.finished_at,
        "people": audit.people,
        "score": None if audit.score is None else float(audit.score),
        "measures": [{"dimension": name, **one} for name, one in audit.measures.items()],
    }


def finding_answer(finding: QualityFinding, examples: list[str]) -> dict[str, Any]:
    """A finding as partners see it."""
    return {
        "id": finding.public_id,
        "title": title_of(finding),
        "check": finding.check_name,
        "field": finding.field,
        "count": finding.count,
        "of": finding.of,
        "parts": finding.parts,
        "examples": examples,
    }
