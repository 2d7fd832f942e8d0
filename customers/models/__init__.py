"""Tables of customers."""

from customers.models.attributes import AttributeDefinition
from customers.models.customers import Customer, CustomerQuerySet, Status
from customers.models.duplicates import DuplicatePair, MatchKey, PairState
from customers.models.exports import ExportForm, ExportState, MemberExport
from customers.models.governance import FieldOrigin, FieldPolicy
from customers.models.history import ProfileChange
from customers.models.identities import Identity
from customers.models.imports import ImportFile, ImportTarget, RefusedRow
from customers.models.merges import Merge, MergeImage, MergeOrigin, MergeState
from customers.models.purchases import Purchase
from customers.models.quality import QualityAudit, QualityExample, QualityFinding
from customers.models.scores import CustomerScore, ScoreCause, ScoreChange, ScoreModel, ScoreVersion, ScoreVersionState
from customers.models.segment_changes import ChangeReason, SegmentChange, SegmentDay
from customers.models.segments import (
    RunKind,
    RunState,
    Segment,
    SegmentKind,
    SegmentMember,
    SegmentRun,
    SegmentState,
    SegmentVersion,
    VersionState,
)
from customers.models.tags import CustomerTag, Tag, TagColour, TagOrigin, TagRule
from customers.models.touches import Touch
from customers.models.undo import ImportChange
from customers.rules.attributes import AttributeType
from customers.rules.fields import PiiClass
from customers.rules.governance import ConflictRule, Format
from customers.rules.identity import IdentityKind

__all__ = [
    "AttributeDefinition",
    "AttributeType",
    "ChangeReason",
    "ConflictRule",
    "Customer",
    "CustomerQuerySet",
    "CustomerScore",
    "CustomerTag",
    "DuplicatePair",
    "ExportForm",
    "ExportState",
    "FieldOrigin",
    "FieldPolicy",
    "Format",
    "Identity",
    "IdentityKind",
    "ImportChange",
    "ImportFile",
    "ImportTarget",
    "MatchKey",
    "MemberExport",
    "Merge",
    "MergeImage",
    "MergeOrigin",
    "MergeState",
    "PairState",
    "PiiClass",
    "ProfileChange",
    "Purchase",
    "QualityAudit",
    "QualityExample",
    "QualityFinding",
    "RefusedRow",
    "RunKind",
    "RunState",
    "ScoreCause",
    "ScoreChange",
    "ScoreModel",
    "ScoreVersion",
    "ScoreVersionState",
    "Segment",
    "SegmentChange",
    "SegmentDay",
    "SegmentKind",
    "SegmentMember",
    "SegmentRun",
    "SegmentState",
    "SegmentVersion",
    "Status",
    "Tag",
    "TagColour",
    "TagOrigin",
    "TagRule",
    "Touch",
    "VersionState",
]
