"""Names of tests that are made from the OpenAPI document."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the operations of the document apart: items of one name are one item for those who run tests in parallel."""
    for item in items:
        if label := getattr(item, "operation_label", ""):
            item._nodeid = f"{item.nodeid}[{label}]"
