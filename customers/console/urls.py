"""Screens of customers."""

from core import menu
from core.console.views import screen
from customers.console.attributes import ArchiveAttribute, AttributeList, EditAttribute, NewAttribute
from customers.console.customers import (
    CustomerDetail,
    CustomerList,
    DeleteCustomer,
    EditCustomer,
    EditTags,
    NewCustomer,
    RevealCustomer,
)
from customers.console.duplicates import DecideDuplicate, DuplicateDetail, DuplicateList, FindDuplicates
from customers.console.entries import TimelineEntry
from customers.console.exports import ExportSegment
from customers.console.fields import EditField, FieldList
from customers.console.list_uploads import UploadList
from customers.console.merges import (
    ApproveMerge,
    ChooseMerge,
    IdentityRules,
    MergeDetail,
    MergeList,
    MergeWith,
    RefuseMerge,
    UndoMerge,
)
from customers.console.quality import AuditNow, QualityPage
from customers.console.score_editor import EditScore, NewScore
from customers.console.scores import ALERTS as SCORE_ALERTS
from customers.console.scores import (
    SCORES,
    ActivateScore,
    RecomputeScore,
    RetireScore,
    ScoreDetail,
    ScoreList,
)
from customers.console.search import PEOPLE
from customers.console.segment_builder import EditSegment, NewSegment
from customers.console.segments import (
    ALERTS,
    SEGMENTS,
    ArchiveSegment,
    ExplainSegment,
    NewSegmentList,
    RefreshSegment,
    SegmentDetail,
    SegmentList,
    SnapshotSegment,
)
from customers.console.tag_list import EditTag, TagList
from customers.console.tag_rules import EndTagRule, NewTagRule

menu.add_search(PEOPLE)
menu.add_panel("customer", SEGMENTS)
menu.add_panel("customer", SCORES)
menu.add_alerts(ALERTS)
menu.add_alerts(SCORE_ALERTS)
urlpatterns = [
    screen("customers", CustomerList),
    screen("customers/new", NewCustomer),
    screen("customers/<str:public_id>", CustomerDetail),
    screen("customers/<str:public_id>/timeline/<str:place>", TimelineEntry),
    screen("customers/<str:public_id>/edit", EditCustomer),
    screen("customers/<str:public_id>/tags", EditTags),
    screen("customers/<str:public_id>/delete", DeleteCustomer),
    screen("customers/<str:public_id>/reveal", RevealCustomer),
    screen("customers/<str:public_id>/merge", ChooseMerge),
    screen("customers/<str:public_id>/merge/<str:other_id>", MergeWith),
    screen("duplicates", DuplicateList),
    screen("duplicates/find", FindDuplicates),
    screen("duplicates/<str:public_id>", DuplicateDetail),
    screen("duplicates/<str:public_id>/decide", DecideDuplicate),
    screen("merges", MergeList),
    screen("merges/<str:public_id>", MergeDetail),
    screen("merges/<str:public_id>/approve", ApproveMerge),
    screen("merges/<str:public_id>/refuse", RefuseMerge),
    screen("merges/<str:public_id>/undo", UndoMerge),
    screen("identity-rules", IdentityRules),
    screen("tags", TagList),
    screen("tags/rule", NewTagRule),
    screen("tags/<int:tag_id>/rule/end", EndTagRule),
    screen("tags/<int:tag_id>/edit", EditTag),
    screen("segments", SegmentList),
    screen("segments/new", NewSegment),
    screen("segments/new-list", NewSegmentList),
    screen("segments/<slug:slug>", SegmentDetail),
    screen("segments/<slug:slug>/upload", UploadList),
    screen("segments/<slug:slug>/export", ExportSegment),
    screen("segments/<slug:slug>/edit", EditSegment),
    screen("segments/<slug:slug>/refresh", RefreshSegment),
    screen("segments/<slug:slug>/snapshot", SnapshotSegment),
    screen("segments/<slug:slug>/archive", ArchiveSegment),
    screen("segments/<slug:slug>/explain", ExplainSegment),
    screen("scores", ScoreList),
    screen("scores/new", NewScore),
    screen("scores/<slug:slug>", ScoreDetail),
    screen("scores/<slug:slug>/edit", EditScore),
    screen("scores/<slug:slug>/activate", ActivateScore),
    screen("scores/<slug:slug>/recompute", RecomputeScore),
    screen("scores/<slug:slug>/retire", RetireScore),
    screen("quality", QualityPage),
    screen("quality/audit", AuditNow),
    screen("fields", FieldList),
    screen("fields/<str:field>/edit", EditField),
    screen("attributes", AttributeList),
    screen("attributes/new", NewAttribute),
    screen("attributes/<slug:key>/edit", EditAttribute),
    screen("attributes/<slug:key>/archive", ArchiveAttribute),
]
