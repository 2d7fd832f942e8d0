"""The eleven purposes of the TCF, and which of ours rests on each: the one place where the two meet."""

from dataclasses import dataclass
from typing import Final

from consent.rules.vocabulary import Purpose


@dataclass(frozen=True, slots=True)
class TcfPurpose:
    """One purpose of the TCF by its name, the purpose of ours that rests on it, and whether a vendor may rest it on
    a legitimate interest (never purpose 1; since TCF 2.2 not purposes 3 to 6 either)."""

    name: str
    ours: Purpose | None = None
    by_interest: bool = True


PURPOSES: Final = {
    1: TcfPurpose("Store and/or access information on a device", by_interest=False),
    2: TcfPurpose("Use limited data to select advertising"),
    3: TcfPurpose("Create profiles for personalised advertising", Purpose.TARGETED_ADS, by_interest=False),
    4: TcfPurpose("Use profiles to select personalised advertising", Purpose.TARGETED_ADS, by_interest=False),
    5: TcfPurpose("Create profiles to personalise content", Purpose.PERSONALISATION, by_interest=False),
    6: TcfPurpose("Use profiles to select personalised content", Purpose.PERSONALISATION, by_interest=False),
    7: TcfPurpose("Measure advertising performance", Purpose.ANALYTICS),
    8: TcfPurpose("Measure content performance", Purpose.ANALYTICS),
    9: TcfPurpose("Understand audiences through statistics or combinations of data", Purpose.STATISTICS),
    10: TcfPurpose("Develop and improve services"),
    11: TcfPurpose("Use limited data to select content"),
}
"""Purpose 1 is asked beside the others wherever the channel is the cookie. 2, 10 and 11 need no profile and have no
purpose of ours. Source: TCF Policies, appendix A, as of version 2.2 of May 2023."""
