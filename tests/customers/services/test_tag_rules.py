"""Tags of rules: they come and go with the members of their segment, and leave what people put on alone."""

import pytest
from django.db import connection
from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Conflict, InvalidInput, NotFound
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer, CustomerTag, Segment, SegmentVersion, Tag, TagOrigin, TagRule
from customers.selectors.segments.listing import find_segment
from customers.selectors.tag_rules import goes_round
from customers.services import tag_rules
from customers.services.customers import create_customer, update_customer
from customers.services.membership import follow_segments
from customers.services.segment_builds import build_segment
from customers.services.segments import archive_segment, change_members, change_segment, define_segment
from customers.services.tag_rules import check_tag_rules, define_tag_rule, end_tag_rule, follow_tag_rules
from customers.services.tags import change_tags, replace_tags
from tests.engagement.support import committed

pytestmark = pytest.mark.django_db(transaction=True)
GERMANS = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
ME = Actor(kind=ActorKind.STAFF, id="usr_me")


def now():
    return timezone.now()


@pytest.fixture
def people():
    countries = {"ana": "DE", "bo": "DE", "cy": "FR"}
    return {
        name: create_customer(properties={"external_id": name, "country": country}, by=SYSTEM, now=now())
        for name, country in countries.items()
    }


@pytest.fixture
def germans(people):
    define_segment(name="Germans", rule=GERMANS, by=SYSTEM, now=now())
    build()
    return find_segment("germans")


def build():
    for version in SegmentVersion.objects.filter(state="building"):
        build_segment(version_id=version.pk, clock=now)


def follow():
    """Segments, then tags, follow everything written so far; other databases of the server may hold the horizon."""
    changed = 0
    for step in (follow_segments, follow_tag_rules):
        committed()
        changed = step(now=now())
    return changed


def move(customer, country):
    fresh = Customer.objects.get(pk=customer.pk)
    update_customer(customer=fresh, properties={"country": country}, by=SYSTEM, now=now())


def wearers(tag="near"):
    rows = CustomerTag.objects.filter(tag__name=tag).order_by("customer__external_id")
    return list(rows.values_list("customer__external_id", "origin"))


def test_define__segment_with_members__gives_them_the_tag_once_with_origin_rule(germans):
    made = define_tag_rule(name=" near ", segment="germans", by=ME, now=now())

    first, again = follow(), follow()

    assert (first, again) == (2, 0)
    assert wearers() == [("ana", "rule"), ("bo", "rule")]
    made.refresh_from_db()
    assert (made.whole, made.walked_to, made.created_by) == (False, 0, "usr_me")
    assert OutboxMessage.objects.filter(topic="customer.tag_added").count() == 2
    assert AuditEntry.objects.filter(action="tag.rule_defined", actor_id="usr_me").exists()


def test_follow__customer_comes_and_goes__so_does_the_tag(germans, people):
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()

    move(people["cy"], "DE")
    move(people["ana"], "FR")
    changed = follow()

    assert changed == 2
    assert wearers() == [("bo", "rule"), ("cy", "rule")]
    told = OutboxMessage.objects.filter(topic="customer.tag_removed")
    assert [row.subject for row in told] == [people["ana"].public_id]


def test_follow__tag_put_on_by_hand__is_never_touched(germans, people):
    change_tags(customer_ids=[people["ana"].pk], add=["near"], origin=TagOrigin.PERSON, by=ME, now=now())
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()
    change_tags(customer_ids=[people["bo"].pk], add=["near"], origin=TagOrigin.API, by=ME, now=now())
    change_tags(customer_ids=[people["cy"].pk], add=["near"], origin=TagOrigin.RULE, by=ME, now=now())

    move(people["ana"], "FR")
    move(people["bo"], "FR")
    follow()
    check_tag_rules()
    follow()

    assert wearers() == [("ana", "person"), ("bo", "api"), ("cy", "rule")]


def test_follow__whole_set_sent_back__leaves_the_tag_to_its_rule(germans, people):
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()
    replace_tags(customer=people["ana"], tags=["near", "vip"], origin=TagOrigin.API, by=ME, now=now())

    move(people["ana"], "FR")
    follow()

    assert wearers() == [("bo", "rule")]
    assert wearers("vip") == [("ana", "api")]


def test_check__tag_taken_off_by_others__comes_back(germans, people):
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()
    replace_tags(customer=people["ana"], tags=[], origin=TagOrigin.API, by=ME, now=now())
    assert follow() == 0 and wearers() == [("bo", "rule")]

    checked = check_tag_rules()
    follow()

    assert checked == 1
    assert wearers() == [("ana", "rule"), ("bo", "rule")]


def test_define__rule_of_its_own__becomes_a_segment_that_is_followed(people):
    made = define_tag_rule(name="near", rule=GERMANS, by=ME, now=now())

    follow()

    assert made.segment.name == "Tagged near"
    assert wearers() == [("ana", "rule"), ("bo", "rule")]


def test_walk__segment_not_calculated_yet__waits_and_keeps_nobody_else_waiting(germans):
    waiting = define_segment(name="Later", rule=GERMANS, by=SYSTEM, now=now())
    Segment.objects.filter(pk=waiting.pk).update(current=None)
    late = define_tag_rule(name="late", segment="later", by=ME, now=now())
    define_tag_rule(name="near", segment="germans", by=ME, now=now())

    follow()

    late.refresh_from_db()
    assert late.whole and not wearers("late")
    assert wearers() == [("ana", "rule"), ("bo", "rule")]


def test_walk__stretch_by_stretch_over_wide_gaps__reaches_everybody(germans, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('customers_customer_id_seq', nextval('customers_customer_id_seq') + 1000000)")
    create_customer(properties={"external_id": "far", "country": "DE"}, by=SYSTEM, now=now())
    monkeypatch.setattr(tag_rules, "PEOPLE_AT_ONCE", 1)
    define_tag_rule(name="near", segment="germans", by=ME, now=now())

    changed = follow()

    assert changed == 3 and wearers() == [("ana", "rule"), ("bo", "rule"), ("far", "rule")]


def test_follow__list_kept_by_hand__gives_and_takes_too(people):
    listed = define_segment(name="Friends", kind="static", by=SYSTEM, now=now())
    define_tag_rule(name="near", segment="friends", by=ME, now=now())
    follow()

    change_members(segment=listed, add=[people["cy"].pk], remove=[], by=SYSTEM, now=now())
    follow()

    assert wearers() == [("cy", "rule")]


def test_end__rule__takes_off_what_it_gave_and_nothing_else(germans, people):
    change_tags(customer_ids=[people["cy"].pk], add=["near"], origin=TagOrigin.PERSON, by=ME, now=now())
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()

    ended = end_tag_rule(name="near", by=ME, now=now())
    follow()

    assert wearers() == [("cy", "person")]
    ended.refresh_from_db()
    assert (ended.whole, ended.ended_at is None) == (False, False)
    with pytest.raises(NotFound):
        end_tag_rule(name="near", by=ME, now=now())
    assert define_tag_rule(name="near", segment="germans", by=ME, now=now()).pk != ended.pk


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"name": "near"}, InvalidInput),
        ({"name": "near", "segment": "germans", "rule": GERMANS}, InvalidInput),
        ({"name": "", "segment": "germans"}, InvalidInput),
        ({"name": "near", "segment": "nobody"}, NotFound),
        ({"name": "near", "rule": {"version": 1, "rule": {"all": []}}}, InvalidInput),
        ({"name": "taken", "segment": "germans"}, Conflict),
    ],
)
def test_define__mistake__is_refused_and_nothing_is_stored(germans, asked, refusal):
    define_tag_rule(name="taken", segment="germans", by=ME, now=now())

    with pytest.raises(refusal):
        define_tag_rule(**asked, by=ME, now=now())

    assert TagRule.objects.count() == 1 == Tag.objects.count() == Segment.objects.count()


def tagged(op, *names):
    return {"version": 1, "rule": {"any": [{"on": "tags", "op": op, **({"value": list(names)} if names else {})}]}}


@pytest.mark.parametrize(("op", "names"), [("has_any", ["near"]), ("has_none", ["near", "x"]), ("is_set", [])])
def test_define__segment_about_the_tag_itself__is_refused(people, op, names):
    Tag.objects.bulk_create([Tag(name="near"), Tag(name="x")])
    define_segment(name="Circle", rule=tagged(op, *names), by=SYSTEM, now=now())

    with pytest.raises(InvalidInput, match="depends on who has this tag"):
        define_tag_rule(name="near", segment="circle", by=ME, now=now())

    assert not TagRule.objects.exists()


def test_goes_round__through_another_rule_and_another_segment__is_seen(germans):
    Tag.objects.create(name="far")
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    define_segment(name="One", rule=tagged("has_any", "near"), by=SYSTEM, now=now())
    build()
    member = {"version": 1, "rule": {"on": "segment", "op": "member_of", "value": "one"}}
    define_segment(name="Two", rule=member, by=SYSTEM, now=now())

    assert goes_round(tag="near", slug="two")
    assert not goes_round(tag="far", slug="two")


def test_follow__segment_changed_to_ask_about_the_tag__rests_and_says_why(germans, people):
    made = define_tag_rule(name="near", segment="germans", by=ME, now=now())
    follow()
    change_segment(segment=germans, values={"rule": tagged("has_none", "near")}, by=SYSTEM, now=now())
    build()

    for _ in range(3):
        follow()

    made.refresh_from_db()
    assert "depends on who has this tag" in made.failure
    assert wearers() == [("ana", "rule"), ("bo", "rule")]
    change_segment(segment=germans, values={"rule": GERMANS}, by=SYSTEM, now=now())
    build()
    move(people["cy"], "DE")
    follow()
    made.refresh_from_db()
    assert made.failure == ""
    assert wearers() == [("ana", "rule"), ("bo", "rule"), ("cy", "rule")]


def test_archive__segment_that_gives_a_tag__is_refused(germans):
    define_tag_rule(name="near", segment="germans", by=ME, now=now())

    with pytest.raises(Conflict, match="the tag “near”"):
        archive_segment(segment=germans, by=ME, now=now())


def test_follow__customer_of_a_segment_that_asks_about_the_tag__comes_in_after(germans, people):
    define_tag_rule(name="near", segment="germans", by=ME, now=now())
    define_segment(name="Mailing", rule=tagged("has_any", "near"), by=SYSTEM, now=now())
    build()
    follow()

    follow()

    mailing = find_segment("mailing")
    assert mailing.current.members == 2
