"""What consent erases with a person, and what the law tells it to keep: registered in core.privacy."""

from collections.abc import Sequence

from consent.models import Confirmation, ConsentState, ConsentToken, DataRequest, Suppression
from customers.models import Customer
from customers.services.erasing import Rows, delete_rows, update_rows


def keep_ledger(customer_ids: Sequence[int], /) -> Rows:
    """Nothing changes: the entries name a public id only, and prove what we were allowed (GDPR Art. 17(3)(e))."""
    return Rows()


def erase_states(customer_ids: Sequence[int], /) -> Rows:
    """Nobody stands anywhere; nothing is allowed; the signal was never seen."""
    nothing = {"consent_mask": 0, "consent_until": None, "gpc_first_seen_at": None, "sensitive_limited": False}
    Customer.objects.filter(pk__in=customer_ids).update(**nothing)
    return delete_rows(ConsentState.objects.filter(customer_id__in=customer_ids), customer_ids)


def erase_tokens(customer_ids: Sequence[int], /) -> Rows:
    """No token about these people is left; one still in circulation proves nothing."""
    return delete_rows(ConsentToken.objects.filter(customer_id__in=customer_ids), customer_ids)


def loosen_suppressions(customer_ids: Sequence[int], /) -> Rows:
    """The keyed hashes stay on the list and point to nobody."""
    return update_rows(Suppression.objects.filter(customer_id__in=customer_ids), customer_ids, customer=None)


def forget_requesters(customer_ids: Sequence[int], /) -> Rows:
    """Closed requests name nobody any more; an open one keeps the address its answer goes to until it is closed."""
    closed = DataRequest.objects.filter(customer_id__in=customer_ids, closed_at__isnull=False)
    known = closed.exclude(contact_sealed="", details_sealed="")
    nothing = {"contact_sealed": "", "details_sealed": "", "contact_hint": "", "contact_hash": ""}
    return update_rows(known, customer_ids, **nothing)


def keep_holds(customer_ids: Sequence[int], /) -> Rows:
    """Nothing changes: a hold names a public id only, and proves why data was kept (GDPR Art. 17(3)(e))."""
    return Rows()


def erase_confirmations(customer_ids: Sequence[int], /) -> Rows:
    """No question by e-mail to these people is left; its link opens nothing."""
    return delete_rows(Confirmation.objects.filter(customer_id__in=customer_ids), customer_ids)
