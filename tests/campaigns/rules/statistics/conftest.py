"""The reference results, and the e-mail experiment of Hillstrom (2008) whose answers are known."""

import csv
import gzip
import json

import pytest


@pytest.fixture(scope="session")
def references(shared_data):
    """Published results by the first words of their name: (input, expected, tolerance)."""
    kept = json.loads((shared_data / "stats" / "reference_results.json").read_text())["references"]

    def find(beginning):
        (found,) = [one for one in kept if one["name"].startswith(beginning)]
        return found["input"], found["expected"], found["tolerance"]

    return find


@pytest.fixture(scope="session")
def hillstrom(shared_data):
    """The rows of each of the three groups: visit, conversion, spend, and what was spent the year before."""
    groups = {"Mens E-Mail": [], "Womens E-Mail": [], "No E-Mail": []}
    with gzip.open(shared_data / "campaigns" / "hillstrom.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            numbers = {name: float(row[name]) for name in ("visit", "conversion", "spend", "history")}
            groups[row["segment"]].append(numbers)
    return groups
