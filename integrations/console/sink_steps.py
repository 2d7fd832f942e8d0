"""Steps about sinks: set up, change, pause, resume, test, remove."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.urls import reverse

from consent.selectors.catalogue import catalogue
from core.console.forms import ConsoleForm, NoteForm, ReasonForm
from core.console.views import ActionPage, FormPage
from integrations.console.sinks import CHANGE
from integrations.console.webhook_steps import company_field, offer_companies
from integrations.models import BrokerKind, LogSink, Mechanism, PayloadKind
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.rules.streams import ENGAGEMENT
from integrations.selectors.clients import list_clients
from integrations.selectors.sinks import find_sink
from integrations.services import sinks


class SinkForm(ConsoleForm):
    """Where a sink leads, and what it is told."""

    name = forms.CharField(label="Name", max_length=120)
    servers = forms.CharField(
        label="Servers",
        max_length=500,
        required=False,
        help_text="host:port, with commas between. For Kinesis empty: Amazon's own of the region.",
    )
    destination = forms.CharField(
        label="Topic, exchange or stream",
        max_length=249,
        required=False,
        help_text="A topic of Kafka, an exchange of RabbitMQ, a stream of Kinesis.",
    )
    routing_key = forms.CharField(
        label="Routing key", max_length=250, required=False, help_text="For RabbitMQ; the type of the event by default."
    )
    virtual_host = forms.CharField(label="Virtual host", max_length=120, help_text="For RabbitMQ.")
    region = forms.CharField(
        label="Region", max_length=40, required=False, help_text="For Kinesis, such as eu-central-1."
    )
    tls = forms.BooleanField(label="TLS, with a valid certificate", required=False)
    mechanism = forms.ChoiceField(label="Signing in", choices=Mechanism.choices, required=False, help_text="For Kafka.")
    username = forms.CharField(
        label="User", max_length=120, required=False, help_text="For Kinesis the id of an access key."
    )
    password = forms.CharField(
        label="Password",
        max_length=500,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="For Kinesis the secret of the access key. Kept sealed. Empty keeps the one there is.",
    )
    event_types = forms.MultipleChoiceField(label="Events", widget=forms.CheckboxSelectMultiple)
    purpose = forms.ChoiceField(
        label="Purpose", help_text="Nothing about people is written that this purpose does not allow."
    )
    payload = forms.ChoiceField(label="Payload", choices=PayloadKind.choices)
    processor = company_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        types = [("*", "Everything published"), (f"{ENGAGEMENT}*", f"{ENGAGEMENT}*: what people do")]
        types += [(name, f"{name}: {event.meaning}") for name, event in EVENT_TYPES.items()]
        known = {name for name, _ in types}
        others = [(name, name) for name in self.initial.get("event_types", ()) if name not in known]
        self.fields["event_types"].choices = types + others  # type: ignore[attr-defined]
        self.fields["purpose"].choices = [(u.key, u.name) for u in catalogue().uses.values()]  # type: ignore[attr-defined]
        offer_companies(self)

    def values(self) -> dict[str, Any]:
        """What the service is given; no password where none was typed."""
        return {name: value for name, value in self.cleaned_data.items() if name != "password" or value}


class NewSinkForm(SinkForm):
    """A new sink may belong to an API client, which then sees it too."""

    kind = forms.ChoiceField(label="Broker", choices=BrokerKind.choices)
    start = forms.ChoiceField(
        label="Begins",
        choices=[(sinks.NOW, "With what happens from now on"), (sinks.BEGINNING, "With all that is kept")],
    )
    client = forms.ChoiceField(
        label="API client", required=False, help_text="Whose it is; its rights bound what a payload shows."
    )
    field_order = ("kind",)

    def __init__(self, *args: Any, now: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list_clients(now=now).order_by("name")[:200]
        self.fields["client"].choices = [("", "None: ours"), *((c.public_id, c.name) for c in rows)]  # type: ignore[attr-defined]


class NewSink(FormPage):
    """Set up a sink."""

    name, title, permission = "sink-new", "New sink", CHANGE
    step_up, form_class, submit_label, success = True, NewSinkForm, "Set up", "The sink is written to."

    def initial(self) -> dict[str, Any]:
        """The usual kind."""
        return {"purpose": "service", "payload": "thin", "tls": True, "virtual_host": "/", "start": sinks.NOW}

    def form_kwargs(self) -> dict[str, Any]:
        """Which clients there are."""
        return {"now": self.now}

    def save(self, form: NewSinkForm) -> LogSink:
        """Set up."""
        values = form.values()
        chosen = {name: values.pop(name) for name in ("kind", "start", "client")}
        return sinks.create_sink(values=values, **chosen, by=self.actor, now=self.now)

    def success_url(self, result: LogSink) -> str:
        """The sink."""
        return reverse("console:sink", args=[result.public_id])

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:sinks")


class SinkStep(ActionPage, abstract=True):
    """A step about one sink; afterwards the sink is shown."""

    permission = CHANGE

    def sink(self) -> LogSink:
        """The sink of this address."""
        return find_sink(public_id=self.kwargs["public_id"])

    def success_url(self, result: Any) -> str:
        """Back to the sink."""
        return reverse("console:sink", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """Back to the sink."""
        return reverse("console:sink", args=[self.kwargs["public_id"]])


class EditSink(SinkStep):
    """Change where it leads or what it is told."""

    name, title, permission = "sink-edit", "Edit the sink", CHANGE
    step_up, form_class, submit_label, success = True, SinkForm, "Save", "Saved."

    def question(self) -> str:
        """What it holds for."""
        return "It goes on where it is. Other servers need the password again."

    def initial(self) -> dict[str, Any]:
        """As stored, without the password."""
        row = self.sink()
        return {name: getattr(row, name) for name in SinkForm.base_fields if name != "password"}

    def save(self, form: SinkForm) -> LogSink:
        """Change."""
        return sinks.change_sink(sink=self.sink(), values=form.values(), by=self.actor, now=self.now)


class PauseSink(SinkStep):
    """Write nothing for a while."""

    name, title, permission = "sink-pause", "Pause the sink", CHANGE
    form_class, submit_label, success = ReasonForm, "Pause", "The sink is paused."

    def question(self) -> str:
        """What happens meanwhile."""
        return "Nothing is written. Its place stays: it goes on there."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """How long that works."""
        return (("The log is kept for", f"{settings.OUTBOX_RETENTION_DAYS} days"),)

    def save(self, form: ReasonForm) -> LogSink:
        """Pause."""
        reason = form.cleaned_data["reason"]
        return sinks.pause_sink(sink=self.sink(), reason=reason, by=self.actor, now=self.now)


class ResumeSink(SinkStep):
    """Go on."""

    name, title, permission = "sink-resume", "Resume the sink", CHANGE
    form_class, submit_label, success = NoteForm, "Resume", "The sink goes on where it was."

    def question(self) -> str:
        """What comes."""
        return "Everything since it was paused is written, in its order."

    def save(self, form: NoteForm) -> LogSink:
        """Resume."""
        return sinks.resume_sink(sink=self.sink(), by=self.actor, now=self.now)


class TestSink(SinkStep):
    """Write a ping."""

    __test__ = False
    name, title, permission = "sink-test", "Send a test", CHANGE
    form_class, submit_label, success = (
        NoteForm,
        "Send",
        "The test is on its way; see “Last success”.",
    )

    def question(self) -> str:
        """What is written."""
        return "A “ping” is written into this sink alone, behind all that waits, and the broker is tried at once."

    def save(self, form: NoteForm) -> LogSink:
        """Send."""
        return sinks.send_test(sink=self.sink(), by=self.actor, now=self.now)


class RemoveSink(SinkStep):
    """Remove it."""

    name, title, permission = "sink-remove", "Remove the sink", CHANGE
    form_class, submit_label, danger, success = NoteForm, "Remove", True, "The sink is removed."

    def question(self) -> str:
        """What goes."""
        return "Its credentials and its place are deleted; what was written stays at the broker. Pausing keeps both."

    def save(self, form: NoteForm) -> None:
        """Remove."""
        sinks.remove_sink(sink=self.sink(), by=self.actor, now=self.now)

    def success_url(self, result: None) -> str:
        """The list."""
        return reverse("console:sinks")
