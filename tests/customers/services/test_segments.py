"""Segments from definition to membership: what is refused, and that nobody ever reads half a segment."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from customers.models import (
    Customer,
    ProfileChange,
    Segment,
    SegmentChange,
    SegmentDay,
    SegmentMember,
    SegmentRun,
    SegmentVersion,
    Touch,
)
from customers.selectors.expansions import expand
from customers.selectors.segments import listing
from customers.services import segments as services
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.segment_builds import build_segment, clear_version, forget_history, refresh_due_segments
from customers.services.segments import (
    archive_segment,
    change_members,
    change_segment,
    define_segment,
    refresh_segment,
    take_snapshot,
)
from tests.support.crowd import insert_people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def rule(country="DE", **more):
    return {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": country, **more}}


def inside(slug, op="member_of"):
    return {"version": 1, "rule": {"on": "segment", "op": op, "value": slug}}


@pytest.fixture
def people():
    countries = {"ana": "DE", "bo": "DE", "cy": "FR"}
    return {
        name: create_customer(properties={"external_id": name, "country": country}, by=SYSTEM, now=NOON)
        for name, country in countries.items()
    }


@pytest.fixture
def define(people, django_capture_on_commit_callbacks):
    """A segment as workers leave it: calculated."""

    def make(name="Germans", at=NOON, **values):
        with django_capture_on_commit_callbacks(execute=True):
            segment = define_segment(name=name, by=SYSTEM, now=at, **({"rule": rule()} | values))
        segment.refresh_from_db()
        return segment

    return make


def names(segment):
    segment = Segment.objects.get(pk=segment.pk)
    rows = listing.members_of(segment).values_list("customer__external_id", flat=True)
    return sorted(rows)


def rebuilt(segment, at=LATER):
    version = SegmentVersion.objects.filter(segment=segment).latest("number")
    build_segment(version_id=version.pk, clock=lambda: at)
    segment.refresh_from_db()
    return segment


def test_define__rule__is_calculated_and_told(define, people):
    segment = define()

    assert names(segment) == ["ana", "bo"]
    assert segment.slug == "germans" and segment.current.members == 2
    run = SegmentRun.objects.get()
    assert (run.state, run.rows, run.entered, run.exited, len(run.hash)) == ("succeeded", 2, 2, 0, 64)
    message = OutboxMessage.objects.get(topic="segment.rebuilt")
    assert message.subject == segment.public_id and message.payload["members"] == 2
    assert AuditEntry.objects.filter(action="segment.created", target=segment.public_id).exists()
    assert expand(name="segments", customer_ids=[people["ana"].pk, people["cy"].pk]) == {people["ana"].pk: ["germans"]}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"rule": None}, "invalid_rule"),
        ({"rule": {"version": 1, "rule": {"all": []}}}, "empty_group"),
        ({"rule": rule(value="")}, "invalid_value"),
        ({"kind": "static"}, "invalid_parameter"),
        ({"kind": "snapshot"}, "invalid_parameter"),
        ({"name": " "}, "invalid_parameter"),
        ({"slug": "Not a slug"}, "invalid_parameter"),
        ({"rule": inside("germans"), "slug": "germans"}, "invalid_value"),
    ],
)
def test_define__mistake__is_refused_and_nothing_is_stored(people, values, code):
    with pytest.raises(InvalidInput) as refusal:
        define_segment(**({"name": "Germans", "rule": rule(), "by": SYSTEM, "now": NOON} | values))

    assert code in (refusal.value.code, *(problem.code for problem in refusal.value.details))
    assert not Segment.objects.exists() and not SegmentVersion.objects.exists()
    assert not OutboxMessage.objects.filter(topic__startswith="segment").exists()


def test_define__problem_in_the_rule__is_named_by_a_pointer_into_the_body(people):
    wrong = {"version": 1, "rule": {"all": [rule()["rule"], rule(value="Germany")["rule"]]}}

    with pytest.raises(InvalidInput) as refusal:
        define_segment(name="Germans", rule=wrong, by=SYSTEM, now=NOON)

    assert [problem.param for problem in refusal.value.details] == ["/rule/rule/all/1/value"]


def test_define__slug__is_made_unique_or_refused(define):
    define()

    assert define().slug == "germans-2"
    with pytest.raises(Conflict):
        define(slug="germans")


def test_change__rule__keeps_the_old_members_until_the_new_ones_are_whole(define, people):
    segment = define()

    change_segment(segment=segment, values={"rule": rule("FR")}, by=SYSTEM, now=LATER)

    assert names(segment) == ["ana", "bo"]
    rebuilt(segment)
    assert names(segment) == ["cy"]
    assert segment.definition == 2
    last = SegmentRun.objects.latest("pk")
    assert (last.entered, last.exited) == (1, 2)
    assert SegmentMember.objects.count() == 1


def test_change__name_only__calculates_nothing(define):
    segment = define()

    changed = change_segment(segment=segment, values={"name": "Everybody German"}, by=SYSTEM, now=LATER)
    same = change_segment(segment=changed, values={"name": "Everybody German"}, by=SYSTEM, now=LATER)

    assert changed.name == same.name == "Everybody German"
    assert SegmentVersion.objects.count() == 1
    assert AuditEntry.objects.filter(action="segment.changed").count() == 1


def test_build__member_of_both_versions__keeps_since_when(define, people):
    segment = define(at=NOON)
    since = listing.member_since(segment=segment, customer=people["ana"])
    update_customer(customer=people["cy"], properties={"country": "DE"}, by=SYSTEM, now=LATER)

    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)

    assert names(segment) == ["ana", "bo", "cy"]
    assert listing.member_since(segment=segment, customer=people["ana"]) == since
    assert listing.member_since(segment=segment, customer=people["cy"]) == LATER


def test_build__that_fails__keeps_the_last_members_and_says_why(define, people, settings):
    loyal = define(name="Loyal", kind="static", rule=None)
    change_members(segment=loyal, add=[people["cy"].pk], by=SYSTEM, now=NOON)
    segment = define(name="Not loyal", rule=inside("loyal", "not_member_of"))
    assert names(segment) == ["ana", "bo"]
    Segment.objects.filter(pk=loyal.pk).update(current=None)

    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)

    assert names(segment) == ["ana", "bo"]
    assert "has not been calculated yet" in segment.failure and segment.failed_at == LATER
    assert listing.health(segment, LATER) == "failed"
    run = SegmentRun.objects.latest("pk")
    assert (run.state, run.rows) == ("failed", None) and run.error == segment.failure
    with pytest.raises(InvalidState):
        take_snapshot(segment=segment, by=SYSTEM, now=LATER)


def test_build__after_a_failure__heals(define):
    segment = define()
    Segment.objects.filter(pk=segment.pk).update(failure="It broke.", failed_at=NOON)

    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)

    assert (segment.failure, segment.failed_at, listing.health(segment, LATER)) == ("", None, "fresh")


def test_build__takes_too_long__fails_with_a_sentence(define, settings):
    segment = define()
    settings.SEGMENT_BUILD_SECONDS = 0.001
    insert_people(people=5_000, now=NOON, one_in=1)

    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)

    assert "longer than" in segment.failure
    assert names(segment) == ["ana", "bo"]


def test_build__of_a_definition_replaced_meanwhile__is_left_aside(define):
    segment = define()
    change_segment(segment=segment, values={"rule": rule("FR")}, by=SYSTEM, now=LATER)
    old = SegmentVersion.objects.filter(segment=segment).latest("number")
    change_segment(segment=segment, values={"rule": rule("DE")}, by=SYSTEM, now=LATER)

    build_segment(version_id=old.pk, clock=lambda: LATER)

    assert names(segment) == ["ana", "bo"]
    old.refresh_from_db()
    assert old.state == "retired" and SegmentMember.objects.filter(version=old).count() == 0


def test_build__run_twice__changes_nothing(define):
    segment = define()

    rebuilt(segment)
    clear_version(version_id=segment.current_id)

    assert names(segment) == ["ana", "bo"]
    assert SegmentRun.objects.count() == 1


def test_circle__of_segments__is_refused_with_its_chain(define):
    define(name="A")
    define(name="B", rule=inside("a"))
    c = define(name="C", rule=inside("b"))

    for target, names_of_chain in ((Segment.objects.get(slug="a"), "a -> c -> b -> a"), (c, "c -> c")):
        with pytest.raises(InvalidInput, match=names_of_chain) as refusal:
            change_segment(segment=target, values={"rule": inside("c")}, by=SYSTEM, now=LATER)
        assert refusal.value.code == "segment_cycle"
    assert Segment.objects.get(slug="a").rule == rule()


def test_archive__segment_others_ask_about__is_refused(define):
    a = define(name="A")
    define(name="B", rule=inside("a"))

    with pytest.raises(Conflict, match="'b'"):
        archive_segment(segment=a, by=SYSTEM, now=LATER)

    assert names(a) == ["ana", "bo"]


def test_archive__segment__has_nobody_in_it_any_more(define, people, django_capture_on_commit_callbacks):
    segment = define()

    with django_capture_on_commit_callbacks(execute=True):
        archive_segment(segment=segment, by=SYSTEM, now=LATER)

    assert not SegmentMember.objects.exists()
    assert expand(name="segments", customer_ids=[people["ana"].pk]) == {}
    with pytest.raises(InvalidState):
        change_segment(segment=segment, values={"name": "X"}, by=SYSTEM, now=LATER)


def test_snapshot__members__never_change_again(define, people):
    segment = define()
    frozen = take_snapshot(segment=segment, by=SYSTEM, now=LATER)
    update_customer(customer=people["ana"], properties={"country": "FR"}, by=SYSTEM, now=LATER)

    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)

    assert names(segment) == ["bo"]
    assert names(frozen) == ["ana", "bo"] and frozen.current.members == 2
    for refused in (refresh_segment, take_nothing_in):
        with pytest.raises(InvalidState):
            refused(segment=frozen, by=SYSTEM, now=LATER)


def take_nothing_in(*, segment, by, now):
    change_members(segment=segment, add=[], by=by, now=now)


def test_static__members__come_and_go_by_hand(define, people):
    segment = define(name="Friends", kind="static", rule=None)

    change_members(segment=segment, add=[people["ana"].pk, people["cy"].pk], by=SYSTEM, now=NOON)
    change_members(segment=segment, add=[people["ana"].pk], remove=[people["cy"].pk], by=SYSTEM, now=LATER)

    segment.refresh_from_db()
    assert names(segment) == ["ana"] and segment.current.members == 1
    assert listing.health(segment, LATER + timedelta(days=9)) == "fresh"


def test_refresh_due__old_and_abandoned_ones__are_calculated_again(define, settings):
    segment = define(at=NOON)
    assert refresh_due_segments(now=timezone.now()) == 0

    tomorrow = timezone.now() + timedelta(hours=settings.SEGMENT_REFRESH_HOURS + 1)

    assert refresh_due_segments(now=tomorrow) == 1
    assert refresh_due_segments(now=tomorrow + timedelta(minutes=5)) == 0
    assert refresh_due_segments(now=tomorrow + timedelta(hours=2)) == 1
    states = list(SegmentVersion.objects.filter(segment=segment).order_by("number").values_list("state", flat=True))
    assert states == ["current", "failed", "building"]


def test_profile_changes__whoever_writes__are_kept_without_direct_identifiers(people):
    update_customer(
        customer=people["ana"],
        properties={"country": "FR", "first_name": "Ana", "language": "fr"},
        by=SYSTEM,
        now=LATER,
    )

    rows = list(ProfileChange.objects.order_by("field").values_list("field", "before", "after", "at"))
    assert rows == [("country", "DE", "FR", LATER), ("language", None, "fr", LATER)]


def test_erasure__of_a_member__leaves_no_membership_and_no_history(define, people):
    segment = define()
    update_customer(customer=people["ana"], properties={"country": "FR"}, by=SYSTEM, now=LATER)
    places = {place.name: place for place in privacy.places()}
    assert next(places["customers.segments"].collect([people["ana"].pk]))["segment"] == "germans"
    assert next(places["customers.profile_changes"].collect([people["ana"].pk]))["before"] == "DE"

    delete_customer(customer=Customer.objects.get(pk=people["ana"].pk), reason="asked", by=SYSTEM, now=LATER)

    assert names(segment) == ["bo"]
    assert not ProfileChange.objects.exists()


def test_forget_history__past_retention__goes_and_the_rest_stays(define, people):
    segment = define()
    update_customer(customer=people["cy"], properties={"country": "DE"}, by=SYSTEM, now=LATER)
    refresh_segment(segment=segment, by=SYSTEM, now=LATER)
    rebuilt(segment)
    far = timezone.now() + timedelta(days=1)

    day = NOON - timedelta(days=1)
    forget_history(runs_before=day, profiles_before=day, changes_before=day)
    assert SegmentRun.objects.count() == 2 and ProfileChange.objects.count() == 1

    forget_history(runs_before=far, profiles_before=far, changes_before=far)
    assert not SegmentRun.objects.exists() and not ProfileChange.objects.exists()
    assert SegmentVersion.objects.count() == 1 and names(segment) == ["ana", "bo", "cy"]


def test_define__more_segments_than_the_limit__is_refused(define, monkeypatch):
    define()
    monkeypatch.setattr(services, "MAX_SEGMENTS", 1)

    with pytest.raises(InvalidInput, match="at most 1"):
        define()


def test_change_members__comings_and_goings__are_history_and_messages_like_those_of_a_rule(define, people):
    segment = define(name="Friends", kind="static", rule=None)
    change_members(segment=segment, add=[people["cy"].pk], by=SYSTEM, now=NOON)
    OutboxMessage.objects.all().delete()

    change_members(
        segment=segment, add=[people["ana"].pk, people["cy"].pk], remove=[people["cy"].pk], by=SYSTEM, now=LATER
    )

    history = SegmentChange.objects.filter(segment=segment, at=LATER).order_by("customer_id")
    assert list(history.values_list("customer_id", "entered", "reason")) == [
        (people["ana"].pk, True, "list"),
        (people["cy"].pk, False, "list"),
    ]
    told = OutboxMessage.objects.filter(topic__startswith="segment.").order_by("topic")
    assert list(told.values_list("topic", "subject", "payload__segment", "payload__reason")) == [
        ("segment.entered", people["ana"].public_id, "friends", "list"),
        ("segment.exited", people["cy"].public_id, "friends", "list"),
    ]
    day = SegmentDay.objects.get(segment=segment)
    assert (day.members, day.entered, day.exited) == (1, 2, 1)


def test_change_members__nothing_changes__tells_nobody(define, people):
    segment = define(name="Friends", kind="static", rule=None)
    change_members(segment=segment, add=[people["ana"].pk], by=SYSTEM, now=NOON)
    before = OutboxMessage.objects.count()

    change_members(segment=segment, add=[people["ana"].pk], remove=[people["cy"].pk], by=SYSTEM, now=LATER)

    assert (SegmentChange.objects.count(), OutboxMessage.objects.count()) == (1, before)


def test_change_members__somebody_deleted_meanwhile__does_not_come_onto_the_list(define, people):
    segment = define(name="Friends", kind="static", rule=None)
    delete_customer(customer=people["ana"], reason="gone", by=SYSTEM, now=NOON)

    change_members(segment=segment, add=[people["ana"].pk, people["bo"].pk], by=SYSTEM, now=LATER)

    assert names(segment) == ["bo"]


def test_change_members__a_rule_asks_about_the_list__whoever_came_is_looked_at_again(define, people):
    friends = define(name="Friends", kind="static", rule=None)
    define(name="Friends of ours", rule=inside("friends"))

    change_members(segment=friends, add=[people["ana"].pk], by=SYSTEM, now=LATER)

    touched = Touch.objects.filter(topics=["segment:friends"]).values_list("customer_id", flat=True)
    assert list(touched) == [people["ana"].pk]
