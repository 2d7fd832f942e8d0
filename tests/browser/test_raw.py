"""The raw window in the browser: it works under the strict policy."""

import pytest

from core.models import Role
from tests.browser.conftest import LIGHT, PHONE
from tests.factories.core import make_staff
from tests.factories.system import make_job


@pytest.mark.parametrize("mode", [LIGHT, PHONE], ids=str)
def test_raw_window__tables_and_rows__obey_the_policy(visit, mode):
    visitor = visit(make_staff(Role.SUPERUSER), mode)
    job = make_job()

    refused = []
    for path in ("/admin/", "/admin/core/job/", f"/admin/core/job/{job.pk}/change/"):
        status = visitor.open(path)
        found = visitor.faults(f"raw {path.replace('/', '_')} {mode}")
        refused += [fault for fault in found if "axe" not in fault] + ([f"{path}: {status}"] if status != 200 else [])

    assert refused == []
