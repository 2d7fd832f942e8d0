"""People and records of the foundation."""

from datetime import UTC, datetime

from core.actors import SYSTEM
from core.models import Role, StaffUser
from marketing_hub.system.accounts import create_staff

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


def make_staff(role: str = Role.MARKETER, name: str = "Ana Lima", email: str = "") -> StaffUser:
    """An active member of staff with this role; the address follows from the role unless given."""
    address = email or f"{role}@example.com"
    return create_staff(email=address, name=name, role=role, password=PASSWORD, by=SYSTEM, now=NOON)
