"""Amounts in minor units (ISO 4217)."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_PLACES: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount in the smallest unit of the currency: 49.99 USD is 4999, 500 JPY is 500; half goes to even."""
    return int((amount * 10 ** _PLACES.get(currency, 2)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
