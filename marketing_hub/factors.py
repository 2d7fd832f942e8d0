"""The second step of signing in, and one's own authenticator app."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from core.console.forms import ConsoleForm, NoteForm
from core.console.views import ActionPage, FormPage
from core.crypto import seal, unseal
from core.errors import DomainError, InvalidState
from core.models import StaffUser
from marketing_hub.system import factors
from marketing_hub.system.accounts import note_sign_in
from marketing_hub.system.user_steps import StaffStep

WAITING: Final = "second_step"
MUST_ENROL: Final = "must_enrol"
_NEW: Final = "new_factor"
_PATIENCE: Final = timedelta(minutes=5)
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def code_field(label: str = "Code") -> forms.CharField:
    """A field for what the app shows."""
    attributes = {"autocomplete": "one-time-code", "inputmode": "text", "spellcheck": "false"}
    widget = forms.TextInput(attrs=attributes)
    return forms.CharField(label=label, max_length=20, widget=widget)


class CodeForm(ConsoleForm):
    """The code that the app shows, or a recovery code."""

    code = code_field("Code of the app, or a recovery code")


class NewAppForm(ConsoleForm):
    """The first code of a new app."""

    code = code_field("Code that the app shows now")


def open_session(request: HttpRequest, user: StaffUser, *, next_url: str, means: str = "") -> HttpResponse:
    """Sign in, or ask for the code first where the account has an app; `means` other than a password are noted."""
    if factors.has_second_factor(user) and "second factor" not in means:
        request.session[WAITING] = {"user": user.public_id, "at": timezone.now().isoformat(), "next": next_url}
        return HttpResponseRedirect(reverse("console:second-step"))
    if means:
        note_sign_in(user=user, **_trace(request), means=means)
    login(request, user, backend=_BACKEND)
    request.session["stepped_up_at"] = timezone.now().isoformat()
    request.session[MUST_ENROL] = "second factor" not in means and factors.must_enrol(user)
    return HttpResponseRedirect(next_url)


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class SecondStep(View):
    """Asks for the code after the password; within five minutes of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, or back to the beginning when nobody has entered a password."""
        return self._shown(CodeForm()) if self._waiting() else HttpResponseRedirect(reverse("console:sign-in"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Signs in and goes on to where the reader wanted."""
        user = self._waiting()
        if user is None:
            return HttpResponseRedirect(reverse("console:sign-in"))
        form = CodeForm(request.POST)
        if not form.is_valid():
            return self._shown(form, 422)
        try:
            factors.check_code(user=user, code=form.cleaned_data["code"], **_trace(request), now=timezone.now())
        except DomainError as error:
            form.refuse(error)
            return self._shown(form, error.status)
        next_url = request.session.pop(WAITING)["next"]
        return open_session(request, user, next_url=next_url, means="password and second factor")

    def _waiting(self) -> StaffUser | None:
        """Whose password was entered here lately."""
        waiting = self.request.session.get(WAITING) or {}
        at = parse_datetime(waiting.get("at", ""))
        if at is None or timezone.now() - at > _PATIENCE:
            return None
        return StaffUser.objects.filter(public_id=waiting["user"], is_active=True).first()

    def _shown(self, form: ConsoleForm, status: int = 200) -> HttpResponse:
        lead = "Open your authenticator app and enter the code it shows. Without the app a recovery code opens once."
        context = {"form": form.dressed(), "title": "Second step", "lead": lead, "submit_label": "Sign in"}
        return render(self.request, "registration/login.html", context, status=status)


class AddApp(FormPage):
    """Couple an authenticator app; the secret is kept sealed in the session until its first code is right."""

    name, title, permission = "second-factor", "Authenticator app", "core.view_home"
    step_up, form_class, submit_label, template_name = True, NewAppForm, "Turn on", "registration/app.html"

    def extra(self) -> dict[str, Any]:
        """The square to scan, or what stands already."""
        if factors.has_second_factor(self.reader):
            return {"coupled": True}
        secret = self._secret()
        picture = factors.square(factors.secret_uri(user=self.reader, secret=secret))
        return {"picture": mark_safe(picture), "secret": secret}  # noqa: S308  made by segno from our own text

    def save(self, form: NewAppForm) -> list[str]:
        """Turn it on."""
        code = form.cleaned_data["code"]
        made = factors.enrol(user=self.reader, secret=self._secret(), code=code, by=self.actor, now=self.now)
        self.request.session.pop(_NEW, None)
        self.request.session[MUST_ENROL] = False
        return made

    def done(self, result: list[str]) -> HttpResponse:
        """The recovery codes, once."""
        return _codes_shown(self, result)

    def cancel_url(self) -> str:
        """Home."""
        return reverse("console:home")

    def _secret(self) -> str:
        context = f"new-factor:{self.reader.public_id}"
        sealed = self.request.session.get(_NEW) or seal(factors.new_secret(), context)
        self.request.session[_NEW] = sealed
        return unseal(sealed, context)


class _OwnStep(ActionPage, abstract=True):
    """A step about one's own app."""

    permission, step_up, form_class = "core.view_home", True, NoteForm

    def success_url(self, result: Any) -> str:
        """Home."""
        return reverse("console:home")

    def cancel_url(self) -> str:
        """Back to the app."""
        return reverse("console:second-factor")


class RemoveApp(_OwnStep):
    """Turn one's own app off."""

    name, title, submit_label, danger = "second-factor-remove", "Remove the app", "Remove", True
    success = "You sign in by password alone again."

    def question(self) -> str:
        """What it means."""
        return "Afterwards your password alone opens the console, and your recovery codes are dead."

    def save(self, form: NoteForm) -> None:
        """Remove."""
        if self.reader.role in factors.required_roles():
            raise InvalidState("Your role needs a second factor. Ask an administrator to reset it if you lost the app.")
        factors.remove_second_factor(user=self.reader, by=self.actor)


class RenewCodes(_OwnStep):
    """Ten new recovery codes."""

    name, title, submit_label, success = "recovery-codes", "New recovery codes", "Make new codes", ""

    def question(self) -> str:
        """What happens to the old ones."""
        return "Ten new recovery codes are made. The old ones are dead at once."

    def save(self, form: NoteForm) -> list[str]:
        """Make them."""
        return factors.renew_recovery_codes(user=self.reader, by=self.actor)

    def done(self, result: list[str]) -> HttpResponse:
        """The codes, once."""
        return _codes_shown(self, result)


class ResetFactor(StaffStep):
    """Help somebody who lost the app and the recovery codes."""

    name, title, form_class, submit_label = "user-second-factor", "Reset the second factor", NoteForm, "Reset"
    success, danger = "The second factor is reset.", True

    def question(self) -> str:
        """When to do it."""
        return (
            f"{self.user().name} signs in by password alone until a new app is coupled. Make sure by another channel "
            "that it is really this person who asks."
        )

    def save(self, form: NoteForm) -> None:
        """Reset."""
        factors.remove_second_factor(user=self.user(), by=self.actor)


class EnrolFirst:
    """Leads whoever must have a second factor and has none to the page where one is coupled, and nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = getattr(request, "session", None)
        if session is not None and request.path.startswith(("/console", "/admin", "/oauth/authorize", "/oauth/device")):
            allowed = {reverse(f"console:{name}") for name in ("second-factor", "sign-out", "step-up", "theme")}
            if session.get(MUST_ENROL) and request.path not in allowed:
                return HttpResponseRedirect(reverse("console:second-factor"))
        return self.get_response(request)


def _codes_shown(page: FormPage, codes: list[str]) -> HttpResponse:
    note = "Each opens the console once in place of the app. Keep them where only you can read them."
    return page.reveal(title="Recovery codes", secret="\n".join(codes), next_url=reverse("console:home"), note=note)


def _trace(request: HttpRequest) -> dict[str, str]:
    return {"ip": str(request.META.get("REMOTE_ADDR", "")), "request_id": str(request.META.get("hub.request_id", ""))}
