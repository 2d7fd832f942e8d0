"""Following links and loading pictures of messages that went through a real mail server."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.rules.reactions import Tally, Verdict
from campaigns.selectors.reactions import reactions_of
from campaigns.selectors.tracking import click_address, pixel_address
from campaigns.services.sending import send_campaign
from engagement.models import Event, Reaction
from engagement.rules.catalogue import BY_NAME
from engagement.services.reactions import settle_reactions
from tests.campaigns.conftest import sink
from tests.engagement.conftest import agree, withdraw
from tests.factories.campaigns import launched, make_campaign, make_people

__all__ = ["sink"]
pytestmark = pytest.mark.django_db
BODY = (
    "[One](https://shop.example.com/one?a=1&b=2)\n\n[Two](https://shop.example.com/two)\n\n[3](https://x.example.com/3)"
)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def sent(sink):
    """A campaign that one person who agreed to be measured got an hour ago: (delivery, html, text)."""
    people = make_people(1, external_id="12345")
    agree(people[0])
    campaign = launched(make_campaign(people, body=BODY))
    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)
    Delivery.objects.update(sent_at=timezone.now() - timedelta(hours=1))
    message = sink.messages[0][1]
    parts = [message.get_body((kind,)).get_content() for kind in ("html", "plain")]
    return Delivery.objects.select_related("campaign", "customer").get(), *parts


def addresses(html):
    return [found.replace("&amp;", "&") for found in re.findall(r'(?:href|src)="http://[^/"]+(/t/[^"]+)"', html)]


def settle():
    return settle_reactions(now=timezone.now() + timedelta(seconds=11))


def kinds():
    names = {kind.id: name for name, kind in BY_NAME.items()}
    return sorted(names[pk] for pk in Event.objects.values_list("type_id", flat=True))


def figures(delivery):
    return reactions_of([delivery.campaign])[delivery.campaign_id]


def test_message__person_who_agreed__carries_signed_links_and_a_picture_and_names_nobody(sent):
    delivery, html, text = sent

    links = addresses(html)

    assert delivery.tracked
    assert [link[:5] for link in links] == ["/t/c/"] * 3 + ["/t/o/"]
    assert "https://shop.example.com/two" in text and "/t/c/" not in text
    assert delivery.customer.public_id not in "".join(links) and "@" not in "".join(links)


def test_link__followed_by_a_person__leads_on_and_is_an_event_and_on_the_delivery(sent, client):
    delivery, html, _ = sent

    answer = client.get(addresses(html)[0], headers={"User-Agent": BROWSER})
    settle()

    assert (answer.status_code, answer["Location"]) == (302, "https://shop.example.com/one?a=1&b=2")
    assert answer["Cache-Control"] == "no-store" and not answer.cookies
    event = Event.objects.get()
    assert (event.customer_id, event.type_id) == (delivery.customer_id, BY_NAME["click"].id)
    assert event.properties["elementId"] == "link-1"
    assert event.properties["properties"]["verdict"] == "human"
    delivery.refresh_from_db()
    assert (delivery.clicked, delivery.opened) == (Verdict.HUMAN, Verdict.HUMAN)
    assert figures(delivery).clicked == Tally(human=1)


def test_picture__loaded_by_a_privacy_proxy__counts_apart_and_later_by_a_person__counts(sent, client):
    delivery, html, _ = sent
    picture = addresses(html)[-1]

    client.get(picture, headers={"User-Agent": "Mozilla/5.0"})
    settle()
    first = figures(delivery)
    answer = client.get(picture, headers={"User-Agent": BROWSER})
    settle()

    assert (answer["Content-Type"], answer.content[:6]) == ("image/gif", b"GIF89a")
    assert (first.opened, first.share(first.opened.human), first.share(first.opened.everybody)) == (
        Tally(machine=1),
        0.0,
        1.0,
    )
    assert figures(delivery).opened == Tally(human=1)
    assert kinds() == ["machine-open", "open"]


def test_links__all_followed_at_once__are_a_scanner_and_nobody_clicked(sent, client):
    delivery, html, _ = sent

    for link in addresses(html)[:3]:
        client.get(link, headers={"User-Agent": BROWSER})
    settle()

    assert kinds() == ["machine-click"] * 3
    assert figures(delivery).clicked == Tally(machine=1)


def test_link__asked_for_its_headers__leads_on_and_is_no_click(sent, client):
    _, html, _ = sent

    answer = client.head(addresses(html)[1], headers={"User-Agent": BROWSER})
    settle()

    assert answer.status_code == 302
    assert kinds() == ["machine-click"]


def test_link__consent_taken_back_since__leads_on_and_nothing_is_stored(sent, client):
    delivery, html, _ = sent
    withdraw(delivery.customer)

    answer = client.get(addresses(html)[0], headers={"User-Agent": BROWSER})
    settle()

    assert answer.status_code == 302
    assert not Event.objects.exists()
    delivery.refresh_from_db()
    assert delivery.clicked is None and delivery.opened is None


def test_link__with_a_privacy_signal__is_kept_on_the_person(sent, client):
    delivery, html, _ = sent

    client.get(addresses(html)[0], headers={"User-Agent": BROWSER, "Sec-GPC": "1"})
    settle()

    delivery.customer.refresh_from_db()
    assert delivery.customer.gpc_first_seen_at is not None


def test_message__person_who_did_not_agree_or_campaign_that_does_not_measure__has_plain_links(sink):
    stranger, friend = make_people(2)
    agree(friend)
    for campaign in (make_campaign([stranger], body=BODY), make_campaign([friend], body=BODY, tracking=False)):
        send_campaign(campaign_id=launched(campaign).pk, slot=0, seconds=20, clock=timezone.now)

    assert [addresses(message.get_body(("html",)).get_content()) for _, message in sink.messages] == [[], []]
    assert not Delivery.objects.filter(tracked=True).exists()


def test_link__again_and_again__is_noted_once_a_minute_and_stored_once(sent, client):
    _, html, _ = sent

    for _ in range(5):
        client.get(addresses(html)[0], headers={"User-Agent": BROWSER})
    settle()
    settle()

    assert Reaction.objects.count() <= 2
    assert Event.objects.count() == Reaction.objects.count()


@pytest.mark.parametrize("path", ["/t/c/bm90LW91cnM", "/t/c/%F0%9F", "/t/c/x"])
def test_link__not_ours__leads_nowhere(client, path):
    answer = client.get(path)

    assert answer.status_code == 410
    assert b"This link has ended" in answer.content
    assert not Reaction.objects.exists()


def test_link__altered__leads_nowhere(client):
    address = click_address(delivery=1, link=1, url="https://shop.example.com/").partition("/t/c/")[2]

    answer = client.get(f"/t/c/{address[:-4]}AAAA")

    assert answer.status_code == 410


def test_picture__not_ours_or_posted__shows_and_stores_nothing(client):
    ours = pixel_address(delivery=1).partition("/t/o/")[2]

    assert client.get(f"/t/o/x{ours}").status_code == 200
    assert client.post(f"/t/o/{ours}").status_code == 405
    assert not Reaction.objects.exists()


def test_reactions__of_nobody_or_a_forgotten_message__are_settled_without_a_trace(sent, client):
    delivery, html, _ = sent
    Delivery.objects.filter(pk=delivery.pk).update(customer=None)
    client.get(addresses(html)[0], headers={"User-Agent": BROWSER})

    assert settle() == 1
    settle_reactions(now=timezone.now() + timedelta(hours=2))

    assert not Event.objects.exists() and not Reaction.objects.exists()
