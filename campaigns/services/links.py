"""Looking where the links of messages lead before anybody gets them."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from campaigns.models import Campaign, LinkCheck
from campaigns.rules.automations.graph import Graph, senders
from campaigns.rules.content.links import is_alive
from campaigns.selectors.links import body_of, checked_urls, digest_of, waiting_bodies
from campaigns.selectors.templates import with_blocks
from campaigns.services.outside import look_at
from core import audit, jobs
from core.actors import Actor

TASK: Final = "campaigns.tasks.check_links"
FRESH: Final = timedelta(minutes=10)
AGAIN: Final = timedelta(hours=12)
KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 50


def ask_for_links(*, bodies: Collection[str], again: bool, now: datetime) -> int:
    """The links of these texts that nobody looked at lately will be; all of them with `again`. How many.

    A worker looks after the surrounding transaction commits; until then a link that is new counts as not looked at.
    """
    urls = checked_urls(*bodies)
    if not urls:
        return 0
    known = dict(LinkCheck.objects.filter(digest__in=map(digest_of, urls)).values_list("url", "checked_at"))
    fresh = {url for url, at in known.items() if at and now - at < FRESH}
    wanted = [url for url in urls if again or url not in fresh]
    rows = [LinkCheck(digest=digest_of(url), url=url, asked_at=now) for url in wanted]
    LinkCheck.objects.bulk_create(rows, update_conflicts=True, unique_fields=["digest"], update_fields=["asked_at"])
    if wanted:
        found = LinkCheck.objects.filter(digest__in=map(digest_of, wanted)).order_by("pk")
        jobs.defer(TASK, check_ids=list(found.values_list("pk", flat=True)))
    return len(wanted)


@transaction.atomic
def check_campaign_links(*, campaign: Campaign, by: Actor, now: datetime) -> int:
    """Every link of a campaign is looked at anew; how many."""
    audit.record(by=by, action="campaign.links_checked", target=campaign.public_id)
    return ask_for_links(bodies=[body_of(campaign)], again=True, now=now)


def ask_for_links_of_graph(*, graph: Graph, now: datetime) -> int:
    """The links of every message of an automation; how many will be looked at."""
    bodies = [with_blocks(graph["steps"][name]["body"]) for name in senders(graph)]
    return ask_for_links(bodies=bodies, again=False, now=now)


def look(*, check_ids: Collection[int], clock: Callable[[], datetime]) -> int:
    """What is found at these addresses is written down; how many lead nowhere. Safe to repeat.

    No transaction is open while it looks.
    """
    rows = list(LinkCheck.objects.filter(pk__in=check_ids).order_by("pk"))
    dead = 0
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        found = look_at(urls=[row.url for row in part])
        now = clock()
        for row in part:
            row.status, row.trouble = found[row.url]
            row.alive, row.checked_at = is_alive(row.status), now
            dead += not row.alive
        LinkCheck.objects.bulk_update(part, ["status", "trouble", "alive", "checked_at"])
    return dead


@transaction.atomic
def refresh_links(*, now: datetime) -> int:
    """Links of campaigns that are about to leave are looked at again twice a day; how many will be."""
    urls = checked_urls(*waiting_bodies())
    known = LinkCheck.objects.filter(digest__in=map(digest_of, urls), checked_at__lt=now - AGAIN).order_by("pk")
    ids = list(known.values_list("pk", flat=True)[:5_000])
    for start in range(0, len(ids), AT_ONCE):
        jobs.defer(TASK, check_ids=ids[start : start + AT_ONCE])
    return len(ids)


def forget_links(*, now: datetime) -> int:
    """What was asked for longer than KEPT ago is gone; how many."""
    named: dict[str, Any] = {"asked_at__lt": now - KEPT}
    urls = [digest_of(url) for url in checked_urls(*waiting_bodies())]
    return LinkCheck.objects.filter(**named).exclude(digest__in=urls).delete()[0]
