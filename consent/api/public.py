"""Public pages of people's rights: the form, the link in our letter, the package. They work without JavaScript."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.views import View

from consent.rules.letters import LOCALES, locale_for, page_words, what
from consent.rules.preferences import preference_words
from consent.rules.requests import Kind, told_state
from consent.selectors.request_links import request_of_status
from consent.services.intake import (
    confirm_request,
    open_package,
    package_of_link,
    request_of_link,
    send_code,
    submit_request,
)
from core.api.credentials import client_ip
from core.errors import DomainError, Forbidden, InvalidInput, RateLimited


class AskForm(forms.Form):
    """What is asked, and where to answer."""

    kind = forms.ChoiceField()
    contact = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    place = forms.RegexField(regex=r"^[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?$", required=False)
    details = forms.CharField(required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4}))

    def __init__(self, *args: Any, words: dict[str, str], locale: str, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        kinds = [(kind.value, what(kind.value, locale).capitalize()) for kind in Kind]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        for name, label in (("kind", "kind"), ("contact", "email"), ("place", "place"), ("details", "details")):
            self.fields[name].label = words[label]
        self.fields["contact"].help_text = words["email_hint"]
        self.fields["place"].error_messages["invalid"] = self.bad_place = words["place_bad"]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "form-select" if name == "kind" else "form-control"

    def refuse(self, refusal: InvalidInput) -> None:
        """Beside the field it is about, in the reader's language where that can be."""
        if refusal.param == "place":
            self.add_error("place", self.bad_place)
        else:
            self.add_error("contact", refusal.message)


class PublicPage(View):
    """A page for anybody, in the reader's language, never stored by browsers or proxies.

    SECURE_REFERRER_POLICY keeps addresses with tokens from other sites. It must not be `no-referrer` here: browsers
    then send `Origin: null` with our own forms (Fetch standard, 3.2), and every button would be refused as forged.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or in words why not."""
        self.locale = _locale(request)
        self.words = self.words_in(self.locale)
        with translation.override(self.locale):
            try:
                response = super().dispatch(request, *args, **kwargs)
            except DomainError as error:
                response = self.ended(error)
        add_never_cache_headers(response)
        response["Cache-Control"] = "no-store"
        return response

    def words_in(self, locale: str) -> dict[str, str]:
        """What this page says in a language."""
        return page_words(locale) | preference_words(locale)

    def page(self, template: str, status: int = 200, **context: Any) -> HttpResponse:
        """A template with the words of the language."""
        said = {"words": self.words, "locales": LOCALES, "locale": self.locale}
        return render(self.request, f"consent/{template}.html", said | context, status=status)

    def ended(self, error: DomainError) -> HttpResponse:
        """The link has ended, or too much was asked from here."""
        lead = error.message if isinstance(error, RateLimited) else self.words["ended_lead"]
        return self.page("public_words", error.status, title=self.words["ended"], lead=lead)

    @property
    def now(self) -> datetime:
        """This moment."""
        return timezone.now()


class AskPage(PublicPage):
    """GET and POST /privacy/request."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        return self._form(AskForm(words=self.words, locale=self.locale))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Put it on the desk; the answer is the same for everybody."""
        form = AskForm(request.POST, words=self.words, locale=self.locale)
        if not form.is_valid():
            return self._form(form, 422)
        try:
            submit_request(**form.cleaned_data, locale=self.locale, ip=client_ip(request), now=self.now)
        except InvalidInput as refusal:
            form.refuse(refusal)
            return self._form(form, 422)
        return HttpResponseRedirect(f"{reverse('privacy-received')}?lang={self.locale}")

    def _form(self, form: AskForm, status: int = 200) -> HttpResponse:
        return self.page("public_ask", status, form=form, title=self.words["title"])


class ReceivedPage(PublicPage):
    """GET /privacy/received."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Thank you."""
        return self.page("public_words", title=self.words["received"], lead=self.words["received_lead"])


class ConfirmPage(PublicPage):
    """GET and POST /privacy/confirm/{token}; only POST changes anything: scanners of mail follow links."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The button."""
        request_of_link(token, self.now)
        words = self.words
        return self.page("public_confirm", title=words["confirm"], lead=words["confirm_lead"])

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """It is them."""
        confirm_request(token=token, ip=client_ip(request), now=self.now)
        return self.page("public_words", title=self.words["confirmed"], lead=self.words["confirmed_lead"])


class StatusPage(PublicPage):
    """GET /privacy/status/{token}: what our letters lead to; tells what was asked and how far it is, and no more."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Where the request stands."""
        row, words = request_of_status(token), self.words
        told = words["status_lead"].format(
            what=what(row.kind, self.locale, row.purpose).capitalize(), received=row.received_on.isoformat()
        )
        due = words["status_due"].format(due=row.safe_due.isoformat()) if row.is_open else ""
        state = words[f"status_{told_state(row.state)}"]
        return self.page("public_status", title=words["status"], told=told, state=state, due=due)


class PackagePage(PublicPage):
    """GET and POST /privacy/package/{token}."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Size, end of the link, and a button that sends a code."""
        return self._shown(token)

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """Send a code, or the file to whoever has it."""
        if "code" not in request.POST:
            send_code(token=token, now=self.now)
            return self._shown(token, asked=True)
        try:
            file = open_package(token=token, code=request.POST["code"], ip=client_ip(request), now=self.now)
        except Forbidden:
            return self._shown(token, asked=True, problem=self.words["wrong_code"], status=403)
        return FileResponse(file.open("rb"), as_attachment=True, filename=file.name)

    def _shown(self, token: str, asked: bool = False, problem: str = "", status: int = 200) -> HttpResponse:
        package = package_of_link(token, self.now)
        context = {"package": package, "asked": asked, "problem": problem, "title": self.words["package"]}
        return self.page("public_package", status, **context)


def _locale(request: HttpRequest) -> str:
    asked = request.GET.get("lang") or request.headers.get("Accept-Language", "")
    return locale_for(asked)


urlpatterns = [
    path("privacy/request", AskPage.as_view(), name="privacy-request"),
    path("privacy/received", ReceivedPage.as_view(), name="privacy-received"),
    path("privacy/confirm/<str:token>", ConfirmPage.as_view(), name="privacy-confirm"),
    path("privacy/status/<str:token>", StatusPage.as_view(), name="privacy-status"),
    path("privacy/package/<str:token>", PackagePage.as_view(), name="privacy-package"),
]
