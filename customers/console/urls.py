"""Screens of customers."""

from core.console.views import screen
from customers.console.customers import (
    CustomerDetail,
    CustomerList,
    DeleteCustomer,
    EditCustomer,
    EditTags,
    NewCustomer,
    RevealCustomer,
)

urlpatterns = [
    screen("customers", CustomerList),
    screen("customers/new", NewCustomer),
    screen("customers/<str:public_id>", CustomerDetail),
    screen("customers/<str:public_id>/edit", EditCustomer),
    screen("customers/<str:public_id>/tags", EditTags),
    screen("customers/<str:public_id>/delete", DeleteCustomer),
    screen("customers/<str:public_id>/reveal", RevealCustomer),
]
