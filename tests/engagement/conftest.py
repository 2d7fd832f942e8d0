"""The event log is made by hand, so Django does not empty it between tests that commit: we do."""

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _empty_event_log(request: pytest.FixtureRequest) -> None:
    marker = request.node.get_closest_marker("django_db")
    if marker and marker.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE engagement_event, engagement_event_key")
