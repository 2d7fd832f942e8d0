"""The filters of customer lists, shared by API and console."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django_filters import BooleanFilter, CharFilter, ChoiceFilter, Filter, FilterSet

from customers.models import Customer, CustomerQuerySet, CustomerTag, Identity, IdentityKind, Status
from customers.rules.identity import BadIdentity, normalise
from customers.selectors.criteria import criteria
from customers.selectors.customers import list_customers


class _InstantField(forms.Field):
    """An ISO 8601 instant that says how far it is from UTC."""

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise forms.ValidationError("Send an instant of ISO 8601 with offset, such as 2024-01-01T00:00:00Z.")
        return instant


class InstantFilter(Filter):  # type: ignore[misc]
    """Compares a column with an instant; `Z` or an offset is required."""

    field_class = _InstantField


class _FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError("Send true or false.")
        return bool(value == "true")


class FlagFilter(BooleanFilter):  # type: ignore[misc]
    """`true` or `false`, nothing else."""

    field_class = _FlagField


class CustomerFilter(FilterSet):  # type: ignore[misc]
    """What a customer list can be narrowed by. `_after` includes the instant itself, `_before` does not."""

    created_after = InstantFilter(field_name="created_at", lookup_expr="gte")
    created_before = InstantFilter(field_name="created_at", lookup_expr="lt")
    updated_after = InstantFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = InstantFilter(field_name="updated_at", lookup_expr="lt")
    status = ChoiceFilter(choices=[(Status.ACTIVE.value, "Active"), (Status.INACTIVE.value, "Inactive")])
    email = CharFilter(method="filter_email")
    external_id = CharFilter(method="filter_external_id")
    tag = CharFilter(method="filter_tag")
    country = CharFilter(method="filter_country")
    include_deleted = FlagFilter(method="keep")
    include_anonymous = FlagFilter(method="keep")

    class Meta:
        model = Customer
        fields: list[str] = []

    def filter_queryset(self, queryset: CustomerQuerySet) -> CustomerQuerySet:
        """The right people first, then the filters, then those of upper floors."""
        chosen = list_customers(
            include_anonymous=bool(self.form.cleaned_data.get("include_anonymous")),
            include_deleted=bool(self.form.cleaned_data.get("include_deleted")),
        )
        narrowed: CustomerQuerySet = super().filter_queryset(chosen)
        return narrow_by_criteria(narrowed, self.data)

    def keep(self, queryset: CustomerQuerySet, name: str, value: bool) -> CustomerQuerySet:
        """Read by `filter_queryset` already."""
        return queryset

    def filter_email(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Whoever is recognised by this address, in any spelling."""
        return _recognised(queryset, IdentityKind.EMAIL, value)

    def filter_external_id(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Whoever is recognised by this external id."""
        return _recognised(queryset, IdentityKind.EXTERNAL_ID, value)

    def filter_tag(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Whoever has this tag."""
        return queryset.filter(Exists(CustomerTag.objects.filter(customer=OuterRef("pk"), tag__name=value)))

    def filter_country(self, queryset: CustomerQuerySet, name: str, value: str) -> CustomerQuerySet:
        """Whoever lives in this country (ISO 3166-1 alpha-2)."""
        return queryset.filter(country=value.upper())


class CustomerQueryFilter(CustomerFilter):
    """The same for a query string: only what it names is set up; to set up all takes longer than to read a page."""

    def __init__(self, data: Mapping[str, Any], queryset: CustomerQuerySet) -> None:
        self.base_filters = {name: each for name, each in CustomerFilter.base_filters.items() if name in data}
        super().__init__(data, queryset=queryset)


def _recognised(queryset: CustomerQuerySet, kind: str, value: str) -> CustomerQuerySet:
    try:
        normalised = normalise(kind, value)
    except BadIdentity:
        return queryset.none()
    return queryset.filter(pk__in=Identity.objects.filter(kind=kind, value=normalised).values("customer_id"))


def narrow_by_criteria(queryset: CustomerQuerySet, parameters: Mapping[str, Any]) -> CustomerQuerySet:
    """The filters that upper floors registered and the parameters name."""
    for criterion in criteria():
        value = parameters.get(criterion.name)
        if value:
            queryset = criterion.narrow(queryset, str(value))
    return queryset
