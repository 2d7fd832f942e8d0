"""Addresses of customers below /api/v1, and the unversioned ones below /api."""

from typing import Any

from django.urls import path

from customers.api.attributes import AttributesSchema, AttributeViewSet
from customers.api.batches import BatchRead, BatchUpsert, CustomersBatch
from customers.api.changes import CustomerChanges
from customers.api.customers import CustomerViewSet
from customers.api.duplicates import DecideDuplicate, DuplicateViewSet
from customers.api.exports import ExportFile, ExportViewSet, SegmentExports
from customers.api.fields import FieldDetail, Fields
from customers.api.identities import IdentityViewSet
from customers.api.jobs import WISHES, JobResult, JobViewSet, UndoImport
from customers.api.merges import ApproveMerge, CustomerMerge, MergeViewSet, RefuseMerge, UndoMerge
from customers.api.purchases import PurchaseViewSet
from customers.api.quality import QualityAuditViewSet
from customers.api.scores import CustomerScores, ScoreModelViewSet
from customers.api.searches import CustomerSearch
from customers.api.segment_changes import CustomerSegments, SegmentChanges
from customers.api.segment_members import (
    SegmentExplanation,
    SegmentMembers,
    SegmentMembersBatch,
    SegmentRunViewSet,
)
from customers.api.segments import SegmentPreview, SegmentSchema, SegmentViewSet, StoredSegmentPreview
from customers.api.tag_list import TagRuleView, TagViewSet
from customers.api.tags import CustomerTagDetail, CustomerTags
from customers.api.timeline import CustomerTimeline

_MANY: dict[str, Any] = {"get": "list", "post": "create"}
_CUSTOMER: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "put": "update", "delete": "destroy"}
_SEGMENT: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

aliases = [
    path("users/<path:user_id>/tags", CustomerTags.as_view()),
    path("users/<path:user_id>/tags/<str:tag>", CustomerTagDetail.as_view()),
]
urlpatterns = [
    path("customers", CustomerViewSet.as_view(_MANY)),
    path("customers:batch", CustomersBatch.as_view()),
    path("customers/batch/upsert", BatchUpsert.as_view()),
    path("customers/batch/read", BatchRead.as_view()),
    path("customers/search", CustomerSearch.as_view()),
    path("customers/changes", CustomerChanges.as_view()),
    path("customers/<path:reference>/timeline", CustomerTimeline.as_view()),
    path("customers/<path:reference>/identities", IdentityViewSet.as_view(_MANY)),
    path("customers/<path:reference>/merge", CustomerMerge.as_view()),
    path("customers/<path:reference>/scores", CustomerScores.as_view()),
    path("customers/<path:reference>/segments", CustomerSegments.as_view()),
    path("customers/<path:reference>/purchases", PurchaseViewSet.as_view(_MANY)),
    path("customers/<path:reference>", CustomerViewSet.as_view(_CUSTOMER)),
    path("tags", TagViewSet.as_view({"get": "list"})),
    path("tags/<str:name>/rule", TagRuleView.as_view()),
    path("tags/<str:name>", TagViewSet.as_view({"patch": "partial_update"})),
    path("duplicates", DuplicateViewSet.as_view({"get": "list"})),
    path("duplicates/<str:pair_id>", DuplicateViewSet.as_view({"get": "retrieve"})),
    path("duplicates/<str:pair_id>/decide", DecideDuplicate.as_view()),
    path("merges", MergeViewSet.as_view({"get": "list"})),
    path("merges/<str:merge_id>", MergeViewSet.as_view({"get": "retrieve"})),
    path("merges/<str:merge_id>/approve", ApproveMerge.as_view()),
    path("merges/<str:merge_id>/refuse", RefuseMerge.as_view()),
    path("merges/<str:merge_id>/undo", UndoMerge.as_view()),
    path("attributes", AttributeViewSet.as_view(_MANY)),
    path("attributes/schema", AttributesSchema.as_view()),
    path("attributes/<str:key>", AttributeViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("fields", Fields.as_view()),
    path("fields/<str:name>", FieldDetail.as_view()),
    path("quality/audits", QualityAuditViewSet.as_view({"get": "list"})),
    path("quality/audits/<str:audit_id>", QualityAuditViewSet.as_view({"get": "retrieve"})),
    path("quality/audits/<str:audit_id>/findings", QualityAuditViewSet.as_view({"get": "findings"})),
    path("score-models", ScoreModelViewSet.as_view(_MANY)),
    path("score-models/<str:score>", ScoreModelViewSet.as_view(_SEGMENT)),
    path("score-models/<str:score>/activate", ScoreModelViewSet.as_view({"post": "activate"})),
    path("score-models/<str:score>/recompute", ScoreModelViewSet.as_view({"post": "recompute"})),
    path("segments", SegmentViewSet.as_view(_MANY)),
    path("segments/schema", SegmentSchema.as_view()),
    path("segments/preview", SegmentPreview.as_view()),
    path("segments/<str:segment>", SegmentViewSet.as_view(_SEGMENT)),
    path("segments/<str:segment>/refresh", SegmentViewSet.as_view({"post": "refresh"})),
    path("segments/<str:segment>/preview", StoredSegmentPreview.as_view()),
    path("segments/<str:segment>/snapshot", SegmentViewSet.as_view({"post": "snapshot"})),
    path("segments/<str:segment>/members", SegmentMembers.as_view()),
    path("segments/<str:segment>/members/batch", SegmentMembersBatch.as_view()),
    path("segments/<str:segment>/exports", SegmentExports.as_view()),
    path("segments/<str:segment>/changes", SegmentChanges.as_view()),
    path("segments/<str:segment>/explain", SegmentExplanation.as_view()),
    path("segments/<str:segment>/runs", SegmentRunViewSet.as_view({"get": "list"})),
    path("exports", ExportViewSet.as_view({"get": "list"})),
    path("exports/<str:export_id>", ExportViewSet.as_view({"get": "retrieve"})),
    path("exports/<str:export_id>/file", ExportFile.as_view()),
    path("jobs", JobViewSet.as_view(_MANY)),
    path("jobs/<str:job_id>", JobViewSet.as_view({"get": "retrieve"})),
    path("jobs/<str:job_id>/undo", UndoImport.as_view()),
    path("jobs/<str:job_id>/result", JobResult.as_view()),
    *(path(f"jobs/<str:job_id>/{wish}", view.as_view()) for wish, view in WISHES.items()),
    *aliases,
]
