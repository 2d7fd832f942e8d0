"""What a promotion's variants did, judged: each against the first, corrected for how many there are."""

from dataclasses import dataclass

from campaigns.models import Promotion
from campaigns.rules.statistics.bayes import believe_shares
from campaigns.rules.statistics.checks import Mismatch, holm, sample_ratio
from campaigns.rules.statistics.power import people_for_shares
from campaigns.rules.statistics.samples import Share
from campaigns.rules.statistics.shares import compare_shares
from campaigns.rules.statistics.verdicts import Decision, decide
from campaigns.selectors.offers import shown_of

WORTH_FINDING = 1.2
"""An uplift of a fifth is what an experiment must be able to find before it is judged."""


@dataclass(frozen=True, slots=True)
class Result:
    """One variant: people it was shown to, how many redeemed, and what may be said against the first variant."""

    variant: str
    people: int
    redeemed: int
    decision: Decision | None = None

    @property
    def rate(self) -> float | None:
        """The share that redeemed; None while nobody saw it."""
        return self.redeemed / self.people if self.people else None


def results_of(promotion: Promotion) -> list[Result]:
    """Every variant in its order; decisions once every variant was shown to somebody."""
    rows = shown_of(promotion)
    if len(rows) < 2 or not all(people for _, people, _ in rows):
        return [Result(*row) for row in rows]
    shares = [Share(successes=redeemed, people=people) for _, people, redeemed in rows]
    weights = {one["key"]: float(one["weight"]) for one in promotion.variants}
    mismatch = sample_ratio({key: people for key, people, _ in rows}, weights)
    found = [compare_shares(shares[0], share) for share in shares[1:]]
    p_values = holm([one.p_value for one in found])
    first, *others = rows
    return [
        Result(*first),
        *(
            Result(*row, decision=_decided(row[0], shares[0], shares[place + 1], p_values[place], mismatch))
            for place, row in enumerate(others)
        ),
    ]


def _decided(name: str, control: Share, treated: Share, p_value: float, mismatch: Mismatch) -> Decision:
    base = max(control.rate, 0.01)
    return decide(
        name=f"Variant {name}",
        measure="redemptions",
        difference=compare_shares(control, treated),
        p_value=p_value,
        belief=believe_shares(control, treated),
        mismatch=mismatch,
        people=(control.people, treated.people),
        needed=people_for_shares(base, min(0.999, base * WORTH_FINDING)) if base < 0.8 else 100.0,
    )
