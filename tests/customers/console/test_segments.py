"""Screens of segments: built, saved, refused, explained; fields and rules say the same."""

import re
from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from consent.models import Purpose
from core.actors import SYSTEM
from core.models import Role
from customers.console.segment_form import box_of, box_posted, rule_of
from customers.console.segments import failures
from customers.models import Customer, Segment, SegmentDay, SegmentVersion
from customers.rules.segments.tree import simplified
from customers.selectors.segments.changes import sizes_before
from customers.selectors.segments.registry import grammar
from customers.services.customers import create_customer
from customers.services.segment_builds import build_segment, reconcile_segments
from customers.services.segment_reach import measure_reach
from customers.services.segments import archive_segment, define_segment, take_snapshot
from tests.factories.core import make_staff
from tests.support.segment_rules import RULES
from tests.support.segment_world import make_world

pytestmark = pytest.mark.django_db
PATH = "/console/segments"
RULE = {"version": 1, "rule": {"all": [{"on": "profile", "field": "country", "op": "is", "value": "DE"}]}}
FIELDS = {
    "name": "Germans",
    "mode:r": "all",
    "subject:r.0": '{"field": "country", "on": "profile"}',
    "op:r.0": "is",
    "value:r.0": "DE",
}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def people():
    for name, country in (("ana", "DE"), ("bo", "DE"), ("cy", "FR")):
        properties = {"external_id": name, "country": country, "email": f"{name}@example.com"}
        create_customer(properties=properties, by=SYSTEM, now=timezone.now())


@pytest.fixture
def germans(people):
    segment = define_segment(name="Germans", rule=RULE, by=SYSTEM, now=timezone.now())
    build_segment(version_id=SegmentVersion.objects.get().pk, clock=timezone.now)
    segment.refresh_from_db()
    return segment


def fields_of(box):
    """What a browser would send of drawn fields."""
    sent = {f"mode:{box.path}": box.mode}
    for item in box.items:
        if hasattr(item, "items"):
            sent |= fields_of(item)
        else:
            names = ("subject", "op", "value", "second", "count", "unit", "kind", "window", "currency")
            sent |= {f"{name}:{item.path}": getattr(item, name) for name in names}
            for path, rows in ((item.path, item.where), (f"{item.path}~then", item.step_where)):
                for number, row in enumerate(rows):
                    place = f"{path}:{number}"
                    sent |= {f"wprop:{place}": row.property, f"wop:{place}": row.op}
                    sent |= {f"wval:{place}": row.value, f"wsec:{place}": row.second}
    return sent


def test_fields__random_rules__spell_the_same_rule_again():
    make_world(people=6)
    using = grammar()

    @settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(RULES)
    def check(rule):
        node = using.read(rule)
        spelled = rule_of(box_posted(fields_of(box_of(node))), using)

        assert _plain(simplified(using.read(spelled))) == _plain(simplified(node))

    check()


def _plain(node):
    """The rule without groups of one inside negations, which the builder draws as groups."""
    return grammar().write_words(node)


def test_new__fields__become_a_segment(marketer, people):
    answer = marketer.post(f"{PATH}/new", FIELDS | {"do": "save"})

    assert answer.status_code == 302
    assert Segment.objects.get().rule == RULE
    assert "Being calculated" in marketer.get(f"{PATH}/germans").content.decode()


@pytest.mark.parametrize(
    "change", [{"value:r.0": ""}, {"value:r.0": "Germany"}, {"subject:r.0": "x"}, {"name": ""}, {"mode:r.1": "all"}]
)
def test_new__unfinished_or_wrong__is_refused_with_everything_kept(marketer, people, change):
    answer = marketer.post(f"{PATH}/new", FIELDS | change | {"do": "save"})

    assert answer.status_code == 400
    assert not Segment.objects.exists()


def test_count__without_saving__shows_the_figure_and_the_reasons(marketer, people):
    body = marketer.post(f"{PATH}/new", FIELDS, headers={"HX-Request": "true", "HX-Target": "preview"}).content.decode()

    assert '<div class="figure-value">2</div>' in body
    assert "No consent" in body and "ana@example.com" in body
    assert not Segment.objects.exists()


def test_steps__behind_the_count__say_who_is_left_after_each_condition(marketer, people):
    more = FIELDS | {"subject:r.1": '{"field": "region", "on": "profile"}', "op:r.1": "is_set", "do": "save"}

    counted = marketer.post(f"{PATH}/new", more, headers={"HX-Request": "true", "HX-Target": "preview"})
    steps = marketer.post(f"{PATH}/new", more, headers={"HX-Request": "true", "HX-Target": "steps"})

    assert 'id="steps"' in counted.content.decode()
    assert [(step.words, step.left) for step in steps.context["steps"]] == [
        ('country is "DE"', 2),
        ("region is known", 0),
    ]
    assert not Segment.objects.exists()


def test_count__that_carries_the_save_button__stores_nothing(marketer, people):
    marketer.post(f"{PATH}/new", FIELDS | {"do": "save"}, headers={"HX-Request": "true", "HX-Target": "preview"})

    assert not Segment.objects.exists()


def test_edit__another_rule__is_stored_and_told_apart_from_the_old(marketer, germans):
    page = marketer.get(f"{PATH}/germans/edit").content.decode()
    marketer.post(f"{PATH}/germans/edit", FIELDS | {"value:r.0": "FR", "do": "save"})

    germans.refresh_from_db()
    assert 'value="DE"' in page
    assert germans.definition == 2 and germans.rule["rule"]["all"][0]["value"] == "FR"


def test_list_and_page__of_a_failed_segment__say_so_everywhere(marketer, germans):
    Segment.objects.update(failure="It took too long.", failed_at=timezone.now())

    assert "Last calculation failed" in marketer.get(PATH).content.decode()
    assert "It took too long." in marketer.get(f"{PATH}/germans").content.decode()
    assert "Germans" in failures()[0].text


def test_new__like_another_segment__begins_with_its_rule_and_stores_nothing(marketer, germans):
    page = marketer.get(f"{PATH}/new?like=germans").content.decode()

    assert 'value="Germans (copy)"' in page
    assert 'value="DE"' in page
    assert Segment.objects.count() == 1
    assert marketer.get(f"{PATH}/new?like=nothing-of-this-name").status_code == 404


def test_list__segments_older_than_a_week__say_how_many_more_there_are(marketer, germans):
    today = timezone.now().astimezone(UTC).date()
    young = define_segment(name="Young", rule=RULE, by=SYSTEM, now=timezone.now())
    for segment, back, members in ((germans, 9, 1200), (germans, 7, 1), (germans, 6, 50), (young, 6, 3)):
        SegmentDay.objects.create(segment=segment, day=today - timedelta(days=back), members=members)

    assert sizes_before(segments=[germans, young], today=today) == {germans.pk: 1}
    assert ">+1<" in marketer.get(PATH).content.decode()


def test_explain__customer__says_which_conditions_hold(marketer, germans):
    inside = marketer.post(f"{PATH}/germans/explain", {"customer": "ana"}).content.decode()
    outside = marketer.post(f"{PATH}/germans/explain", {"customer": "cy"}).content.decode()
    nobody = marketer.post(f"{PATH}/germans/explain", {"customer": "zoe"})

    assert "is in this segment since" in inside and "holds" in inside
    assert "is not in this segment" in outside and "(seen: FR)" in outside
    assert nobody.status_code == 404


def test_list__whom_each_segment_reaches__is_told_as_counted_last_and_costs_no_query(marketer, germans):
    with CaptureQueriesContext(connection) as first:
        before = marketer.get(PATH).content.decode()
    may = 1 << Purpose.objects.get(key="marketing_email").bit
    Customer.objects.filter(external_id="ana").update(consent_mask=F("consent_mask").bitor(may))

    assert measure_reach(segment_id=germans.pk, now=timezone.now())

    with CaptureQueriesContext(connection) as second:
        after = marketer.get(PATH).content.decode()
    version = SegmentVersion.objects.get(pk=germans.current_id)
    assert (version.reach["email"], version.reach["sms"]) == (1, 0)
    assert _figures(before) == ["2", "—"] and _figures(after) == ["2", "1"]
    assert len(second) <= len(first)


def _figures(page):
    """Of the first row: how many there are, and how many an e-mail reaches."""
    assert "Reachable by e-mail" in page
    body = page.partition("<tbody")[2]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", body, re.S)[1:3]]


def test_list__fewer_members_than_were_reached__never_says_more_than_there_are(marketer, germans):
    SegmentVersion.objects.filter(pk=germans.current_id).update(reach={"email": 7}, members=2)

    assert _figures(marketer.get(PATH).content.decode()) == ["2", "2"]


def test_measure_reach__archived_segment__counts_nobody(germans):
    archive_segment(segment=germans, by=SYSTEM, now=timezone.now())

    assert not measure_reach(segment_id=germans.pk, now=timezone.now())
    assert set(SegmentVersion.objects.values_list("reach_at", flat=True)) == {None}


def test_reach__of_a_snapshot__is_counted_when_taken_and_every_night(germans, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        frozen = take_snapshot(segment=germans, by=SYSTEM, now=timezone.now())
    taken = SegmentVersion.objects.get(pk=frozen.current_id).reach_at

    with django_capture_on_commit_callbacks(execute=True):
        reconcile_segments(now=timezone.now())

    counted = SegmentVersion.objects.get(pk=frozen.current_id)
    assert taken is not None and counted.reach_at > taken
    assert counted.reach["email"] == 0


def test_reach_panel__of_a_segment__is_fetched_by_itself(marketer, germans):
    body = marketer.get(f"{PATH}/germans?panel=reach", headers={"HX-Request": "true"}).content.decode()

    assert "Members" in body and "No consent" in body


def test_customer_page__member__names_the_segment(marketer, germans):
    public_id = germans.versions.get().current_of.current.pk and Segment.objects.get().public_id
    assert public_id
    customer = marketer.get("/console/customers?segment=germans").content.decode()

    assert "ana@example.com" in customer and "cy@example.com" not in customer


def test_snapshot_archive_refresh__through_the_services(marketer, germans):
    marketer.post(f"{PATH}/germans/snapshot", {"title": "Frozen"})
    marketer.post(f"{PATH}/germans/refresh")
    marketer.post(f"{PATH}/germans/archive")

    assert Segment.objects.get(slug="frozen").current.members == 2
    assert SegmentVersion.objects.filter(segment=germans).count() == 2
    assert Segment.objects.get(slug="germans").state == "archived"
    assert marketer.get(f"{PATH}/germans").status_code == 200


def test_new__compliance_officer__is_forbidden_and_may_look(client, germans):
    client.force_login(make_staff(Role.COMPLIANCE))

    assert client.get(f"{PATH}/new").status_code == 403
    assert client.get(f"{PATH}/germans").status_code == 200


def test_list__chosen_customers__come_onto_it(marketer, people):
    marketer.post(f"{PATH}/new-list", {"title": "Friends"})
    page = "/console/customers?country=DE"
    marketer.post(page, {"bulk": "list", "everything": "1", "confirmed": "1", "expected": "2", "segment": "friends"})

    assert Segment.objects.get().current.members == 2


VIEWED = FIELDS | {
    "subject:r.0": '{"field": "count", "on": "events", "type": "view"}',
    "op:r.0": "at_least",
    "value:r.0": "1",
    "wprop:r.0:0": "elementId",
    "wop:r.0:0": "is",
    "wval:r.0:0": "hero",
    "wprop:r.0:1": "value",
    "wop:r.0:1": "between",
    "wval:r.0:1": "1",
    "wsec:r.0:1": "9.5",
}


def test_new__conditions_on_properties__become_part_of_the_rule(marketer, people):
    answer = marketer.post(f"{PATH}/new", VIEWED | {"do": "save"})

    assert answer.status_code == 302
    stored = Segment.objects.get().rule["rule"]["all"][0]
    assert stored["where"] == [
        {"property": "elementId", "op": "is", "value": "hero"},
        {"property": "value", "op": "between", "value": [1, 9.5]},
    ]
    page = marketer.get(f"{PATH}/germans/edit").content.decode()
    assert 'value="elementId"' in page and 'value="9.5"' in page


def test_new__sum_of_a_property__is_chosen_beside_the_event_it_belongs_to(marketer, people):
    page = marketer.post(f"{PATH}/new", VIEWED)
    offered = {label: key for _, keys in page.context["box"].items[0].drawn["further"] for key, label in keys}
    chosen = FIELDS | {"subject:r.0": offered["sum of value"], "op:r.0": "more_than", "value:r.0": "20"}

    answer = marketer.post(f"{PATH}/new", chosen | {"do": "save"})

    assert answer.status_code == 302
    assert Segment.objects.get().rule["rule"]["all"][0] == {
        "on": "events",
        "type": "view",
        "field": "sum",
        "property": "value",
        "op": "more_than",
        "value": 20,
    }
    assert "number of different values of elementId" in offered and "sum of elementId" not in offered
    again = marketer.get(f"{PATH}/germans/edit").content.decode()
    assert again.count("sum of value</option>") == 1


def test_new__property_added_and_not_finished__cannot_be_saved(marketer, people):
    page = marketer.post(f"{PATH}/new", VIEWED | {"do": "where r.0"})
    again = marketer.post(f"{PATH}/new", VIEWED | {"do": "unwhere r.0 1"})

    line = page.context["box"].items[0]
    assert page.context["unfinished"] and len(line.where) == 3
    assert (line.op, line.value) == ("at_least", "1")
    assert [row.property for row in again.context["box"].items[0].where] == ["elementId"]


def test_new__property_of_another_type__asks_what_fits_it(marketer, people):
    page = marketer.post(f"{PATH}/new", VIEWED | {"wprop:r.0:0": "value"})

    row = page.context["box"].items[0].where[0]
    assert row.op == "is_set" or row.op in dict(row.drawn["operators"])
    assert "contains" not in dict(row.drawn["operators"])


FOLLOWED = FIELDS | {
    "subject:r.0": '{"on": "sequence", "type": "view"}',
    "op:r.0": "not_followed_by",
    "kind:r.0": "click",
    "count:r.0": "3",
    "unit:r.0": "days",
    "wprop:r.0~then:0": "elementId",
    "wop:r.0~then:0": "is",
    "wval:r.0~then:0": "hero",
}


def test_new__conditions_on_the_event_that_follows__are_fields_like_any_other(marketer, people):
    more = marketer.post(f"{PATH}/new", FOLLOWED | {"do": "where r.0~then"})
    fewer = marketer.post(f"{PATH}/new", FOLLOWED | {"do": "unwhere r.0~then 0"})
    answer = marketer.post(f"{PATH}/new", FOLLOWED | {"do": "save"})

    assert len(more.context["box"].items[0].step_where) == 2 and more.context["unfinished"]
    assert fewer.context["box"].items[0].step_where == []
    assert 'list="props-r.0~then"' in more.content.decode()
    assert answer.status_code == 302
    assert Segment.objects.get().rule["rule"]["all"][0]["value"] == {
        "type": "click",
        "where": [{"property": "elementId", "op": "is", "value": "hero"}],
        "within": {"days": 3},
    }


SHAPE = FIELDS | {
    "subject:r.1": '{"on": "tags"}',
    "op:r.1": "is_set",
    "mode:r.2": "any",
    "subject:r.2.0": '{"field": "region", "on": "profile"}',
    "op:r.2.0": "is_set",
    "subject:r.2.1": '{"field": "language", "on": "profile"}',
    "op:r.2.1": "is_set",
}
WHOLE = ["country", "tags", ["region", "language"]]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("up r.1", ["tags", "country", ["region", "language"]]),
        ("down r.0", ["tags", "country", ["region", "language"]]),
        ("up r.2", ["country", ["region", "language"], "tags"]),
        ("down r.2.0", ["country", "tags", ["language", "region"]]),
        ("up r.0", WHOLE),
        ("down r.2", WHOLE),
        ("move r.2.1 before r.0", ["language", "country", "tags", ["region"]]),
        ("move r.0 after r.2.0", ["tags", ["region", "country", "language"]]),
        ("move r.0 into r.2", ["tags", ["region", "language", "country"]]),
        ("move r.2 before r.0", [["region", "language"], "country", "tags"]),
        ("move r.2 into r.2", WHOLE),
        ("move r.2 before r.2.1", WHOLE),
        ("move r.9 before r.0", WHOLE),
        ("move r.0 beside r.1", WHOLE),
        ("move", WHOLE),
    ],
)
def test_shape__moved__parts_stand_elsewhere_and_none_is_lost(marketer, wish, expected):
    page = marketer.post(f"{PATH}/new", SHAPE | {"do": wish})

    def shape(box):
        return [
            shape(item) if hasattr(item, "items") else next(n for n in NAMES if f'"{n}"' in item.subject)
            for item in box.items
        ]

    box = page.context["box"]
    assert shape(box) == expected
    assert [item.path for item in box.items] == [f"r.{number}" for number in range(len(box.items))]


NAMES = ("country", "tags", "region", "language")
