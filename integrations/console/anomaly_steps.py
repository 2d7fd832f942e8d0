"""Steps about alerts of use: dismiss, mute, tell again."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse

from core.console.forms import NoteForm, ReasonForm
from core.console.views import ActionPage
from integrations.console.anomalies import CHANGE
from integrations.models import Anomaly, Mute
from integrations.rules.anomalies import OF_STAFF, QUOTA, Kind
from integrations.selectors.anomalies import find_anomaly, find_mute
from integrations.selectors.clients import find_client
from integrations.services import anomalies

_DAYS = [(days, "1 day" if days == 1 else f"{days} days") for days in anomalies.MUTE_DAYS]


class MuteForm(ReasonForm):
    """What, for how long, why."""

    kind = forms.ChoiceField(label="What", required=False)
    days = forms.TypedChoiceField(label="For", coerce=int, choices=_DAYS)
    field_order = ("kind", "days", "reason")

    def __init__(self, *args: Any, staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(kind.value, kind.label) for kind in Kind if (kind in OF_STAFF) == staff]
        quota = [] if staff else [(QUOTA, "Warnings about its quota")]
        self.fields["kind"].choices = [("", "Everything"), *quota, *kinds]  # type: ignore[attr-defined]


class DismissAnomaly(ActionPage):
    """It is all right."""

    name, title, permission = "anomaly-dismiss", "Dismiss the alert", CHANGE
    form_class, submit_label, success = ReasonForm, "Dismiss", "The alert is dismissed."

    def question(self) -> str:
        """What it means."""
        return "It leaves the bell. The same may be found again on another day."

    def save(self, form: ReasonForm) -> Anomaly:
        """Dismiss."""
        row = find_anomaly(public_id=self.kwargs["public_id"])
        return anomalies.dismiss_anomaly(anomaly=row, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)

    def success_url(self, result: Anomaly) -> str:
        """The list."""
        return reverse("console:anomalies")

    def cancel_url(self) -> str:
        """Back to the alert."""
        return reverse("console:anomaly", args=[self.kwargs["public_id"]])


class MuteStep(ActionPage, abstract=True):
    """Not to be told for a while."""

    permission, form_class, submit_label = CHANGE, MuteForm, "Mute"
    success = "Muted. What is found stays on record."
    staff = False

    def subject(self) -> str:
        """The public id that it is about."""
        raise NotImplementedError

    def question(self) -> str:
        """What goes on."""
        return "No e-mail, no webhook, nothing behind the bell. What is found stays on record, as muted."

    def form_kwargs(self) -> dict[str, Any]:
        """The kinds there are."""
        return {"staff": self.staff}

    def save(self, form: MuteForm) -> Mute:
        """Mute."""
        return anomalies.mute(subject=self.subject(), **form.cleaned_data, by=self.actor, now=self.now)

    def success_url(self, result: Mute) -> str:
        """What is muted."""
        return reverse("console:mutes")


class MuteAnomaly(MuteStep):
    """About the subject of an alert."""

    name, title = "anomaly-mute", "Mute alerts like this"

    @property
    def row(self) -> Anomaly:
        """The alert of this address."""
        return find_anomaly(public_id=self.kwargs["public_id"])

    @property
    def staff(self) -> bool:  # type: ignore[override]
        """Whether it is about a member of staff."""
        return self.row.kind in OF_STAFF

    def subject(self) -> str:
        """Whom the alert is about."""
        return self.row.subject

    def initial(self) -> dict[str, Any]:
        """Its kind, for a month."""
        return {"kind": self.row.kind, "days": 30}

    def cancel_url(self) -> str:
        """Back to the alert."""
        return reverse("console:anomaly", args=[self.kwargs["public_id"]])


class MuteClient(MuteStep):
    """About an API client."""

    name, title = "api-client-mute", "Mute alerts and warnings"

    def subject(self) -> str:
        """The client of this address."""
        return find_client(identifier=self.kwargs["public_id"], now=self.now).public_id

    def initial(self) -> dict[str, Any]:
        """Quota warnings, for a month."""
        return {"kind": QUOTA, "days": 30}

    def cancel_url(self) -> str:
        """Back to the client."""
        return reverse("console:api-client", args=[self.kwargs["public_id"]])


class EndMute(ActionPage):
    """Tell people again."""

    name, title, permission = "mute-end", "Tell people again", CHANGE
    form_class, submit_label, success = NoteForm, "Tell again", "People are told again."

    def question(self) -> str:
        """From when."""
        return "From now on e-mail, webhooks and the bell tell of it again."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """Why it was muted."""
        row = find_mute(public_id=self.kwargs["public_id"])
        return (("Muted because", row.reason), ("What", row.get_kind_display()))

    def save(self, form: NoteForm) -> None:
        """Unmute."""
        anomalies.unmute(mute=find_mute(public_id=self.kwargs["public_id"]), by=self.actor)

    def success_url(self, result: None) -> str:
        """What is muted."""
        return reverse("console:mutes")

    def cancel_url(self) -> str:
        """What is muted."""
        return reverse("console:mutes")
