"""`python -m bench [JOB ...] [--rounds N] [--customers N] [--events N]`: measure, print, exit 0 whatever it says."""

import argparse

from bench.jobs import (
    automations,
    consents,
    customers,
    ingest,
    membership,
    promotions,
    segments,
    sending,
    stream,
    webhooks,
)
from bench.stage import staged

JOBS = {
    "ingest": ingest.run,
    "customers": customers.run,
    "consents": consents.run,
    "promotions": promotions.run,
    "segments": segments.run,
    "membership": membership.run,
    "automations": automations.run,
    "sending": sending.run,
    "stream": stream.run,
    "webhooks": webhooks.run,
}


def main() -> None:
    """Run the chosen jobs (all by default) on a stage of their own."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("jobs", nargs="*", choices=[*JOBS, []], default=[])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000, help="of the jobs segments and membership")
    options = parser.parse_args()
    with staged(options.customers, options.events) as stage:
        for name in options.jobs or JOBS:
            print(JOBS[name](stage, options.rounds), "\n", flush=True)


if __name__ == "__main__":
    main()
