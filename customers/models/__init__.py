"""Tables of customers."""

from customers.models.attributes import AttributeDefinition, AttributeType, PiiClass
from customers.models.customers import Customer, CustomerQuerySet, Status
from customers.models.identities import Identity, IdentityKind
from customers.models.imports import ImportFile, ImportTarget, RefusedRow
from customers.models.purchases import Purchase
from customers.models.tags import CustomerTag, Tag, TagOrigin

__all__ = [
    "AttributeDefinition",
    "AttributeType",
    "Customer",
    "CustomerQuerySet",
    "CustomerTag",
    "Identity",
    "IdentityKind",
    "ImportFile",
    "ImportTarget",
    "PiiClass",
    "Purchase",
    "RefusedRow",
    "Status",
    "Tag",
    "TagOrigin",
]
