"""A console with the kit's pages, and jobs to show on them."""

from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest

from core.models import Job, JobState
from tests.factories.core import NOON
from tests.support.kit import pages


@pytest.fixture
def kit(settings):
    """Mount the kit's pages and templates for one test."""
    settings.ROOT_URLCONF = "tests.support.kit.urls"
    templates = deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [*templates[0]["DIRS"], Path(__file__).parent / "templates"]
    settings.TEMPLATES = templates
    pages.ran.clear()
    return pages


def make_jobs(count: int, **fields) -> list[Job]:
    """`count` queued jobs, each created a minute before the one before; every third gave no sign of life yet."""
    return Job.objects.bulk_create(
        Job(
            **{
                "public_id": Job.new_public_id(),
                "kind": "import",
                "title": f"Import {number}",
                "state": JobState.QUEUED,
                "owner": "staff:usr_1",
                "task": "none",
                "done": number // 2,
                "total": 1000,
                "beat_at": NOON - timedelta(minutes=number // 2) if number % 3 else None,
                "created_at": NOON - timedelta(minutes=number),
            }
            | fields
        )
        for number in range(count)
    )
