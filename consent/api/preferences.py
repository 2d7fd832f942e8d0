"""Public pages of choice: preference centre, one-click unsubscribing, do not sell. No JavaScript, no login.

GET never changes what a person decided: scanners of mail follow every link (RFC 8058 section 1).
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt

from consent.api.public import AskForm, PublicPage
from consent.rules.preferences import use_name
from consent.rules.requests import Kind
from consent.selectors.confirmations import newsletter_purposes, question_of, words_of
from consent.selectors.links import person_of_preferences, person_of_unsubscribe
from consent.selectors.preferences import preferences_of
from consent.selectors.receipts import find_own_entry, receipt_for
from consent.services.circumstances import Circumstances
from consent.services.confirmations import confirm, subscribe
from consent.services.intake import submit_request
from consent.services.preferences import (
    Wish,
    hear_reader,
    refuse_everything,
    save_preferences,
    unsubscribe,
)
from core.api.credentials import client_ip
from core.api.gpc import gpc_on
from core.errors import DomainError, InvalidInput, RateLimited


class ChoicePage(PublicPage):
    """A page about a person's own choices."""

    @property
    def how(self) -> Circumstances:
        """How this request came in."""
        agent = self.request.headers.get("User-Agent", "")[:1_000]
        return Circumstances(ip=client_ip(self.request), user_agent=agent, locale=self.locale, gpc=gpc_on(self.request))

    def ended(self, error: DomainError) -> HttpResponse:
        """The link has ended, or too much was asked from here."""
        lead = error.message if isinstance(error, RateLimited) else self.words["prefs_ended_lead"]
        return self.page("public_words", error.status, title=self.words["prefs_ended"], lead=lead)


class PreferencePage(ChoicePage):
    """GET and POST /p/{token}."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Every purpose, where she stands, and the words; a signal of her browser is heard."""
        customer, _ = person_of_preferences(token, self.now)
        hear_reader(customer=customer, how=self.how, now=self.now)
        return self._shown(token)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Save the ticks, or say no to everything."""
        mailed = False
        if "none" in request.POST:
            refuse_everything(token=token, how=self.how, now=self.now)
        else:
            sent = request.POST
            notices = {name.removeprefix("notice_"): sent[name] for name in sent if name.startswith("notice_")}
            wish = Wish(wanted=sent.getlist("on"), shown=sent.getlist("shown"), notices=notices)
            mailed = save_preferences(token=token, wish=wish, how=self.how, now=self.now).mailed
        return self._shown(token, said=self.words["prefs_mail" if mailed else "prefs_saved"])

    def _shown(self, token: str, said: str = "") -> HttpResponse:
        customer, _ = person_of_preferences(token, self.now)
        found = preferences_of(customer=customer, locale=self.locale, now=self.now)
        title, gpc = self.words["prefs"], self.how.gpc
        return self.page("public_preferences", found=found, said=said, gpc=gpc, token=token, title=title)


class ReceiptPage(ChoicePage):
    """GET /p/{token}/receipts/{number}: the signed receipt of a choice, for the person it is about."""

    def get(self, request: HttpRequest, token: str, number: int) -> HttpResponse:
        """One JSON file; 410 for entries of others."""
        customer, _ = person_of_preferences(token, self.now)
        row = find_own_entry(customer=customer, number=number)
        response = JsonResponse(receipt_for(row), json_dumps_params={"indent": 2, "ensure_ascii": False})
        response["Content-Disposition"] = f'attachment; filename="consent-receipt-{row.seq}.json"'
        return response


@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribePage(ChoicePage):
    """GET and POST /u/{token} (RFC 8058): no cookie, no redirect, no question; only POST changes anything."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The button."""
        _, use = person_of_unsubscribe(token)
        lead = self.words["unsub_lead"].format(use=use_name(use.key, use.name, self.locale))
        button = self.words["unsub_button"]
        return self.page("public_button", title=self.words["unsub"], lead=lead, button=button)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Done, from a mail program (`List-Unsubscribe=One-Click`) or by the button."""
        use = unsubscribe(token=token, how=self.how, now=self.now)
        lead = self.words["unsub_done_lead"].format(use=use_name(use.key, use.name, self.locale))
        return self.page("public_words", title=self.words["unsub_done"], lead=lead)


class ConfirmationPage(ChoicePage):
    """GET and POST /c/{token}: double opt-in and renewal; only the button counts."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The words, and the button."""
        asked = question_of(token, self.now, self.locale)
        lead = self.words["doi_lead"].format(use=asked.names)
        return self.page("public_doi", title=self.words["doi"], lead=lead, notices=asked.notices)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """It is a yes."""
        confirm(token=token, how=self.how, now=self.now)
        return self.page("public_words", title=self.words["doi_done"], lead=self.words["doi_done_lead"])


class SubscribeForm(AskForm):
    """Where to write, and where she lives."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["kind"], self.fields["details"]
        self.fields["contact"].help_text = ""


class SubscribePage(ChoicePage):
    """GET and POST /privacy/subscribe: double opt-in for marketing by e-mail; the answer never tells who is known."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The form with the words to agree to."""
        return self._form(SubscribeForm(words=self.words, locale=self.locale))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """A letter is on its way, perhaps."""
        form = SubscribeForm(request.POST, words=self.words, locale=self.locale)
        if not form.is_valid():
            return self._form(form, 422)
        try:
            subscribe(**form.cleaned_data, purposes=newsletter_purposes(), how=self.how, now=self.now)
        except InvalidInput as refusal:
            form.refuse(refusal)
            return self._form(form, 422)
        return self.page("public_words", title=self.words["sub_done"], lead=self.words["sub_done_lead"])

    def _form(self, form: SubscribeForm, status: int = 200) -> HttpResponse:
        notices = words_of(newsletter_purposes(), self.locale)
        return self.page("public_subscribe", status, form=form, notices=notices, title=self.words["sub"])


class OptOutForm(AskForm):
    """Whose data is not to be sold or shared, and where she lives."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        words = kwargs["words"]
        super().__init__(*args, **kwargs)
        del self.fields["kind"], self.fields["details"]
        self.fields["contact"].help_text = words["dns_hint"]
        self.fields["contact"].widget = forms.EmailInput(attrs={"autocomplete": "email", "class": "form-control"})


class DoNotSellPage(ChoicePage):
    """GET and POST /privacy/do-not-sell (11 CCR 7013, 7026): no identity is asked for, and a signal is answered."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """The form, and what the browser's signal already does."""
        return self._form(OptOutForm(words=self.words, locale=self.locale))

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Open the opt-out; the answer is the same for everybody."""
        form = OptOutForm(request.POST, words=self.words, locale=self.locale)
        if not form.is_valid():
            return self._form(form, 422)
        asked = {"kind": Kind.OPT_OUT.value, "details": "", **form.cleaned_data}
        try:
            submit_request(**asked, locale=self.locale, ip=client_ip(request), now=self.now)
        except InvalidInput as refusal:
            form.refuse(refusal)
            return self._form(form, 422)
        return self.page("public_words", title=self.words["dns_done"], lead=self.words["dns_done_lead"])

    def _form(self, form: OptOutForm, status: int = 200) -> HttpResponse:
        return self.page("public_opt_out", status, form=form, gpc=self.how.gpc, title=self.words["dns"])


urlpatterns = [
    path("p/<str:token>", PreferencePage.as_view(), name="preferences"),
    path("p/<str:token>/receipts/<int:number>", ReceiptPage.as_view(), name="receipt"),
    path("u/<str:token>", UnsubscribePage.as_view(), name="unsubscribe"),
    path("c/<str:token>", ConfirmationPage.as_view(), name="confirmation"),
    path("privacy/subscribe", SubscribePage.as_view(), name="subscribe"),
    path("privacy/do-not-sell", DoNotSellPage.as_view(), name="do-not-sell"),
]
