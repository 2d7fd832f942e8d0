"""Steps about trying the next version of the API with a part of a client's calls."""

from typing import Any

from django import forms

from core.console.forms import ConsoleForm, NoteForm
from integrations.console.client_steps import ClientStep
from integrations.console.clients import CHANGE
from integrations.models import ApiClient
from integrations.rules.canaries import KEY_HEADER
from integrations.services.canaries import roll_back_canary, set_canary

DEFAULT_SHARE = 5


class CanaryForm(ConsoleForm):
    """How much of it."""

    share = forms.IntegerField(
        label="Share of its calls, in per cent",
        min_value=1,
        max_value=100,
        help_text="Whoever is among 5 % is among 20 % too: begin low and go up.",
    )


class SetCanary(ClientStep):
    """Let the next version answer a part of the calls."""

    name, title, permission = "api-client-canary", "Try the next version", CHANGE
    form_class, submit_label, success = CanaryForm, "Save", "The next version answers this share within 5 seconds."

    def initial(self) -> dict[str, Any]:
        """As it is, else a little."""
        return {"share": self.client().canary_share or DEFAULT_SHARE}

    def question(self) -> str:
        """Which calls, and how they are chosen."""
        return (
            "Version 2 answers this share of the client's calls to addresses of version 1 that it has too. A call is "
            f"chosen by its {KEY_HEADER}, else by its X-Request-Id: the same one always goes to the same version. "
            "Tell the partner first."
        )

    def save(self, form: CanaryForm) -> ApiClient:
        """Set."""
        return set_canary(client=self.client(), share=form.cleaned_data["share"], by=self.actor, now=self.now)


class RollBackCanary(ClientStep):
    """Back to the current version."""

    name, title, permission = "api-client-canary-back", "Roll back to version 1", CHANGE
    form_class, submit_label, success = NoteForm, "Roll back", "Version 1 answers every call within 5 seconds."

    def question(self) -> str:
        """What happens."""
        return "Version 1 answers all calls of this client to its addresses again. The comparison stays to be read."

    def save(self, form: NoteForm) -> ApiClient:
        """Roll back."""
        return roll_back_canary(client=self.client(), by=self.actor)
