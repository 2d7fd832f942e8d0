"""Screens of customers."""

from core.console.views import screen
from customers.console.attributes import ArchiveAttribute, AttributeList, EditAttribute, NewAttribute
from customers.console.customers import (
    CustomerDetail,
    CustomerList,
    DeleteCustomer,
    EditCustomer,
    EditTags,
    NewCustomer,
    RevealCustomer,
)
from customers.console.entries import TimelineEntry

urlpatterns = [
    screen("customers", CustomerList),
    screen("customers/new", NewCustomer),
    screen("customers/<str:public_id>", CustomerDetail),
    screen("customers/<str:public_id>/timeline/<str:place>", TimelineEntry),
    screen("customers/<str:public_id>/edit", EditCustomer),
    screen("customers/<str:public_id>/tags", EditTags),
    screen("customers/<str:public_id>/delete", DeleteCustomer),
    screen("customers/<str:public_id>/reveal", RevealCustomer),
    screen("attributes", AttributeList),
    screen("attributes/new", NewAttribute),
    screen("attributes/<slug:key>/edit", EditAttribute),
    screen("attributes/<slug:key>/archive", ArchiveAttribute),
]
