"""The consent ledger: every entry, whether the chain holds, one entry with its proof."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.forms import DateTimeInput
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.html import format_html

from consent.console.words import BASES, CHANNELS, STATES, evidence_label, evidence_words, notice_words, tc_words
from consent.models import ConsentEvent
from consent.rules.standing import NO_EVENTS
from consent.rules.vocabulary import Event
from consent.selectors.catalogue import catalogue
from consent.selectors.consumers import consumers_of
from consent.selectors.ledger import chain_of, find_entry, history_of, last_verification, list_entries
from consent.selectors.receipts import receipt_for
from consent.services.verification import start_verification
from core.actors import ActorKind
from core.console import cells
from core.console.pages import Page
from core.console.tables import whole_row
from core.console.views import Action, ActionPage, Column, DetailPage, Empty, Header, ListPage, MenuEntry, Tab
from core.errors import NotFound
from core.ids import is_public_id
from core.menu import Panel
from core.models import Job
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.origins import names_of

VIEW, VERIFY, RECORD = "consent.view_consent", "consent.verify_ledger", "consent.record_consent"
_SOURCES = {"gpc": "Global Privacy Control", "expiry": "Ran out", "merge": "Merge", "import": "Import", "api": "API"}


_OTHERS = {"system": "System", "person": "The person"}


def purpose_choices() -> list[tuple[str, str]]:
    """Every purpose in use."""
    return [(use.key, use.name) for use in catalogue().uses.values()]


def _moment(label: str, lookup: str) -> django_filters.DateTimeFilter:
    widget = DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return django_filters.DateTimeFilter(label=label, field_name="occurred_at", lookup_expr=lookup, widget=widget)


class LedgerFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the ledger can be narrowed by."""

    event = django_filters.ChoiceFilter(
        label="Event", choices=[(e.value, STATES[e.value].word) for e in Event], empty_label="Any event"
    )
    purpose = django_filters.ChoiceFilter(
        label="Purpose", field_name="purpose__key", choices=purpose_choices, empty_label="Any purpose"
    )
    channel = django_filters.ChoiceFilter(
        label="Channel", field_name="purpose__channel", choices=list(CHANNELS.items()), empty_label="Any channel"
    )
    place = django_filters.CharFilter(label="Jurisdiction", method="of_place")
    source = django_filters.CharFilter(label="Source")
    actor = django_filters.CharFilter(label="By", method="of_actor")
    since = _moment("Happened from", "gte")
    until = _moment("Happened before", "lt")
    customer = django_filters.CharFilter(label="Customer", method="of_customer")

    class Meta:
        model = ConsentEvent
        fields: Sequence[str] = ()

    def of_place(self, rows: QuerySet[ConsentEvent], name: str, value: str) -> QuerySet[ConsentEvent]:
        """The entries of a country, with all its regions (`US`), or of one region (`US-CA`)."""
        code = value.strip().upper()
        return rows.filter(place=code) if "-" in code else rows.filter(Q(place=code) | Q(place__startswith=f"{code}-"))

    def of_actor(self, rows: QuerySet[ConsentEvent], name: str, value: str) -> QuerySet[ConsentEvent]:
        """What one client or member of staff recorded: by id, alone or with its kind in front."""
        text = value.strip()
        return rows.filter(actor__in=[text, *(f"{kind.value}:{text}" for kind in ActorKind)])

    def of_customer(self, rows: QuerySet[ConsentEvent], name: str, value: str) -> QuerySet[ConsentEvent]:
        """The entries of one person and of the visitors she absorbed; none for nobody we know."""
        try:
            return rows.filter(customer_id__in=all_ids(find_customer(reference=value, include_deleted=True)))
        except NotFound:
            return rows.none()


def subject_link(row: ConsentEvent) -> str:
    """The person's public id, leading to what her record allows."""
    address = reverse("console:customer-consent", args=[row.subject])
    return format_html('<a href="{}" title="{}">…{}</a>', address, row.subject, row.subject[-10:])


def entry_link(row: ConsentEvent) -> str:
    """The instant of recording, leading to the entry."""
    address = reverse("console:consent-entry", args=[row.public_id])
    return format_html('<a href="{}" data-drawer>{}</a>', address, cells.instant(row.recorded_at))


class LedgerList(ListPage):
    """Append-only: what was recorded, about whom, on which proof."""

    name, title, permission = "consent-ledger", "Consent ledger", VIEW
    menu_entry = MenuEntry("Consent ledger", "shield-check", "Compliance", order=20)
    template_name = "consent/ledger.html"
    filterset_class, bar_filters = (
        LedgerFilter,
        ("event", "purpose", "channel", "place", "source", "actor", "since", "until"),
    )
    search_label = "Customer or entry id"
    default_sort = "-recorded_at"
    empty = Empty("Nothing recorded yet", "Consent arrives by the API, by imports, and from customer pages.")
    tabs = (
        Tab("All"),
        Tab("Granted", {"event": "granted"}),
        Tab("Withdrawn", {"event": "withdrawn"}),
        Tab("Global Privacy Control", {"source": "gpc"}),
        Tab("Expired", {"event": "expired"}),
    )
    columns = (
        Column("recorded_at", "Recorded", value=whole_row, cell=entry_link, sort="recorded_at"),
        Column("occurred_at", "Happened", cell=cells.instant),
        Column("subject", "Person", value=whole_row, cell=subject_link),
        Column("channel", "Channel", value=lambda row: CHANNELS[row.purpose.channel]),
        Column("purpose", "Purpose", value=lambda row: row.purpose.name),
        Column("event", "Event", cell=cells.state(STATES)),
        Column("source", "Source", value=lambda row: _SOURCES.get(row.source, row.source)),
        Column("notice", "Notice", value=whole_row, cell=notice_words),
        Column("evidence", "Evidence", cell=evidence_words),
        Column("legal_basis", "Basis", value=lambda row: BASES[row.legal_basis], optional=True),
        Column("place", "Jurisdiction"),
        Column("seq", "No.", end=True, optional=True),
        Column("valid_until", "Valid until", cell=cells.day, optional=True),
        Column("actor", "By", value=lambda row: row.by),
        Column("rule_set", "Rules", optional=True),
        Column("hash", "Hash", value=lambda row: row.hash[:12], cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[ConsentEvent]:
        """The whole ledger."""
        return list_entries()

    def search(self, rows: QuerySet[ConsentEvent], text: str) -> QuerySet[ConsentEvent]:
        """By entry id, or by the person's public or external id."""
        if text.startswith("con_"):
            return rows.filter(public_id=text)
        return LedgerFilter().of_customer(rows, "customer", text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Who recorded them, by name."""
        names = names_of({row.actor for row in rows})
        for row in rows:
            row.by = names.get(row.actor) or _OTHERS.get(row.actor.partition(":")[0]) or row.actor
        return rows

    def actions(self) -> Sequence[Action]:
        """Prove that nothing was changed; bring what another system knows, and hand out where people stand."""
        return (
            Action("Verify chain", reverse("console:consent-verify"), VERIFY, "fingerprint"),
            Action("From OneTrust", reverse("console:onetrust-new"), RECORD, "upload"),
            Action("To OneTrust", reverse("console:onetrust-export"), RECORD, "download"),
        )

    def draw(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """With what the last walk over the ledger found."""
        return super().draw(template, context | {"verification": last_verification()}, status)


class VerifyLedger(ActionPage):
    """Starts a walk over every chain."""

    name, title, permission = "consent-verify", "Verify the consent ledger", VERIFY
    submit_label, success = "Verify", "The ledger is being verified."

    def question(self) -> str:
        """What will happen."""
        return "Every entry is hashed again and compared with its chain, and every day with its anchor."

    def consequences(self) -> Sequence[tuple[str, str]]:
        """When it was last done."""
        last = last_verification()
        return (("Last verified", cells.instant(last.finished_at) if last else "never"),)

    def save(self, form: Any) -> Job:
        """Start the job."""
        return start_verification(by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """Back to the ledger, which shows the outcome."""
        return reverse("console:consent-ledger")

    def cancel_url(self) -> str:
        """The ledger."""
        return reverse("console:consent-ledger")


class EntryReceipt(Page):
    """The signed receipt of an entry, as a file for the person."""

    name, title, permission = "consent-receipt", "Receipt", VIEW
    downloads = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """One JSON file."""
        row = find_entry(self.kwargs["public_id"])
        name = f"consent-receipt-{row.public_id}.json"
        response = JsonResponse(receipt_for(row), json_dumps_params={"indent": 2, "ensure_ascii": False})
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Cache-Control"] = "no-store"
        return response


class EntryDetail(DetailPage):
    """One entry with its proof."""

    name, permission = "consent-entry", VIEW
    panels = (
        Panel("facts", "What was recorded", "consent/entry.html", VIEW, lambda request, row: _facts(row)),
        Panel("notice", "Words shown", "consent/words.html", VIEW, lambda request, row: {"notice": row.notice}),
        Panel(
            "consumers",
            "Who acted under the consent that ended",
            "consent/consumers.html",
            VIEW,
            lambda request, row: _consumers(row),
            lazy=True,
            order=200,
        ),
        Panel("chain", "Chain", "consent/chain.html", VIEW, lambda request, row: _chain(request, row), place="side"),
    )

    def find(self) -> ConsentEvent:
        """By public id."""
        return find_entry(self.kwargs["public_id"])

    def actions(self, subject: ConsentEvent) -> Sequence[Action]:
        """Proof for the person."""
        address = reverse("console:consent-receipt", args=[subject.public_id])
        return (Action("Receipt", address, VIEW, "download"),)

    def header(self, subject: ConsentEvent) -> Header:
        """Event and purpose."""
        return Header(
            subject.purpose.name, CHANNELS[subject.purpose.channel], subject.public_id, cells.dot(STATES[subject.event])
        )


def _facts(row: ConsentEvent) -> Mapping[str, Any]:
    facts = [
        ("Person", cells.link(reverse("console:customer-consent", args=[row.subject]), row.subject)),
        ("Happened", cells.instant(row.occurred_at)),
        ("Recorded", cells.instant(row.recorded_at)),
        ("Valid until", cells.instant(row.valid_until)),
        ("Legal basis", BASES[row.legal_basis]),
        ("Place", cells.text(row.place)),
        ("Rules", row.rule_set),
        ("Source", row.source),
        ("By", format_html("{} {}", names_of([row.actor]).get(row.actor, ""), cells.code(row.actor))),
        ("Notice", notice_words(row)),
    ]
    evidence = [(evidence_label(name), _evidence(name, value)) for name, value in sorted(row.evidence.items())]
    return {"facts": facts, "evidence": evidence + tc_words(row.evidence)}


def _consumers(row: ConsentEvent) -> Mapping[str, Any]:
    """Everybody to be told that this yes is over."""
    ends = Event(row.event) in NO_EVENTS | {Event.EXPIRED, Event.INVALIDATED}
    return {"ends": ends, "consumers": consumers_of(row) if ends else []}


def _evidence(name: str, value: Any) -> Any:
    """A value of the evidence; the file that an imported entry came with leads to what was stated about it."""
    is_file = name == "import_id" and is_public_id(value, "imp")
    return cells.link(reverse("console:import", args=[value]), value) if is_file else value


def _chain(request: HttpRequest, row: ConsentEvent) -> Mapping[str, Any]:
    """Whether this person's whole chain holds: hashed again now."""
    return {"entry": row, "broken": chain_of(row.customer_id), "length": history_of([row.customer_id]).count()}
