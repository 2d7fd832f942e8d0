"""Messages a second of a campaign with so many workers, and of as many bare loops over the same letter."""

import multiprocessing
import smtplib
import sys
import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.mail import get_connection
from django.db import connections
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.services.approval import approve_campaign, submit_campaign
from campaigns.services.campaigns import define_campaign
from campaigns.services.messages import Writer
from campaigns.services.running import build_audience, launch_campaign
from campaigns.services.sending import send_campaign
from consent.selectors.decisions import use_of
from consent.selectors.links import choices_until
from core.actors import Actor, ActorKind
from customers.models import Customer, SegmentMember
from customers.services.segments import define_segment

PEOPLE: Final = 4_000
PATIENCE_S: Final = 600.0
WORDS: Final = (
    "Hello {{ customer.first_name | default: 'there' }},\n\nour summer has begun: a tenth less on everything that is "
    "light, until Sunday.\n\nSee you soon."
)
ONE, TWO = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_bench1", "usr_bench2"))


def _launched(name: str) -> Campaign:
    """A campaign whose audience stands: its workers may begin."""
    now = timezone.now()
    segment = define_segment(name=name, kind="static", by=ONE, now=now)
    people = Customer.objects.filter(status="active").order_by("pk").values_list("pk", flat=True)[:PEOPLE]
    version = segment.current_id or 0
    SegmentMember.objects.bulk_create([SegmentMember(version_id=version, customer_id=pk) for pk in people])
    values = {"name": name, "purpose": "marketing_email", "include": [segment.slug], "subject": name, "body": WORDS}
    campaign = define_campaign(values=values, by=ONE, now=now)
    submit_campaign(campaign=campaign, by=ONE, now=now)
    approve_campaign(campaign=campaign, by=TWO, now=now)
    launch_campaign(campaign=campaign, by=ONE, now=now)
    build_audience(campaign_id=campaign.pk, now=timezone.now())
    return campaign


def _at_once(workers: int, work: Callable[[int], object]) -> float:
    """Seconds until each of so many processes has done its part."""
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=work, args=(number,)) for number in range(workers)]
    began = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    taken = time.perf_counter() - began
    if any(process.exitcode for process in processes):
        raise RuntimeError("a worker ended with a failure")
    return taken


def campaign(workers: int) -> float:
    """Messages a second through claim, gate, letter, mail server and outcome."""
    made = _launched(f"Bench {time.time():.3f}")

    def work(slot: int) -> None:
        lanes = settings.CAMPAIGN_LANES
        send_campaign(campaign_id=made.pk, slot=slot, seconds=PATIENCE_S, clock=timezone.now, lanes=lanes)

    seconds = _at_once(workers, work)
    sent = Delivery.objects.filter(campaign=made, state="sent").count()
    if sent != PEOPLE:
        raise RuntimeError(f"{sent} of {PEOPLE} were sent")
    return PEOPLE / seconds


def bare(workers: int) -> float:
    """Messages a second of `smtplib` on connections that stay open, with a letter that is there already."""
    made = Campaign.objects.order_by("-pk").first() or _launched("Bench")
    person = Customer.objects.filter(status="active").order_by("pk")[0]
    writer = Writer(made, use_of(made.purpose_id), choices_until(timezone.now()))
    letter = writer.message(customer=person, delivery_id=1, connection=get_connection()).message().as_bytes()

    def work(_: int) -> None:
        with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as server:
            for _ in range(PEOPLE // workers):
                server.sendmail("bench@example.com", [person.email or ""], letter)

    return PEOPLE / _at_once(workers, work)


if __name__ == "__main__":
    print({"campaign": campaign, "bare": bare}[sys.argv[1]](int(sys.argv[2])))
