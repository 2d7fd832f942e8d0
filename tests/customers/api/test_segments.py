"""/segments over HTTP: what partners rely on."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from customers.models import Segment, SegmentVersion
from customers.services.customers import create_customer, update_customer
from customers.services.segment_builds import build_segment
from tests.factories.core import NOON

pytestmark = pytest.mark.django_db
ALL = "/api/v1/segments"
GERMANS = {"version": 1, "rule": {"all": [{"on": "profile", "field": "country", "op": "is", "value": "DE"}]}}


@pytest.fixture
def writer(caller):
    return caller("segments:read", "segments:write", "customers:read", "customers.pii:read")


@pytest.fixture
def people():
    countries = {"ana": "DE", "bo": "DE", "cy": "FR"}
    return {
        name: create_customer(
            properties={"external_id": name, "country": country, "email": f"{name}@example.com"}, by=SYSTEM, now=NOON
        )
        for name, country in countries.items()
    }


def build(slug):
    version = SegmentVersion.objects.filter(segment__slug=slug).latest("number")
    build_segment(version_id=version.pk, clock=timezone.now)


@pytest.fixture
def germans(writer, people):
    answer = writer.post(ALL, {"name": "Germans", "rule": GERMANS})
    assert answer.status_code == 201, answer.content
    build("germans")
    return answer.json()


def test_create__segment__is_there_at_its_location_and_fills(writer, germans, people):
    assert germans["health"] == "building" and germans["members"] is None

    found = writer.get(f"{ALL}/{germans['id']}").json()

    assert (found["health"], found["members"], found["words"]) == ("fresh", 2, 'country is "DE"')
    assert found["rule"] == GERMANS
    listed = writer.get("/api/v1/customers?segment=germans&sort=created_at").json()
    assert [(row["external_id"], row["segments"]) for row in listed["data"]] == [
        ("ana", ["germans"]),
        ("bo", ["germans"]),
    ]
    assert listed["pagination"]["total"] == 2
    assert writer.get("/api/v1/customers/cy").json()["segments"] == []
    assert writer.get("/api/v1/customers?segment=nobody").status_code == 400


def test_create__mistake_in_the_rule__is_refused_with_json_pointers(writer, people):
    wrong = {
        "version": 1,
        "rule": {"all": [GERMANS["rule"], {"on": "profile", "field": "country", "op": "is", "value": ""}]},
    }

    answer = writer.post(ALL, {"name": "Germans", "rule": wrong})

    body = answer.json()
    assert (answer.status_code, body["code"], body["param"]) == (400, "invalid_rule", "/rule/rule/all/1/value")
    assert body["details"][0]["code"] == "invalid_value"
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "X"},
        {"name": 5, "rule": GERMANS},
        {"name": "X", "rule": GERMANS, "words": 'country is "DE"'},
        {"name": "X", "words": "country is"},
        {"name": "X", "words": 7},
        {"name": "X", "rule": GERMANS, "colour": "red"},
        {"name": "X", "rule": GERMANS, "slug": "preview"},
        {"name": "X", "rule": [1]},
    ],
)
def test_create__body_that_cannot_be_used__is_refused_and_stores_nothing(writer, people, body):
    assert writer.post(ALL, body).status_code == 400
    assert not Segment.objects.exists()


def test_preview__rule__counts_adds_up_and_stores_nothing(writer, people):
    body = writer.post(f"{ALL}/preview", {"rule": GERMANS, "drop_off": True}).json()

    assert body["total"] == 2 and body["words"] == 'country is "DE"'
    assert [step["left"] for step in body["drop_off"]] == [3, 2]
    assert {row["external_id"] for row in body["sample"]} == {"ana", "bo"}
    for reach in body["reach"]:
        assert reach["reachable"] + sum(reason["customers"] for reason in reach["not_reachable"]) == 2
    email = next(reach for reach in body["reach"] if reach["channel"] == "email")
    assert email["not_reachable"] == [{"reason": "no_consent", "label": "No consent", "customers": 2}]
    assert not Segment.objects.exists()


def test_preview__without_the_right_to_personal_data__names_what_it_leaves_out(caller, people):
    body = caller("segments:read").post(f"{ALL}/preview", {"words": 'country is "DE"'}).json()

    assert "email" in body["redacted"] and "email" not in body["sample"][0]
    assert b"ana" not in str(body).encode()


def test_preview__stored_rule__counts_it_now_or_another_one_and_changes_nothing(writer, germans, people):
    update_customer(customer=people["cy"], properties={"country": "DE"}, by=SYSTEM, now=NOON)
    before = writer.get(f"{ALL}/germans").json()

    stored = writer.post(f"{ALL}/{germans['id']}/preview").json()
    parts = writer.post(f"{ALL}/germans/preview", {"drop_off": True}).json()
    other = writer.post(f"{ALL}/germans/preview", {"words": 'country is "FR"'}).json()

    assert (stored["total"], stored["words"], stored["rule"]) == (3, 'country is "DE"', GERMANS)
    assert stored.keys() == writer.post(f"{ALL}/preview", {"rule": GERMANS}).json().keys()
    assert [step["left"] for step in parts["drop_off"]] == [3, 3]
    assert (other["total"], other["words"]) == (0, 'country is "FR"')
    assert writer.get(f"{ALL}/germans").json() == before


def test_preview__of_a_list__counts_its_members(writer, people):
    writer.post(ALL, {"name": "Hand", "kind": "static"})
    writer.post(f"{ALL}/hand/members/batch", {"add": ["ana"]})

    body = writer.post(f"{ALL}/hand/preview").json()

    assert (body["total"], [row["external_id"] for row in body["sample"]]) == (1, ["ana"])


@pytest.mark.parametrize(
    ("segment", "body", "code"),
    [
        ("nobody", {}, "resource_missing"),
        ("germans", {"rule": {"version": 1, "rule": {"all": []}}}, "invalid_rule"),
        ("germans", {"rule": GERMANS, "words": "x"}, "invalid_parameter"),
        ("germans", {"drop_off": "yes"}, "invalid_parameter"),
        ("germans", {"name": "x"}, "unknown_parameter"),
    ],
)
def test_preview__stored_segment_or_body_that_is_not_right__is_refused(writer, germans, segment, body, code):
    assert writer.post(f"{ALL}/{segment}/preview", body).json()["code"] == code


def test_members__by_cursor__come_once_each_and_not_of_two_calculations(writer, germans, people):
    first = writer.get(f"{ALL}/germans/members?limit=1").json()
    cursor = first["pagination"]["next_cursor"]
    second = writer.get(f"{ALL}/germans/members?limit=1&cursor={cursor}").json()

    assert [row["external_id"] for row in first["data"] + second["data"]] == ["ana", "bo"]
    assert second["pagination"] == {"limit": 1, "has_more": False, "next_cursor": None}
    writer.post(f"{ALL}/germans/refresh")
    build("germans")
    assert writer.get(f"{ALL}/germans/members?limit=1&cursor={cursor}").status_code == 410
    assert writer.get(f"{ALL}/germans/members?cursor=x").status_code == 400


def test_members__reader_without_personal_data__sees_public_ids_only(caller, germans, people):
    body = caller("segments:read").get(f"{ALL}/germans/members").json()

    assert body["data"][0]["id"] == people["ana"].public_id
    assert set(body["data"][0]) == {"id", "entered_at"}


def test_explain__member_who_moved_away__is_in_and_no_longer_matches(writer, germans, people):
    update_customer(customer=people["ana"], properties={"country": "FR"}, by=SYSTEM, now=NOON)

    body = writer.get(f"{ALL}/germans/explain?customer=ana").json()

    assert (body["member"], body["matches"], body["customer"]) == (True, False, people["ana"].public_id)
    assert body["conditions"] == [
        {"pointer": "/rule/all/0", "words": 'country is "DE"', "holds": False, "seen": "FR", "redacted": False}
    ]


def test_change__with_an_old_entity_tag__is_refused(writer, germans, people):
    etag = writer.get(f"{ALL}/germans")["ETag"]

    renamed = writer.patch(f"{ALL}/germans", {"name": "All Germans"}, if_match=etag)
    stale = writer.patch(f"{ALL}/germans", {"name": "Others"}, if_match=etag)

    assert (renamed.status_code, renamed.json()["name"]) == (200, "All Germans")
    assert stale.status_code == 412


def test_change__to_a_circle__is_refused(writer, germans, people):
    inside = {"version": 1, "rule": {"on": "segment", "op": "member_of", "value": "germans"}}
    writer.post(ALL, {"name": "Some", "rule": inside})

    answer = writer.patch(f"{ALL}/germans", {"rule": inside | {"rule": inside["rule"] | {"value": "some"}}})

    assert (answer.status_code, answer.json()["code"]) == (400, "segment_cycle")
    assert writer("delete", f"{ALL}/germans").json()["code"] == "segment_in_use"


def test_static__members_by_id__and_a_snapshot_of_them(writer, people):
    writer.post(ALL, {"name": "Friends", "kind": "static"})

    changed = writer.post(f"{ALL}/friends/members/batch", {"add": ["ana", "cy", "zoe"]}).json()
    frozen = writer.post(f"{ALL}/friends/snapshot", {"name": "Frozen"}).json()
    writer.post(f"{ALL}/friends/members/batch", {"remove": ["cy"]})

    assert changed == {"members": 2, "missing": ["zoe"]}
    assert (frozen["kind"], frozen["members"]) == ("snapshot", 2)
    assert [row["external_id"] for row in writer.get(f"{ALL}/friends/members").json()["data"]] == ["ana"]
    assert [row["external_id"] for row in writer.get(f"{ALL}/frozen/members").json()["data"]] == ["ana", "cy"]
    assert writer.post(f"{ALL}/frozen/members/batch", {"add": ["bo"]}).status_code == 409


def test_runs__of_a_segment__say_when_and_how_many(writer, germans, people):
    body = writer.get(f"{ALL}/germans/runs").json()

    assert body["pagination"]["total"] == 1
    assert (body["data"][0]["state"], body["data"][0]["members"], body["data"][0]["error"]) == ("succeeded", 2, None)


def test_delete__segment__archives_it(writer, germans, people):
    assert writer("delete", f"{ALL}/germans").status_code == 204

    assert writer.get(ALL).json()["data"] == []
    assert writer.get(f"{ALL}/germans").json()["state"] == "archived"
    assert writer.get(f"{ALL}/germans/members").status_code == 409


def test_list__one_or_thirty__costs_the_same_queries(writer, people, django_assert_max_num_queries):
    for number in range(30):
        writer.post(ALL, {"name": f"S{number}", "rule": GERMANS})

    with django_assert_max_num_queries(4):
        assert len(writer.get(f"{ALL}?limit=200").json()["data"]) == 30


def test_changes__members_came_and_left__are_answered_newest_first_by_cursor(writer, germans, people):
    segment = Segment.objects.get(slug="germans")
    update_customer(customer=people["ana"], properties={"country": "FR"}, by=SYSTEM, now=NOON)
    update_customer(customer=people["cy"], properties={"country": "DE"}, by=SYSTEM, now=NOON)
    writer.post(f"{ALL}/germans/refresh")
    build("germans")
    address = f"{ALL}/{segment.public_id}/changes"

    first = writer.get(f"{address}?limit=1").json()
    second = writer.get(f"{address}?limit=1&cursor={first['pagination']['next_cursor']}").json()

    said = {row["customer"]: (row["change"], row["reason"]) for row in first["data"] + second["data"]}
    assert said == {people["ana"].public_id: ("exited", "rebuilt"), people["cy"].public_id: ("entered", "rebuilt")}
    assert second["pagination"] == {"limit": 1, "has_more": False, "next_cursor": None}
    assert writer.get(f"{address}?cursor=nonsense").status_code == 400
    run = writer.get(f"{ALL}/germans/runs").json()["data"][0]
    assert (run["kind"], run["differences"]) == ("reconcile", {"waiting": 2})


def test_customer_segments__member__are_named_with_the_instant(writer, germans, people):
    answer = writer.get("/api/v1/customers/ana/segments").json()

    assert answer["customer"] == people["ana"].public_id
    assert [(row["slug"], row["kind"]) for row in answer["data"]] == [("germans", "dynamic")]
    assert writer.get("/api/v1/customers/cy/segments").json()["data"] == []
    assert writer.get("/api/v1/customers/nobody/segments").status_code == 404
