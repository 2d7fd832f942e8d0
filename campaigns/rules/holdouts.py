"""On which side of the global holdout somebody is: by the published hash, for good."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.rules.assignment import assign
from campaigns.rules.experiments import shares_of


def side_of(seed: str, person: str, variants: Sequence[Mapping[str, Any]]) -> str:
    """The key of the group of this public id, the holdout's public id being the seed."""
    return str(variants[assign(seed, person, weights=shares_of(variants)) or 0]["key"])
