"""How many: exactly, without counting a quiet table again, or as the planner estimates."""

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from core.crypto import digest
from customers.selectors.criteria import criteria

_KEPT_S = 600


def count_for(customers: QuerySet[Any], parameters: Mapping[str, Any]) -> int:
    """The total for a list with these parameters: `count=estimate` asks the planner, all else counts."""
    if parameters.get("count") == "estimate":
        return estimated_count(customers)
    if any(criterion.name in parameters for criterion in criteria()):
        return customers.count()
    return exact_count(customers)


def exact_count(customers: QuerySet[Any]) -> int:
    """The number of rows now.

    A count is kept for as long as no customer row was written since: when every transaction up to the newest written
    row has ended, and the newest written row is still the same one, no row can have come or gone. Tags and identities
    stamp their customer, so filters on them are covered; so is deletion, which leaves the row.
    """
    try:
        statement, parameters = customers.order_by().query.sql_with_params()
    except EmptyResultSet:
        return 0
    newest, horizon = _newest_write()
    if newest >= horizon:
        return customers.count()
    key = "customers:count:" + digest(f"{newest} {connection.settings_dict['NAME']} {statement} {parameters}")
    known: int | None = cache.get(key)
    if known is None:
        known = customers.count()
        cache.set(key, known, _KEPT_S)
    return known


def _newest_write() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT xid FROM customers_customer ORDER BY xid DESC, id DESC LIMIT 1), 0),"
            " core_log_horizon()"
        )
        newest, horizon = cursor.fetchone()
        return int(newest), int(horizon)


def estimated_count(customers: QuerySet[Any]) -> int:
    """What the planner expects: cheap for any filter, wrong by what the statistics are out of date."""
    try:
        statement, parameters = customers.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
