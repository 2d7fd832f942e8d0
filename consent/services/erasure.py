"""What consent erases with a person, and what the law tells it to keep: registered in core.privacy."""

from collections.abc import Sequence

from consent.models import Confirmation, ConsentState, ConsentToken, DataRequest, Suppression
from customers.models import Customer


def keep_ledger(customer_ids: Sequence[int], /) -> int:
    """Nothing changes: the entries name a public id only, and prove what we were allowed (GDPR Art. 17(3)(e))."""
    return 0


def erase_states(customer_ids: Sequence[int], /) -> int:
    """Nobody stands anywhere; nothing is allowed; the signal was never seen."""
    nothing = {"consent_mask": 0, "consent_until": None, "gpc_first_seen_at": None, "sensitive_limited": False}
    Customer.objects.filter(pk__in=customer_ids).update(**nothing)
    return ConsentState.objects.filter(customer_id__in=customer_ids).delete()[0]


def erase_tokens(customer_ids: Sequence[int], /) -> int:
    """No token about these people is left; one still in circulation proves nothing."""
    return ConsentToken.objects.filter(customer_id__in=customer_ids).delete()[0]


def loosen_suppressions(customer_ids: Sequence[int], /) -> int:
    """The keyed hashes stay on the list and point to nobody."""
    return Suppression.objects.filter(customer_id__in=customer_ids).update(customer=None)


def forget_requesters(customer_ids: Sequence[int], /) -> int:
    """Closed requests name nobody any more; an open one keeps the address its answer goes to until it is closed."""
    closed = DataRequest.objects.filter(customer_id__in=customer_ids, closed_at__isnull=False)
    return closed.exclude(contact_sealed="", details_sealed="").update(
        contact_sealed="", details_sealed="", contact_hint="", contact_hash=""
    )


def keep_holds(customer_ids: Sequence[int], /) -> int:
    """Nothing changes: a hold names a public id only, and proves why data was kept (GDPR Art. 17(3)(e))."""
    return 0


def erase_confirmations(customer_ids: Sequence[int], /) -> int:
    """No question by e-mail to these people is left; its link opens nothing."""
    return Confirmation.objects.filter(customer_id__in=customer_ids).delete()[0]
