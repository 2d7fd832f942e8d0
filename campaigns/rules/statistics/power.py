"""Planning: how many people an experiment needs, how long that takes, and what it could have found."""

import math

from scipy import special


def people_for_shares(control: float, treated: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """People per arm to tell two shares apart by the two-sided z test (R's power.prop.test); ValueError if equal."""
    if control == treated:
        raise ValueError("Two equal shares cannot be told apart by any number of people.")
    middle = (control + treated) / 2
    chance = float(special.ndtri(1 - alpha / 2)) * math.sqrt(2 * middle * (1 - middle))
    found = float(special.ndtri(power)) * math.sqrt(control * (1 - control) + treated * (1 - treated))
    return ((chance + found) / (treated - control)) ** 2


def power_for_shares(control: float, treated: float, *, people: float, alpha: float = 0.05) -> float:
    """The chance that an experiment with so many people per arm finds the difference of two shares."""
    middle = (control + treated) / 2
    shift = math.sqrt(people) * abs(treated - control)
    chance = float(special.ndtri(1 - alpha / 2)) * math.sqrt(2 * middle * (1 - middle))
    return float(special.ndtr((shift - chance) / math.sqrt(control * (1 - control) + treated * (1 - treated))))


def power_for_amounts(difference: float, deviation: float, *, people: float, alpha: float = 0.05) -> float:
    """The chance that so many people per arm show a difference of means (noncentral t; R's power.t.test)."""
    degrees = 2 * (people - 1)
    critical = float(special.stdtrit(degrees, 1 - alpha / 2))
    shift = math.sqrt(people / 2) * abs(difference) / deviation
    return 1 - float(special.nctdtr(degrees, shift, critical))


def people_for_amounts(difference: float, deviation: float, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """People per arm to find a difference of means, by bisection; ValueError when there is none to find."""
    if not difference or deviation <= 0:
        raise ValueError("A difference other than zero and a positive deviation are needed.")
    low, high = 2.0, 4.0
    while power_for_amounts(difference, deviation, people=high, alpha=alpha) < power:
        low, high = high, high * 2
    while high - low > 1e-6:
        middle = (low + high) / 2
        enough = power_for_amounts(difference, deviation, people=middle, alpha=alpha) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def smallest_uplift(control: float, *, people: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest relative uplift of a share that so many people per arm are likely to show, by bisection."""
    low, high = control, 1 - 1e-9
    while high - low > 1e-9:
        middle = (low + high) / 2
        found = middle > control and power_for_shares(control, middle, people=people, alpha=alpha) >= power
        low, high = (low, middle) if found else (middle, high)
    return high / control - 1


def days_needed(people: float, *, arms: int, per_day: int) -> int:
    """Days until every arm has its people, rounded up to whole weeks, since people behave by the day of the week."""
    return math.ceil(math.ceil(people) * arms / per_day / 7) * 7
