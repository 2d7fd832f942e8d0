"""The catalogue of event types in the console: figures, schemas, a new type, its next version, retiring."""

import json
from datetime import UTC, datetime

import pytest

from core.models import AuditEntry, Role
from engagement.models import EventSchema, EventType, HourlyMetric, Label
from tests.factories.core import make_staff
from tests.factories.engagement import SCHEMA, make_event, make_type

pytestmark = pytest.mark.django_db
TYPES = "/console/event-types"
NEW = {
    "key": "webinar-join",
    "title": "Webinar joined",
    "description": "Somebody came.",
    "purpose": "analytics",
    "required": ["campaignId"],
    "properties": json.dumps(SCHEMA),
}


@pytest.fixture
def admin(client):
    client.force_login(make_staff(Role.INTEGRATION))
    return client


def test_catalogue__type_with_events__shows_count_last_hour_and_sender_by_name(admin):
    make_event()
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    sender = Label.objects.get(kind="source")
    HourlyMetric.objects.create(hour=hour, type_id=1, source_id=sender.pk, events=4_120)

    shown = admin.get(TYPES).content.decode()

    assert "4,120" in shown and "Web shop" in shown and "Identify" in shown


def test_detail__built_in_type__shows_its_schema_and_offers_no_change(admin):
    shown = admin.get(f"{TYPES}/click").content.decode()

    assert "json-schema.org/draft/2020-12" in shown
    assert "Retire" not in shown


def test_new__definition__is_registered_and_next_version_follows(admin):
    made = admin.post(f"{TYPES}/new", NEW)
    changed = admin.post(f"{TYPES}/webinar-join/version", NEW | {"required": ["campaignId", "value"]})
    shown = admin.get(f"{TYPES}/webinar-join").content.decode()

    assert made["Location"] == changed["Location"] == f"{TYPES}/webinar-join"
    assert list(EventSchema.objects.values_list("version", flat=True).order_by("version")) == [1, 2]
    assert "Version 2" in shown and "Version 1" in shown


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key": "Webinar Join"}, "lower-case words joined by hyphens"),
        ({"key": "events"}, "is the address of something else"),
        ({"key": "click"}, "built-in type"),
        ({"properties": "{"}, "not valid JSON"),
        ({"properties": "true"}, "written as an object"),
        ({"properties": '{"type": "nonsense"}'}, "properties"),
    ],
)
def test_new__definition_that_cannot_be_used__is_refused_and_keeps_what_was_typed(admin, changes, says):
    answer = admin.post(f"{TYPES}/new", NEW | changes)

    assert answer.status_code in (400, 409, 422)
    assert says in answer.content.decode() and "Somebody came." in answer.content.decode()
    assert not EventType.objects.exists()


def test_new__name_that_is_taken__is_refused_beside_the_field(admin):
    make_type()

    answer = admin.post(f"{TYPES}/new", NEW | {"title": "Other"})

    assert answer.status_code == 409
    assert EventType.objects.get().title == "Webinar joined"


def test_retire__type_in_use__is_refused_at_the_door_and_revived_by_a_version(admin, caller):
    make_type()
    sender = caller("engagement:write", "engagement:read")

    admin.post(f"{TYPES}/webinar-join/retire", {})
    names = [row["name"] for row in sender.get("/api/v1/engagement/types").json()["data"]]
    admin.post(f"{TYPES}/webinar-join/version", NEW)

    assert "webinar-join" not in names
    assert EventType.objects.get().archived_at is None
    assert list(AuditEntry.objects.filter(action="event_type.retired").values_list("target", flat=True)) == [
        "webinar-join"
    ]


@pytest.mark.parametrize("path", ["new", "webinar-join/version", "webinar-join/retire"])
def test_change__without_the_permission__is_forbidden(client, path):
    make_type()
    client.force_login(make_staff(Role.MARKETER))

    assert client.post(f"{TYPES}/{path}", NEW).status_code == 403
    assert client.get(TYPES).status_code == 200


def test_api__retire__refuses_built_in_and_unknown_types(caller):
    make_type()
    sender = caller("engagement:write", "engagement:read")

    gone = sender.delete("/api/v1/engagement/types/webinar-join")

    assert gone.status_code == 204
    assert sender.delete("/api/v1/engagement/types/webinar-join").status_code == 204
    assert sender.get("/api/v1/engagement/types/webinar-join").status_code == 404
    assert sender.delete("/api/v1/engagement/types/click").status_code == 409
    assert sender.delete("/api/v1/engagement/types/nothing-such").json()["code"] == "unknown_type"
