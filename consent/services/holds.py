"""Keeping legal holds as they are while something that they forbid could happen."""

from django.db import connection

from consent.models import LegalHold


def freeze_holds() -> None:
    """No legal hold is placed or lifted until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {LegalHold._meta.db_table} IN SHARE MODE")
