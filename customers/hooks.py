"""What customers contributes to the foundation: where its personal data lives, and the first timeline source.

Importing this module registers; the foundation does so at start-up.
"""

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from core import menu, meter, privacy
from core.privacy import PersonalData
from customers.models import (
    Customer,
    CustomerScore,
    CustomerTag,
    DuplicatePair,
    FieldOrigin,
    Identity,
    ImportChange,
    MatchKey,
    MemberExport,
    Merge,
    MergeImage,
    ProfileChange,
    Purchase,
    QualityExample,
    RefusedRow,
    ScoreChange,
    SegmentChange,
    SegmentMember,
    Touch,
)
from customers.selectors import exports, personal
from customers.selectors.activity import ACTIVITY
from customers.selectors.criteria import register_criterion
from customers.selectors.expansions import register_expansion
from customers.selectors.figures import customer_figures
from customers.selectors.origins import name_files, register_namer
from customers.selectors.quality import QUALITY
from customers.selectors.segments import listing
from customers.selectors.segments.orders import ORDERS
from customers.selectors.segments.own import CRITERIA
from customers.selectors.segments.registry import register_segment_criterion
from customers.selectors.segments.scoring import SCORE
from customers.selectors.segments.touching import OWN_CLOCKS, register_clock
from customers.selectors.segments.uses import register_use
from customers.selectors.tag_rules import tags_using
from customers.selectors.timeline import PURCHASES, register_source
from customers.services import erasure, guards, membership, segment_members
from customers.services.merge_lists import MEMBERSHIPS
from customers.services.merge_scores import SCORES

_PLACES = (
    PersonalData(
        name="customers.refused_rows",
        model=RefusedRow,
        category="rows of import files that were not stored",
        purpose="customer administration",
        retention="30 days",
        collect=personal.collect_refused_rows,
        erase=erasure.erase_refused_rows,
        order=10,
    ),
    PersonalData(
        name="customers.import_changes",
        model=ImportChange,
        category="profiles as they were before an import",
        purpose="undoing an import",
        retention="7 days",
        collect=personal.collect_import_changes,
        erase=erasure.erase_import_changes,
        order=20,
    ),
    PersonalData(
        name="customers.exports",
        model=MemberExport,
        category="files of members of segments that were exported",
        purpose="the purpose each was exported for",
        retention="24 hours unless EXPORT_HOURS says otherwise",
        collect=exports.exports_naming,
        erase=erasure.erase_exports,
        order=15,
    ),
    PersonalData(
        name="customers.segments",
        model=SegmentMember,
        category="segments a person is in, and since when",
        purpose="marketing",
        retention="until the segment is calculated again without the person",
        collect=personal.collect_segments,
        erase=erasure.erase_memberships,
        order=700,
    ),
    PersonalData(
        name="customers.scores",
        model=CustomerScore,
        category="lead scores of a person, and the rules that gave the points",
        purpose="marketing",
        retention="until the score is retired or its rules no longer fit the person",
        collect=personal.collect_scores,
        erase=erasure.erase_scores,
        order=700,
    ),
    PersonalData(
        name="customers.score_changes",
        model=ScoreChange,
        category="how a person's lead scores changed, and by which rules",
        purpose="marketing",
        retention="400 days unless SCORE_CHANGE_DAYS says otherwise",
        collect=personal.collect_score_changes,
        erase=erasure.erase_score_changes,
        order=700,
    ),
    PersonalData(
        name="customers.segment_changes",
        model=SegmentChange,
        category="segments a person came into or left, when and why",
        purpose="marketing",
        retention="400 days unless SEGMENT_CHANGE_DAYS says otherwise",
        collect=personal.collect_segment_changes,
        erase=erasure.erase_segment_changes,
        order=690,
    ),
    PersonalData(
        name="customers.touches",
        model=Touch,
        category="which parts of a profile changed, without values",
        purpose="marketing",
        retention="a day",
        collect=personal.collect_touches,
        erase=erasure.erase_touches,
        order=690,
    ),
    PersonalData(
        name="customers.profile_changes",
        model=ProfileChange,
        category="what a profile said before it was changed",
        purpose="marketing",
        retention="400 days unless PROFILE_CHANGE_DAYS says otherwise",
        collect=personal.collect_changes,
        erase=erasure.erase_changes,
        order=700,
    ),
    PersonalData(
        name="customers.merge_images",
        model=MergeImage,
        category="how two profiles were before they were merged",
        purpose="undoing a wrong merge (GDPR Art. 5(1)(d), accuracy)",
        retention="30 days unless MERGE_UNDO_DAYS says otherwise",
        collect=personal.collect_merge_images,
        erase=erasure.erase_merge_images,
        order=20,
    ),
    PersonalData(
        name="customers.field_origins",
        model=FieldOrigin,
        category="which system wrote a value of the profile",
        purpose="keeping data accurate (GDPR Art. 5(1)(d))",
        retention="as long as the rule of the field ranks systems",
        collect=personal.collect_field_origins,
        erase=erasure.erase_field_origins,
        order=700,
    ),
    PersonalData(
        name="customers.quality_examples",
        model=QualityExample,
        category="what the newest audit of data quality found about a profile",
        purpose="keeping data accurate (GDPR Art. 5(1)(d))",
        retention="until the next audit",
        collect=personal.collect_quality_examples,
        erase=erasure.erase_quality_examples,
        order=700,
    ),
    PersonalData(
        name="customers.duplicates",
        model=DuplicatePair,
        category="profiles that may be the same person",
        purpose="customer administration",
        retention="as long as both customers",
        collect=personal.collect_duplicates,
        erase=erasure.erase_duplicates,
        order=25,
    ),
    PersonalData(
        name="customers.match_keys",
        model=MatchKey,
        category="keyed hashes by which similar profiles are found",
        purpose="customer administration",
        retention="as long as the customer",
        collect=personal.collect_match_keys,
        erase=erasure.erase_match_keys,
        order=26,
    ),
    PersonalData(
        name="customers.merges",
        model=Merge,
        category="which profiles were found to be one person, by whom and why",
        purpose="customer administration",
        retention="as long as the customer",
        collect=personal.collect_merges,
        erase=erasure.erase_merges,
        order=30,
    ),
    PersonalData(
        name="customers.tags",
        model=CustomerTag,
        category="groups a person was put in",
        purpose="marketing",
        retention="as long as the customer",
        collect=personal.collect_tags,
        erase=erasure.erase_tags,
        order=800,
    ),
    PersonalData(
        name="customers.purchases",
        model=Purchase,
        category="orders and refunds",
        purpose="contract and bookkeeping",
        retention="as long as the books; anonymous after erasure",
        collect=personal.collect_purchases,
        erase=erasure.anonymise_purchases,
        order=800,
    ),
    PersonalData(
        name="customers.identities",
        model=Identity,
        category="identifiers",
        purpose="customer administration",
        retention="as long as the customer",
        collect=personal.collect_identities,
        erase=erasure.erase_identities,
        order=900,
    ),
    PersonalData(
        name="customers.profiles",
        model=Customer,
        category="contact data and attributes",
        purpose="customer administration",
        retention="until deleted; the tombstone without personal data stays at least 400 days",
        collect=personal.collect_profiles,
        erase=erasure.erase_profiles,
        order=1000,
    ),
)


for _place in _PLACES:
    privacy.register(_place)
register_source(PURCHASES)
for _asked in (*CRITERIA, ORDERS, SCORE):
    register_segment_criterion(_asked)
for _name, _passing in OWN_CLOCKS.items():
    register_clock(_name, _passing)
register_use(name="tags", find=tags_using)
register_expansion(name="segments", expander=listing.slugs_of)
register_namer(prefix="imp", namer=name_files)
register_criterion(listing.SEGMENT)
register_criterion(ACTIVITY)
register_criterion(QUALITY)
guards.register_merge_part(part=MEMBERSHIPS)
guards.register_merge_part(part=SCORES)

meter.register_lag(segment_members.FOLLOWER, lambda: membership.seconds_behind(now=timezone.now()))


def _active(request: HttpRequest, subject: Any) -> Mapping[str, Any]:
    return cache.get_or_set("home:customers", lambda: customer_figures(now=timezone.now()), 60) or {}


menu.add_panel(
    "home",
    menu.Panel(
        name="customers-active",
        title="Active customers",
        template="customers/_active.html",
        permission="customers.view_customer",
        context=_active,
        place="figure",
        order=10,
        icon="users",
    ),
)
