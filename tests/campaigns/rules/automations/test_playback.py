"""Playing people through a graph in the head: the same ways as when it happens."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.rules.automations.playback import Beginning, Person, Player
from campaigns.rules.automations.signals import Signal
from tests.campaigns.rules.automations.examples import CART, graph, send, wait

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSON = Person("cus_1", ZoneInfo("Europe/Berlin"))


def signal(kind, after, **facts):
    return Signal(kind, f"x:{after}", 1, NOON + after, facts)


def play(found, *signals, person=PERSON, until=30 * DAY):
    player = Player(graph=found, seed="aut_1", until=NOON + until)
    player.play(person, player.begins(signals), signals)
    return player.tally.answer()


def test_player__event_of_another_cart__does_not_end_the_wait():
    came = signal("event:page-view", 0 * HOUR, properties={"cartId": 1})

    other = play(CART, came, signal("event:purchase", 2 * HOUR, properties={"cartId": 2}))
    same = play(CART, came, signal("event:purchase", 2 * HOUR, properties={"cartId": "1"}))

    assert (other["would_send"], same["would_send"]) == (1, 0)


def test_player__goal_during_a_wait__ends_it_and_somebody_may_come_again():
    found = graph({"day": wait("hello"), "hello": send()}, goals=[{"on": "order"}], reentry={"policy": "after_exit"})
    views = [signal("event:page-view", hours * HOUR) for hours in (0, 1, 5)]

    answer = play(found, *views[:2], signal("order", 2 * HOUR), views[2])

    assert (answer["entered"], answer["kept_out"]) == (2, {"is_in_already": 1})
    assert answer["ends"] == {"goal": 1, "finished": 1}


def test_player__end_of_the_play__leaves_people_where_they_wait():
    answer = play(graph({"day": wait("hello"), "hello": send()}), signal("event:page-view", 0 * HOUR), until=HOUR)

    assert answer["steps"] == {"day": {"reached": 1, "still_here": 1}}
    assert answer["ends"] == {"under_way": 1}


def test_player__refused_or_held__is_not_sent_to():
    came = signal("event:page-view", 0 * HOUR)
    refused = Person("cus_1", PERSON.zone, refused="consent_missing")
    held = Person("cus_1", PERSON.zone, held=True)

    answers = [play(graph({"hello": send()}), came, person=person) for person in (refused, held)]

    assert [answer["would_send"] for answer in answers] == [0, 0]
    assert answers[0]["refused"] == {"consent_missing": 1}
    assert answers[1]["steps"] == {"hello": {"reached": 1, "held_out": 1}}


def test_player__ring_without_an_end__stops_after_a_thousand_steps():
    found = graph({"soon": {"type": "wait", "minutes": 1, "next": "soon"}})
    player = Player(graph=found, seed="aut_1", until=NOON + 30 * DAY)

    player.play(PERSON, [Beginning(NOON)], [])

    assert player.tally.ends == {"too_many_steps": 1}
