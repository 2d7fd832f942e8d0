"""One module a job of the goals table; each offers `run(stage, rounds) -> list[Line]`."""
