"""POST /mail/events/{provider}: what the mail provider reports, signed as the provider signs.

Anymail knows how each provider proves itself and what its words mean; we ask it for both and hand the result to one
service. Its Django signals are not used. Only the provider that is configured is heard, and only with a secret or key.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import EventType
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from campaigns.rules.feedback import Outcome, Report, bounce, status_code
from campaigns.rules.sns import CONFIRMATION, NOTIFICATION, NotFromSns
from campaigns.services.feedback import hear_reports
from campaigns.services.sns import check_message, confirm_subscription
from core.actors import Actor, ActorKind
from core.errors import Unavailable

log = structlog.get_logger("campaigns")
_VIEWS: Final[Mapping[str, type[Any]]] = {
    "ses": AmazonSESTrackingWebhookView,
    "sendgrid": SendGridTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "brevo": BrevoTrackingWebhookView,
}
_PROOFS: Final = ("WEBHOOK_SECRET", "MAILGUN_WEBHOOK_SIGNING_KEY", "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY")
_PLAIN: Final[Mapping[str, Outcome]] = {
    EventType.DEFERRED: Outcome.DEFERRED,
    EventType.DELIVERED: Outcome.DELIVERED,
    EventType.UNSUBSCRIBED: Outcome.UNSUBSCRIBED,
    EventType.COMPLAINED: Outcome.COMPLAINT,
    EventType.FAILED: Outcome.REFUSED,
}
_WORDS: Final[Mapping[str, Callable[[Any], str]]] = {
    "ses": lambda event: str((event.description or "").partition(":")[0]),
    "sendgrid": lambda event: {"blocked": "blocked"}.get(str(event.esp_event.get("type", "")).lower(), ""),
    "mailgun": lambda event: str(event.esp_event.get("event-data", {}).get("severity", "")),
    "postmark": lambda event: str(event.esp_event.get("Type", "")),
    "brevo": lambda event: str(event.esp_event.get("event", "")),
}
"""Where each provider says of what kind a bounce is."""


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def hear_provider(request: HttpRequest, provider: str) -> HttpResponse:
    """200 when everything reported is stored; 401 without proof of who it is, 400 for what cannot be read, 503 while
    the proof cannot be checked."""
    if provider != settings.MAIL_PROVIDER or not any(settings.ANYMAIL.get(name) for name in _PROOFS):
        return HttpResponse(status=404)
    if request.method == "HEAD":
        return HttpResponse()
    view = _VIEWS[provider]()
    by = Actor(kind=ActorKind.SYSTEM, id=f"mail-{provider}", label=f"Mail provider {provider}")
    try:
        view.run_validators(request)
        if provider == "ses" and _was_for_sns(request, by):
            return HttpResponse()
        reports = list(_reports(view.parse_events(request), provider, timezone.now()))
    except (AnymailWebhookValidationFailure, NotFromSns):
        log.warning("provider_not_proven", provider=provider)
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="mail events"'})
    except (AnymailError, LookupError, TypeError, ValueError, AttributeError) as error:
        log.warning("provider_not_understood", provider=provider, error=type(error).__name__)
        return HttpResponse(status=400)
    except Unavailable:
        return HttpResponse(status=503)
    hear_reports(reports=reports, by=by, now=timezone.now())
    return HttpResponse()


def _was_for_sns(request: HttpRequest, by: Actor) -> bool:
    """Whether the message, now known to come from Amazon SNS, was about the subscription alone and is seen to."""
    message = json.loads(request.body)
    check_message(message=message, now=timezone.now())
    if message["Type"] == CONFIRMATION:
        confirm_subscription(message=message, by=by)
    return bool(message["Type"] != NOTIFICATION)


def _reports(events: Iterable[Any], provider: str, now: datetime) -> Iterable[Report]:
    for event in events:
        outcome = _outcome(event, provider)
        if outcome is None:
            continue
        number = str((event.metadata or {}).get("delivery", ""))
        yield Report(
            outcome=outcome,
            at=event.timestamp or now,
            recipient=event.recipient or "",
            code=status_code(event.mta_response or ""),
            delivery=int(number) if number.isdecimal() and len(number) < 19 else 0,
            message_id=(event.message_id or "")[:200],
        )


def _outcome(event: Any, provider: str) -> Outcome | None:
    if event.event_type == EventType.BOUNCED:
        return bounce(says=event.mta_response or "", word=_WORDS[provider](event))
    if event.event_type == EventType.REJECTED:
        found = bounce(says=event.mta_response or "", word=_WORDS[provider](event))
        return found if found in (Outcome.HARD, Outcome.BLOCKED) else Outcome.REFUSED
    if provider == "brevo" and event.esp_event.get("event") == "unsubscribed":
        return Outcome.UNSUBSCRIBED  # as its guide spells it; anymail knows the spelling of its older reports
    return _PLAIN.get(event.event_type)


urlpatterns = [path("mail/events/<slug:provider>", hear_provider, name="mail-events")]
