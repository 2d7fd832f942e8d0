"""`python -m bench [JOB ...] [--rounds N] [--customers N]`: measure, print the tables, exit 0 whatever they say."""

import argparse

from bench.jobs import consents, customers, ingest
from bench.stage import staged

JOBS = {"ingest": ingest.run, "customers": customers.run, "consents": consents.run}


def main() -> None:
    """Run the chosen jobs (all by default) on a stage of their own."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args()
    with staged(options.customers) as stage:
        for name in options.jobs or JOBS:
            print(JOBS[name](stage, options.rounds), "\n", flush=True)


if __name__ == "__main__":
    main()
