"""The customers list, one customer's page, and what can be done there."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django_filters import ChoiceFilter

from core.console import cells
from core.console.bulk import BulkAction
from core.console.cells import State
from core.console.forms import ConsoleForm, ReasonForm
from core.console.pages import Action
from core.console.tables import whole_row
from core.console.views import (
    ActionPage,
    Column,
    DetailPage,
    Empty,
    Figure,
    FormPage,
    Header,
    ListPage,
    MenuEntry,
    Tab,
)
from customers.console.bulk import bulk_actions
from customers.console.forms import CustomerForm, TagsForm
from customers.console.panels import IDENTITIES, PROFILE, TAGS, TIMELINE, profile_facts
from customers.console.words import CHANGE, PII, STATES, VIEW, shown_email, shown_name
from customers.models import Customer, Status, TagOrigin
from customers.rules.countries import COUNTRY_NAMES
from customers.selectors.criteria import criteria
from customers.selectors.customers import count_known, find_customer, list_customers, matching_ids, tag_names, tags_of
from customers.selectors.filters import CustomerFilter
from customers.selectors.marks import SILENT, Shown, mark_sources, read_marks
from customers.services.customers import create_customer, delete_customer, update_customer
from customers.services.reveals import reveal_customer
from customers.services.tags import replace_tags

DELETE, IMPORT, MERGE = "customers.delete_customer", "customers.import_customer", "customers.merge_customer"


class CustomerConsoleFilter(CustomerFilter):
    """The API's filters, with words for people and the choices of upper floors."""

    status = ChoiceFilter(label="Status", choices=Status.choices[:2], empty_label="Any status")
    country = ChoiceFilter(label="Country", choices=sorted(COUNTRY_NAMES.items()), empty_label="Any country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for criterion in criteria():
            choices = list(criterion.choices())
            extra = ChoiceFilter(
                label=criterion.label,
                choices=choices,
                empty_label=f"Any {criterion.label.lower()}",
                method="keep",
            )
            extra.parent, extra.model = self, self._meta.model
            self.filters[criterion.name] = extra


def person_cell(row: Any) -> str:
    """The name, leading to the page, with the address behind it."""
    return cells.link(reverse("console:customer", args=[row.public_id]), row.shown_name, row.shown_email)


def mark_cell(shown: Shown) -> str:
    """A state of an upper floor."""
    return cells.dot(State(*shown))


def mark_of(name: str, row: Any) -> Shown:
    """What an upper floor knows; unknown where it is silent."""
    shown: Shown = row.marks.get(name, SILENT)
    return shown


def mark_columns() -> list[Column]:
    """A column for each state that upper floors show."""
    return [
        Column(
            mark.name,
            mark.label,
            value=partial(mark_of, mark.name),
            cell=mark_cell,
            optional=mark.optional,
            permission=source.permission,
        )
        for source in mark_sources()
        for mark in source.marks()
    ]


def value_cell(row: Any) -> str:
    """What the customer spent, in the currency of the latest order."""
    return cells.money(row.orders_total, row.orders_currency) if row.orders_count else cells.NOTHING


class CustomerList(ListPage):
    """Everybody we know."""

    name, title, permission = "customers", "Customers", VIEW
    menu_entry = MenuEntry("Customers", "users", "Audience", order=10, count=count_known)
    filterset_class = CustomerConsoleFilter
    search_label = "E-mail, last name or id"
    default_sort = "-created_at"
    key_columns = (
        Column("customer", "Customer", value=whole_row, cell=person_cell),
        Column("country", "Country"),
        Column("status", "Status", cell=cells.state(STATES)),
    )
    more_columns = (
        Column("value", "Lifetime value", value=whole_row, cell=value_cell, end=True),
        Column("orders", "Orders", value=lambda row: row.orders_count, cell=cells.number, end=True, optional=True),
        Column("seen", "Last seen", value=lambda row: row.last_seen_at, cell=cells.instant),
        Column("created", "Created", value=lambda row: row.created_at, cell=cells.day, sort="created_at"),
        Column("tags", "Tags", value=lambda row: row.shown_tags, cell=cells.tags),
        Column("updated", "Changed", value=lambda row: row.updated_at, cell=cells.instant, optional=True),
        Column("external", "External id", value=lambda row: row.external_id, optional=True, permission=PII),
        Column("phone", "Phone", optional=True, permission=PII),
        Column("language", "Language", optional=True),
        Column("via", "Came with", value=lambda row: row.created_via, cell=cells.code, optional=True),
    )

    @cached_property
    def columns(self) -> Sequence[Column]:  # type: ignore[override]
        """Who it is, what upper floors know, then the figures."""
        return (*self.key_columns, *mark_columns(), *self.more_columns)

    @property
    def bulk_actions(self) -> Sequence[BulkAction]:  # type: ignore[override]
        """Tagging, putting on a list, and what upper floors offer."""
        return bulk_actions(sees_pii=self.reader.has_perm(PII))

    @property
    def tabs(self) -> Sequence[Tab]:  # type: ignore[override]
        """Everybody, then what upper floors offer, then who is not active."""
        offered = [Tab(label, {c.name: value}) for c in criteria() for label, value in c.shortcuts]
        return (Tab("All"), *offered, Tab("Inactive", {"status": "inactive"}))

    @property
    def bar_filters(self) -> Sequence[str]:  # type: ignore[override]
        """Status, country, and what upper floors add."""
        return ["status", "country", *(criterion.name for criterion in criteria())]

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        action = Action("Import", reverse("console:import-new"), IMPORT, "upload", primary=True)
        return Empty("No customers yet", "Import a file or connect a source.", action)

    def rows(self) -> QuerySet[Customer]:
        """People we know, visitors and tombstones apart."""
        return list_customers()

    def search(self, rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
        """By exact id; by the beginning of e-mail address or last name where the reader may see them."""
        return rows.filter(pk__in=matching_ids(text, by_prefix=self.reader.has_perm(PII)))

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Names as this reader may see them, and tags in one query."""
        tags, marks = tags_of([row.pk for row in rows]), read_marks(rows)
        for row in rows:
            row.shown_name, row.shown_email = shown_name(row, self.reader), shown_email(row, self.reader)
            row.shown_tags, row.marks = tags.get(row.pk, []), marks.get(row.pk, {})
        return rows

    def actions(self) -> Sequence[Action]:
        """Import, and one by hand."""
        return (
            Action("Import", reverse("console:import-new"), IMPORT, "upload"),
            Action("New customer", reverse("console:customer-new"), CHANGE, "plus", primary=True),
        )


class CustomerDetail(DetailPage):
    """One person: figures, timeline, profile, identifiers, tags, and what upper floors know."""

    name, title, permission, panel_area = "customer", "Customer", VIEW, "customer"
    panels = (TIMELINE, PROFILE, IDENTITIES, TAGS)

    def find(self) -> Customer:
        """By public id; absorbed visitors answer as who absorbed them, deleted people as their tombstone."""
        return find_customer(reference=self.kwargs["public_id"], include_deleted=True)

    def header(self, subject: Customer) -> Header:
        """Who it is, as far as the reader may know."""
        if subject.status == Status.DELETED:
            when = cells.instant(subject.deleted_at)
            return Header("Deleted customer", f"Deleted {when}: {subject.delete_reason}", subject.public_id)
        name = shown_name(subject, self.reader)
        initials = "".join(word[0] for word in subject.name.split()[:2]).upper()
        return Header(name, shown_email(subject, self.reader), subject.public_id, initials=initials)

    def figures(self, subject: Customer) -> Sequence[Figure]:
        """Status, value, orders, last seen."""
        value = cells.money(subject.orders_total, subject.orders_currency) if subject.orders_count else cells.NOTHING
        return (
            Figure("Status", cells.state(STATES)(subject.status)),
            Figure("Lifetime value", value),
            Figure("Orders", cells.number(subject.orders_count)),
            Figure("Last seen", cells.ago(subject.last_seen_at)),
        )

    def actions(self, subject: Customer) -> Sequence[Action]:
        """Nothing more for a tombstone."""
        if subject.status == Status.DELETED:
            return ()
        return (
            Action("Reveal", url("customer-reveal", subject), PII, "eye"),
            Action("Tags", url("customer-tags", subject), CHANGE, "tags"),
            Action("Merge", url("customer-merge", subject), MERGE, "arrows-join"),
            Action("Delete", url("customer-delete", subject), DELETE, "trash"),
            Action("Edit", url("customer-edit", subject), CHANGE, "edit", primary=True),
        )


def url(name: str, customer: Customer) -> str:
    """The address of a screen about this customer."""
    return reverse(f"console:{name}", args=[customer.public_id])


class NewCustomer(FormPage):
    """One customer by hand."""

    name, title, permission = "customer-new", "New customer", CHANGE
    form_class, submit_label, success = CustomerForm, "Create", "The customer is stored."

    def save(self, form: CustomerForm) -> Customer:
        """Create."""
        return create_customer(properties=form.properties(), by=self.actor, now=self.now)

    def success_url(self, result: Customer) -> str:
        """The new page."""
        return url("customer", result)

    def cancel_url(self) -> str:
        """The list."""
        return reverse("console:customers")


class _OfCustomer(FormPage, abstract=True):
    """A form about one customer."""

    @property
    def customer(self) -> Customer:
        """The customer of this address."""
        return find_customer(reference=self.kwargs["public_id"])

    def success_url(self, result: Any) -> str:
        """Back to the page."""
        return reverse("console:customer", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """Back to the page."""
        return self.success_url(None)


class EditCustomer(_OfCustomer):
    """The whole profile; somebody else's change in between is shown, not overwritten."""

    name, title, permission = "customer-edit", "Edit customer", CHANGE
    form_class, success = CustomerForm, "The customer is changed."

    def initial(self) -> dict[str, Any]:
        """The stored profile and its version."""
        customer = self.customer
        return {name: getattr(customer, name) or "" for name in CustomerForm.base_fields if name != "version"} | {
            "version": customer.xid
        }

    def save(self, form: CustomerForm) -> Customer:
        """Update."""
        version = form.cleaned_data["version"]
        return update_customer(
            customer=self.customer,
            properties=form.properties(),
            expected_xid=int(version) if version else None,
            by=self.actor,
            now=self.now,
        )


class EditTags(_OfCustomer):
    """The set of tags."""

    name, title, permission = "customer-tags", "Tags", CHANGE
    form_class, success = TagsForm, "The tags are changed."

    def initial(self) -> dict[str, Any]:
        """The present set."""
        return {"tags": ", ".join(tag_names(self.customer))}

    def save(self, form: TagsForm) -> Any:
        """Replace."""
        return replace_tags(
            customer=self.customer, tags=form.names(), origin=TagOrigin.PERSON, by=self.actor, now=self.now
        )


class DeleteCustomer(_OfCustomer, ActionPage):
    """Everything personal goes; a tombstone stays."""

    name, title, permission = "customer-delete", "Delete customer", DELETE
    form_class, submit_label, success, danger = ReasonForm, "Delete", "The customer is deleted.", True
    step_up = True

    def question(self) -> str:
        """What happens."""
        return (
            "All personal data of this customer is erased here, for good. "
            "A tombstone without personal data tells connected systems."
        )

    def save(self, form: ConsoleForm) -> Customer:
        """Delete."""
        return delete_customer(customer=self.customer, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)


class RevealCustomer(_OfCustomer, ActionPage):
    """Show masked fields once; who looked and why stands in the audit log."""

    name, title, permission = "customer-reveal", "Reveal personal data", PII
    form_class, submit_label, success = ReasonForm, "Reveal", ""

    def question(self) -> str:
        """What happens."""
        seen = "Phone number, date of birth and personal attributes are shown once. The audit log says who looked."
        if not self.customer.sensitive_limited:
            return seen
        return (
            f"{seen} The person limits the use of sensitive data: look only for the service asked for, for security "
            "or to meet a duty (Cal. Civ. Code 1798.121), and give that as the reason."
        )

    def save(self, form: ConsoleForm) -> Customer:
        """Record the look."""
        return reveal_customer(customer=self.customer, reason=form.cleaned_data["reason"], by=self.actor, now=self.now)

    def done(self, result: Customer) -> HttpResponse:
        """The facts, in this answer only."""
        context = {"facts": profile_facts(result, revealed=True), "back": self.success_url(result)}
        return self.draw("customers/revealed.html", context)
