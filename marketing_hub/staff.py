"""Signing in and out, confirming the password before a risky step, the theme, the search over everything."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from core import menu
from core.console.forms import ConsoleForm
from core.console.pages import Page, is_htmx
from core.errors import DomainError
from core.models import StaffUser
from marketing_hub.factors import code_field, open_session
from marketing_hub.shell import THEME_COOKIE, THEMES
from marketing_hub.system.accounts import sign_in
from marketing_hub.system.factors import check_code, has_second_factor

THEME_SECONDS = 365 * 86_400


class SignInForm(ConsoleForm):
    """Address and password."""

    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False, max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class PasswordForm(ConsoleForm):
    """The password again, and a code where the account has an app."""

    password = forms.CharField(
        strip=False, max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, with_code: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if with_code:
            self.fields["code"] = code_field("Code of the app, or a recovery code")


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(View):
    """Opens a session; a refusal keeps the address and says when to try again."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form, or straight on for those who are signed in."""
        if isinstance(request.user, StaffUser):
            return HttpResponseRedirect(next_of(request))
        return self._shown(SignInForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Signs in and goes on to where the reader wanted."""
        form = SignInForm(request.POST)
        if not form.is_valid():
            return self._shown(form, 422)
        try:
            user = sign_in(**form.cleaned_data, **trace_of(request), now=timezone.now())
        except DomainError as error:
            form.refuse(error)
            return self._shown(form, error.status, error.headers)
        return open_session(request, user, next_url=next_of(request))

    def _shown(self, form: ConsoleForm, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
        context = {"form": form.dressed(), "title": "Sign in", "submit_label": "Sign in", "next": next_of(self.request)}
        context["provider"] = settings.SECURITY.provider
        response = render(self.request, "registration/login.html", context, status=status)
        for name, value in (headers or {}).items():
            response[name] = value
        return response


@method_decorator(sensitive_post_parameters("password", "code"), name="dispatch")
class StepUp(Page):
    """Asks for password and code of the app before a risky step, unless it was entered within the last five minutes."""

    name = "step-up"
    title = "Confirm it is you"
    permission = "core.view_home"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._shown(PasswordForm(with_code=has_second_factor(self.reader)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Opens risky steps for five minutes and goes on."""
        form = PasswordForm(request.POST, with_code=has_second_factor(self.reader))
        if not form.is_valid():
            return self._shown(form, 422)
        try:
            password = form.cleaned_data["password"]
            sign_in(email=self.reader.email, password=password, **trace_of(request), now=self.now)
            if code := form.cleaned_data.get("code"):
                check_code(user=self.reader, code=code, **trace_of(request), now=self.now)
        except DomainError as error:
            form.refuse(error)
            return self._shown(form, error.status)
        request.session["stepped_up_at"] = self.now.isoformat()
        return HttpResponseRedirect(next_of(request))

    def _shown(self, form: ConsoleForm, status: int = 200) -> HttpResponse:
        lead = "This step needs your password again. It stays open for five minutes."
        context = {"form": form.dressed(), "lead": lead, "submit_label": "Go on", "next": next_of(self.request)}
        context |= {"provider": settings.SECURITY.provider, "again": True}
        return self.draw("registration/login.html", context, status)


class Palette(Page):
    """Searches everything the reader may see. By POST: what is typed may be a name, and addresses are logged."""

    name = "palette"
    title = "Search"
    permission = "core.view_home"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty search page."""
        return self._found("")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Hits by kind: as a fragment for the palette, as a page without JavaScript."""
        return self._found(request.POST.get("q", "").replace("\x00", "").strip()[:200])

    def _found(self, text: str) -> HttpResponse:
        groups = [group for group in self._groups(text) if group["hits"]] if text else []
        template = "console/_hits.html" if is_htmx(self.request) else "console/palette.html"
        return self.draw(template, {"text": text, "groups": groups})

    def _groups(self, text: str) -> list[dict[str, Any]]:
        words = text.casefold()
        pages = [
            menu.Hit(item.label, reverse(item.url_name), item.section)
            for item in menu.items_for(self.reader)
            if item.label.casefold().startswith(words)
        ]
        found = [
            {"label": search.label, "icon": search.icon, "hits": search.find(text, self.reader)}
            for search in menu.searches_for(self.reader)
        ]
        return [{"label": "Pages", "icon": "arrow-right", "hits": pages}, *found]


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session."""
    logout(request)
    return HttpResponseRedirect(reverse(settings.LOGIN_URL))


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remembers light or dark for a year in a cookie of this browser."""
    response = HttpResponseRedirect(next_of(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(THEME_COOKIE, theme, THEME_SECONDS, secure=secure, httponly=True, samesite="Lax")
    return response


def next_of(request: HttpRequest) -> str:
    """Where to go next: the address given, if it is one of ours, else home."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if ours else reverse("console:home")


def trace_of(request: HttpRequest) -> dict[str, str]:
    """Where an attempt to sign in comes from, as the audit trail keeps it."""
    return {"ip": str(request.META.get("REMOTE_ADDR", "")), "request_id": str(request.META.get("hub.request_id", ""))}
