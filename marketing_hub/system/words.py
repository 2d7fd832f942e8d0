"""Distinct values of an indexed column, one index probe for each value however long the table."""

from django.db import connection, models
from psycopg import sql

LIMIT = 200

STATEMENT = sql.SQL(
    "WITH RECURSIVE word AS ("
    " (SELECT {column} AS value FROM {table} ORDER BY {column} LIMIT 1)"
    " UNION ALL"
    " SELECT (SELECT {column} FROM {table} WHERE {column} > word.value ORDER BY {column} LIMIT 1)"
    " FROM word WHERE word.value IS NOT NULL"
    ") SELECT value FROM word WHERE value IS NOT NULL LIMIT {limit}"
)


def words_of(model: type[models.Model], column: str) -> list[str]:
    """The first LIMIT distinct values of `column` in their order; an index must begin with that column."""
    names = {"column": sql.Identifier(column), "table": sql.Identifier(model._meta.db_table)}
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT.format(**names, limit=sql.Literal(LIMIT)))
        return [value for (value,) in cursor.fetchall()]
