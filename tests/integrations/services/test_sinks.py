"""Setting up sinks: what is refused, how the password is kept, pausing and going on."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM
from core.errors import InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from integrations.models import LogSink
from integrations.services import sinks
from tests.factories.integrations import make_sink

pytestmark = pytest.mark.django_db


def now():
    return datetime.now(UTC)


def test_create__valid__keeps_the_password_sealed_and_out_of_sight():
    made = make_sink(mechanism="PLAIN", username="hub", password="a-long-password")

    target = sinks.target_of(sink=made)
    assert "a-long-password" not in made.password
    assert target.password == "a-long-password"
    assert "a-long-password" not in repr(target)
    assert (made.state, made.purpose, made.sent) == ("active", "service", 0)
    assert AuditEntry.objects.filter(action="sink.created", target=made.public_id).exists()


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"servers": "10.0.0.8:9092"}, "servers"),
        ({"servers": "localhost:9092"}, "servers"),
        ({"servers": ""}, "servers"),
        ({"tls": False}, "tls or servers"),
        ({"tls": "no"}, "tls"),
        ({"destination": "a topic"}, "destination"),
        ({"kind": "rabbitmq", "destination": ""}, "destination"),
        ({"kind": "rabbitmq", "mechanism": "PLAIN"}, "mechanism"),
        ({"kind": "nats"}, "kind"),
        ({"start": "yesterday"}, "start"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["nothing.*"]}, "event_types"),
        ({"event_types": ["engagement.nothing"]}, "event_types"),
        ({"event_types": [{}]}, "event_types"),
        ({"filters": {"segment": "vip"}}, "filters"),
        ({"purpose": "nothing"}, "purpose"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"place": "0"}, "place"),
    ],
)
def test_create__wrong_value__is_refused_and_nothing_stored(values, param):
    with pytest.raises(InvalidInput) as refused:
        make_sink(**values)

    assert refused.value.param in param
    assert not LogSink.objects.exists()


def test_reseal__new_key_in_front__moves_passwords_once(settings):
    made = make_sink(mechanism="PLAIN", username="hub", password="a-long-password")
    make_sink(name="Without")
    settings.FIELD_KEYS = {"fresh": "k" * 50, **settings.FIELD_KEYS}

    moved = [sinks.reseal_passwords(), sinks.reseal_passwords()]

    made.refresh_from_db()
    assert moved == [1, 0]
    assert made.password.startswith("fresh:")
    assert sinks.target_of(sink=made).password == "a-long-password"


def test_change__other_servers__need_the_password_again():
    made = make_sink(mechanism="PLAIN", username="hub", password="a-long-password")
    elsewhere = {"servers": "kafka.example.net:9093"}

    with pytest.raises(InvalidInput) as refused:
        sinks.change_sink(sink=made, values=elsewhere, by=SYSTEM, now=now())
    kept = LogSink.objects.get()
    changed = sinks.change_sink(sink=made, values=elsewhere | {"password": "another"}, by=SYSTEM, now=now())

    assert refused.value.param == "password"
    assert kept.servers == made.servers
    assert sinks.target_of(sink=changed).servers == (("kafka.example.net", 9093),)
    assert sinks.target_of(sink=changed).password == "another"


def test_resume__paused__goes_on_at_its_place_unless_the_log_is_gone(settings):
    made = make_sink()
    paused = sinks.pause_sink(sink=made, by=SYSTEM, now=now(), reason="maintenance")

    late = now() + timedelta(days=settings.OUTBOX_RETENTION_DAYS + 1)
    with pytest.raises(InvalidState):
        sinks.resume_sink(sink=paused, by=SYSTEM, now=late)
    still = LogSink.objects.get()
    resumed = sinks.resume_sink(sink=paused, by=SYSTEM, now=now())

    assert (still.state, still.state_reason) == ("paused", "maintenance")
    assert (resumed.state, resumed.place) == ("active", made.place)


def test_test__paused_sink__is_refused_and_says_nothing():
    paused = sinks.pause_sink(sink=make_sink(), by=SYSTEM, now=now())

    with pytest.raises(InvalidState):
        sinks.send_test(sink=paused, by=SYSTEM, now=now())

    assert not OutboxMessage.objects.filter(topic="ping").exists()
