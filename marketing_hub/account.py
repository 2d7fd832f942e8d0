"""One's own account: the time zone, the password, and the first password of an invited person."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from core.actors import Actor, ActorKind
from core.console.forms import ConsoleForm
from core.console.views import FormPage
from core.errors import DomainError
from core.models import StaffUser
from marketing_hub.staff import trace_of
from marketing_hub.system.accounts import change_password, choose_time_zone, set_first_password


def new_password(label: str) -> forms.CharField:
    """A field for a password that is being chosen."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(
        label=label, strip=False, max_length=256, widget=widget, help_text="At least 12 characters, none too common."
    )


class TimeZoneForm(ConsoleForm):
    """Where the reader is."""

    time_zone = forms.ChoiceField(label="Time zone", choices=lambda: [(n, n) for n in sorted(available_timezones())])


class PasswordsForm(ConsoleForm):
    """The present and the new password."""

    old = forms.CharField(
        label="Present password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = new_password("New password")


class FirstPasswordForm(ConsoleForm):
    """The first password."""

    password = new_password("Password")


class ChooseTimeZone(FormPage):
    """Sets the zone in which this reader sees instants."""

    name, title, permission = "time-zone", "Time zone", "core.view_home"
    form_class = TimeZoneForm
    success = "Times are now shown in your zone."

    def initial(self) -> dict[str, Any]:
        """The zone in use."""
        return {"time_zone": self.reader.time_zone}

    def save(self, form: TimeZoneForm) -> StaffUser:
        """Store it."""
        return choose_time_zone(user=self.reader, time_zone=form.cleaned_data["time_zone"], by=self.actor)

    def success_url(self, result: StaffUser) -> str:
        """Home."""
        return reverse("console:home")

    def cancel_url(self) -> str:
        """Home."""
        return reverse("console:home")


@method_decorator(sensitive_post_parameters("old", "password"), name="dispatch")
class ChangePassword(FormPage):
    """Changes one's own password; every other session of the account ends."""

    name, title, permission = "password", "Change password", "core.view_home"
    form_class = PasswordsForm
    submit_label = "Change password"
    success = "Your password is changed. Every other session of yours has ended."

    def save(self, form: PasswordsForm) -> StaffUser:
        """Store it and stay signed in here."""
        given = form.cleaned_data
        user = change_password(user=self.reader, old=given["old"], new=given["password"], by=self.actor)
        update_session_auth_hash(self.request, user)
        return user

    def success_url(self, result: StaffUser) -> str:
        """Home."""
        return reverse("console:home")

    def cancel_url(self) -> str:
        """Home."""
        return reverse("console:home")


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class Welcome(View):
    """Where an invitation leads: its owner chooses the first password, once."""

    def get(self, request: HttpRequest, public_id: str, token: str) -> HttpResponse:
        """The form."""
        return self._shown(FirstPasswordForm())

    def post(self, request: HttpRequest, public_id: str, token: str) -> HttpResponse:
        """Stores the password and goes to sign-in."""
        form = FirstPasswordForm(request.POST)
        if not form.is_valid():
            return self._shown(form, 422)
        trace = trace_of(request)
        by = Actor(kind=ActorKind.STAFF, id=public_id, ip=trace["ip"], request_id=trace["request_id"])
        try:
            set_first_password(public_id=public_id, token=token, password=form.cleaned_data["password"], by=by)
        except DomainError as error:
            form.refuse(error)
            return self._shown(form, error.status)
        messages.success(request, "Your password is set. Sign in with it.")
        return HttpResponseRedirect(reverse("console:sign-in"))

    def _shown(self, form: ConsoleForm, status: int = 200) -> HttpResponse:
        lead = "Choose the password you will sign in with."
        context = {"form": form.dressed(), "title": "Welcome", "lead": lead, "submit_label": "Set password"}
        return render(self.request, "registration/login.html", context, status=status)
