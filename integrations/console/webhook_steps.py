"""Steps about webhooks: set up, change, rotate, pause, enable, test, replay, remove."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from consent.selectors.catalogue import catalogue
from consent.selectors.papers import working_processors
from core.console.forms import ConsoleForm, NoteForm, ReasonForm
from core.console.views import ActionPage, FormPage
from core.models import Job
from integrations.console.webhooks import CHANGE, url
from integrations.models import BodyFormat, PayloadKind, WebhookDelivery, WebhookEndpoint
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.clients import list_clients
from integrations.selectors.webhooks import find_delivery, find_endpoint
from integrations.services import webhook_replay, webhooks


def company_field() -> forms.ChoiceField:
    """Who gets what leaves; `offer_companies` says whom there is to choose from."""
    words = "From the register of processors: works only while its agreement holds."
    return forms.ChoiceField(label="Company that gets it", required=False, help_text=words)


def offer_companies(form: forms.Form) -> None:
    """The companies that work for us, the one that is named already, and nobody."""
    named = [(one, one) for one in [form.initial.get("processor", "")] if one]
    companies = dict(named) | dict(working_processors())
    form.fields["processor"].choices = [("", "None: ours"), *companies.items()]  # type: ignore[attr-defined]


class EndpointForm(ConsoleForm):
    """What an endpoint is told, and how."""

    url = forms.CharField(label="Address", max_length=500, help_text="https, reachable from the internet.")
    description = forms.CharField(label="Description", max_length=120, required=False)
    event_types = forms.MultipleChoiceField(label="Events", widget=forms.CheckboxSelectMultiple)
    purpose = forms.ChoiceField(
        label="Purpose", help_text="Nothing about people is sent that this purpose does not allow."
    )
    payload = forms.ChoiceField(label="Payload", choices=PayloadKind.choices)
    format = forms.ChoiceField(label="Body", choices=BodyFormat.choices)
    keep_order = forms.BooleanField(label="Keep the order of events about the same thing", required=False, initial=True)
    parallel = forms.IntegerField(label="Requests at a time", min_value=1, max_value=64, initial=8)
    processor = company_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = [("*", "Everything"), *((name, f"{name}: {event.meaning}") for name, event in EVENT_TYPES.items())]
        known = {name for name, _ in types}
        families = [(name, name) for name in self.initial.get("event_types", ()) if name not in known]
        self.fields["event_types"].choices = types + families  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [(u.key, u.name) for u in catalogue().uses.values()]  # type: ignore[attr-defined]
        offer_companies(self)


class NewEndpointForm(EndpointForm):
    """A new endpoint may belong to an API client, which then sees it too."""

    client = forms.ChoiceField(
        label="API client", required=False, help_text="Whose it is; its rights bound what a payload shows."
    )

    def __init__(self, *args: Any, now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list_clients(now=now).order_by("name")[:200]
        self.fields["client"].choices = [("", "None: ours"), *((c.public_id, c.name) for c in rows)]  # type: ignore[attr-defined]


class NewWebhook(FormPage):
    """Set up an endpoint and see its secret once."""

    name, title, permission = "webhook-new", "New webhook", CHANGE
    step_up, form_class, submit_label, success = True, NewEndpointForm, "Set up", ""

    def initial(self) -> dict[str, Any]:
        """The usual kind."""
        return {"purpose": "service", "payload": "thin", "format": "standard", "keep_order": True, "parallel": 8}

    def form_kwargs(self) -> dict[str, Any]:
        """Which clients there are."""
        return {"now": self.now}

    def save(self, form: NewEndpointForm) -> webhooks.NewEndpoint:
        """Set up."""
        values = dict(form.cleaned_data)
        client = values.pop("client")
        return webhooks.create_endpoint(values=values, client=client, by=self.actor, now=self.now)

    def done(self, result: webhooks.NewEndpoint) -> HttpResponse:
        """The secret, once."""
        return _revealed(self, result.endpoint, result.secret)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:webhooks")


class EndpointStep(ActionPage, abstract=True):
    """A step about one endpoint; afterwards the endpoint is shown."""

    permission = CHANGE

    def endpoint(self) -> WebhookEndpoint:
        """The endpoint of this address."""
        return find_endpoint(public_id=self.kwargs["public_id"])

    def success_url(self, result: Any) -> str:
        """Back to the endpoint."""
        return reverse("console:webhook", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """Back to the endpoint."""
        return reverse("console:webhook", args=[self.kwargs["public_id"]])


class EditWebhook(EndpointStep):
    """Change what it is told."""

    name, title, permission = "webhook-edit", "Edit the webhook", CHANGE
    form_class, submit_label, success = EndpointForm, "Save", "Saved."

    def question(self) -> str:
        """What it holds for."""
        return "What waits already is sent by the new values too."

    def initial(self) -> dict[str, Any]:
        """As stored."""
        row = self.endpoint()
        return {name: getattr(row, name) for name in EndpointForm.base_fields}

    def save(self, form: EndpointForm) -> WebhookEndpoint:
        """Change."""
        return webhooks.change_endpoint(endpoint=self.endpoint(), values=form.cleaned_data, by=self.actor, now=self.now)


class RotateWebhookSecret(EndpointStep):
    """A second secret; the first one signs for another day."""

    name, title, permission = "webhook-rotate", "Rotate the signing secret", CHANGE
    step_up, form_class, submit_label, success = True, NoteForm, "Make a new secret", ""

    def question(self) -> str:
        """What happens to the old one."""
        hours = settings.SECRET_OVERLAP_HOURS
        return f"A new secret is made. For {hours} hours each delivery is signed with both, so nothing is refused."

    def save(self, form: NoteForm) -> str:
        """Rotate."""
        return webhooks.rotate_signing_secret(endpoint=self.endpoint(), by=self.actor, now=self.now)

    def done(self, result: str) -> HttpResponse:
        """The secret, once."""
        return _revealed(self, self.endpoint(), result)


class PauseWebhook(EndpointStep):
    """Send nothing for a while."""

    name, title, permission = "webhook-pause", "Pause the webhook", CHANGE
    form_class, submit_label, danger, success = ReasonForm, "Pause", True, "Nothing is sent any more."

    def question(self) -> str:
        """What becomes of events."""
        days = settings.OUTBOX_RETENTION_DAYS
        return (
            f"Nothing is sent or queued. Events are kept for {days} days: after enabling, “Replay” sends what was "
            "missed."
        )

    def save(self, form: ReasonForm) -> WebhookEndpoint:
        """Pause."""
        reason = form.cleaned_data["reason"]
        return webhooks.pause_endpoint(endpoint=self.endpoint(), by=self.actor, now=self.now, reason=reason)


class EnableWebhook(EndpointStep):
    """Send again."""

    name, title, permission = "webhook-enable", "Enable the webhook", CHANGE
    form_class, submit_label, success = NoteForm, "Enable", "The webhook is sent to again."

    def question(self) -> str:
        """What comes and what does not."""
        return "Events from now on are sent. What it missed is sent by “Replay”."

    def save(self, form: NoteForm) -> WebhookEndpoint:
        """Enable."""
        return webhooks.enable_endpoint(endpoint=self.endpoint(), by=self.actor, now=self.now)


class TestWebhook(EndpointStep):
    """Send a ping."""

    __test__ = False
    name, title, permission = "webhook-test", "Send a test", CHANGE
    form_class, submit_label, success = NoteForm, "Send", "The test is on its way."

    def question(self) -> str:
        """What is sent."""
        return "A “ping” is sent to this endpoint alone, signed like any other event."

    def save(self, form: NoteForm) -> WebhookDelivery:
        """Send."""
        return webhooks.send_test(endpoint=self.endpoint(), by=self.actor, now=self.now)

    def success_url(self, result: WebhookDelivery) -> str:
        """The delivery."""
        return url("webhook-delivery", self.endpoint(), result.public_id)


class RemoveWebhook(EndpointStep):
    """Remove it with its log."""

    name, title, permission = "webhook-remove", "Remove the webhook", CHANGE
    form_class, submit_label, danger, success = NoteForm, "Remove", True, "The webhook is removed."

    def question(self) -> str:
        """What goes."""
        return "The endpoint and the log of its deliveries are deleted. Pausing keeps both."

    def save(self, form: NoteForm) -> None:
        """Remove."""
        webhooks.remove_endpoint(endpoint=self.endpoint(), by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The list."""
        return reverse("console:webhooks")


class ReplayForm(ConsoleForm):
    """Which stretch."""

    since = forms.DateTimeField(label="Since", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    what = forms.ChoiceField(
        label="What",
        choices=[
            (webhook_replay.MISSED, "What it did not get: given up, or never queued, also before it was set up"),
            (webhook_replay.ALL, "Everything again"),
        ],
    )


class ReplayWebhook(EndpointStep):
    """Send again what an endpoint missed, as a job."""

    name, title, permission = "webhook-replay", "Replay", CHANGE
    form_class, submit_label, success = ReplayForm, "Replay", "The replay runs as a job."

    def question(self) -> str:
        """What is sent and how."""
        return "Events are sent again under their own ids, with the present secret; consent is asked about anew."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How far back it can go."""
        return (("Events are kept for", f"{settings.OUTBOX_RETENTION_DAYS} days"),)

    def initial(self) -> dict[str, Any]:
        """The last day, or since it was set up: before that it missed nothing, and would be sent all there was."""
        since = max(self.now - timedelta(days=1), self.endpoint().created_at)
        return {"since": since, "what": webhook_replay.MISSED}

    def save(self, form: ReplayForm) -> Job:
        """Start."""
        return webhook_replay.start_replay(endpoint=self.endpoint(), **form.cleaned_data, by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """The job."""
        return reverse("console:job", args=[result.public_id])


class ReplayDelivery(EndpointStep):
    """Send one delivery again."""

    name, title, permission = "webhook-delivery-replay", "Replay the delivery", CHANGE
    form_class, submit_label, success = NoteForm, "Replay", "It is sent again."

    def delivery(self) -> WebhookDelivery:
        """The delivery of this address."""
        return find_delivery(endpoint=self.endpoint(), public_id=self.kwargs["delivery_id"])

    def question(self) -> str:
        """What is sent."""
        return f"“{self.delivery().event_type}” is sent again under the same id, so that receivers recognise it."

    def save(self, form: NoteForm) -> WebhookDelivery:
        """Queue."""
        return webhook_replay.replay_delivery(delivery=self.delivery(), by=self.actor, now=self.now)

    def success_url(self, result: WebhookDelivery) -> str:
        """The delivery."""
        return url("webhook-delivery", self.endpoint(), result.public_id)


def _revealed(page: FormPage, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
    return page.reveal(
        title="Signing secret",
        secret=secret,
        next_url=url("webhook", endpoint),
        note=f"For {endpoint.url}. Verify deliveries with a library of Standard Webhooks.",
    )
