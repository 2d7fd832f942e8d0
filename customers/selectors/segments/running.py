"""Running the statement of a rule: bounded in time, with the planner told what it cannot know."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from core.errors import Unavailable

# Compiling these statements costs more than it saves; hash tables of a million people fit into this memory; facts are
# read by several workers and added up by one, which the planner takes for dearer than it is.
_SETTINGS = (
    "SELECT set_config('jit', 'off', true), set_config('statement_timeout', %s, true),"
    " set_config('work_mem', '64MB', true), set_config('hash_mem_multiplier', '4', true),"
    " set_config('parallel_tuple_cost', %s, true), set_config('parallel_setup_cost', %s, true),"
    " set_config('enable_hashagg', %s, true), set_config('min_parallel_table_scan_size', %s, true),"
    " set_config('min_parallel_index_scan_size', %s, true)"
)
_AFTER: Final = "SELECT set_config('statement_timeout', '0', true), set_config('enable_hashagg', 'on', true)"
_WHOLE: Final = ("0.005", "100", "on", "8MB", "512kB")
# A stretch stays with one worker, which adds up what comes in order anyway. No table is large enough to be split:
# several workers on one stretch would share its customers, and each would add up the facts of all of them. Starting
# workers is dearer than any of them saves on one stretch, and cheaper than what they save on all.
_IN_ORDER: Final = ("0.1", "50000", "off", "5TB", "5TB")


def run(sql: str, parameters: Mapping[str, Any], *, seconds: float, in_order: bool = False) -> list[tuple[Any, ...]]:
    """The rows of a statement; Unavailable when it takes longer than `seconds`.

    `in_order`: the statement reads facts stretch by stretch in the order of customers.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_SETTINGS, [str(int(seconds * 1000)), *(_IN_ORDER if in_order else _WHOLE)])
            cursor.execute(sql, dict(parameters))
            rows = list(cursor.fetchall()) if cursor.description else []
            cursor.execute(_AFTER)
            return rows
    except OperationalError as error:
        raise timed_out(error, seconds) from error


def timed_out(error: OperationalError, seconds: float) -> Exception:
    """What to raise for a failed statement: a sentence when it took too long, else the failure itself."""
    if isinstance(error.__cause__, QueryCanceled):
        message = f"This took longer than {seconds:g} seconds; narrow the rule, for example by a shorter window."
        return Unavailable(message, code="timeout")
    return error


def explain_plan(sql: str, parameters: Mapping[str, Any], *, in_order: bool = False) -> dict[str, Any]:
    """The plan of a statement as PostgreSQL reports it, without running it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SETTINGS, ["10000", *(_IN_ORDER if in_order else _WHOLE)])
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", dict(parameters))
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
        return plan


def plan_nodes(plan: Mapping[str, Any]) -> list[str]:
    """Every step of a plan with the table or index it reads, outermost first."""
    target = plan.get("Index Name") or plan.get("Relation Name") or plan.get("CTE Name") or ""
    kind = (
        plan["Node Type"] if plan.get("Join Type") in (None, "Inner") else f"{plan['Node Type']} ({plan['Join Type']})"
    )
    below = [node for inner in plan.get("Plans", ()) for node in plan_nodes(inner)]
    return [f"{kind} {target}".strip(), *below]
