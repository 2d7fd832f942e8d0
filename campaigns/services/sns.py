"""Hearing Amazon SNS: nothing is believed before its signature was checked, and subscriptions are confirmed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.core.cache import cache

from campaigns.rules.sns import NotFromSns, certificate_url, check_signature, is_of_sns
from campaigns.services.outside import read_at
from core import audit
from core.actors import Actor
from core.errors import Unavailable

KEPT: Final = timedelta(hours=24)
log = structlog.get_logger("campaigns")


def check_message(*, message: Mapping[str, Any], now: datetime) -> None:
    """Nothing when Amazon SNS sent the message; NotFromSns otherwise, Unavailable while its certificate is away.

    A certificate is fetched once and kept for a day; only from Amazon SNS itself, whatever the message says.
    """
    url = certificate_url(message)
    certificate = cache.get(certificate_key(url=url))
    if certificate is None:
        certificate = read_at(url=url)
        if certificate is None:
            raise Unavailable("The certificate of Amazon SNS cannot be had now; try again later.")
    check_signature(message, certificate=certificate, now=now)
    cache.set(certificate_key(url=url), certificate, timeout=KEPT.total_seconds())


def confirm_subscription(*, message: Mapping[str, Any], by: Actor) -> None:
    """Amazon SNS knows that its reports are wanted here; Unavailable when it did not answer: it asks again.

    Only for a message that was checked.
    """
    url = message["SubscribeURL"]
    if not is_of_sns(url):
        raise NotFromSns("The subscription is not confirmed with Amazon SNS.")
    if read_at(url=url) is None:
        raise Unavailable("Amazon SNS did not take the confirmation; try again later.")
    topic = str(message["TopicArn"])[:120]
    audit.record(by=by, action="mail.subscribed", target=topic)
    log.info("sns_subscribed", topic=topic)


def certificate_key(*, url: str) -> str:
    """Under what a certificate is kept."""
    return f"sns-certificate:{url}"
