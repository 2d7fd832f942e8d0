"""Staff who sign in to the console."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from core.ids import new_id


class Role(models.TextChoices):
    """The five roles of the console; what each may do stands in marketing_hub/access.py."""

    MARKETER = "marketer", "Marketer"
    COMPLIANCE = "compliance_officer", "Compliance officer"
    INTEGRATION = "integration_admin", "Integration admin"
    ANALYST = "analyst", "Analyst"
    SUPERUSER = "superuser", "Superuser"


class StaffUserManager(BaseUserManager["StaffUser"]):
    """Finds staff by e-mail address without regard to case."""

    def get_by_natural_key(self, username: str | None) -> "StaffUser":
        """The staff member with this e-mail address; DoesNotExist otherwise."""
        return self.get(email=(username or "").lower())


class StaffUser(AbstractBaseUser):  # type: ignore[django-manager-missing]
    """A member of staff. Permissions follow from the role alone, so a role table cannot drift from the database."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=30, choices=Role)
    time_zone = models.CharField(max_length=60, default="UTC")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[StaffUserManager] = StaffUserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "role"]

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="staff_email_is_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="staff_role_known"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @staticmethod
    def new_public_id() -> str:
        """A fresh staff id."""
        return new_id("usr")

    @property
    def is_superuser(self) -> bool:
        """Whether every permission is granted."""
        return self.role == Role.SUPERUSER

    @property
    def is_staff(self) -> bool:
        """Whether the read-only window at /admin/ opens."""
        return self.is_superuser

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Whether the role grants `permission`, for example `customers.view_customer`."""
        return self.has_perms([permission], obj)

    def has_perms(self, permissions: Collection[str], obj: Any = None) -> bool:
        """Whether the role grants all of `permissions`; an inactive account has none."""
        from_role = role_permissions(self.role)
        return self.is_active and (self.is_superuser or from_role.issuperset(permissions))

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the role grants anything in this app."""
        return self.is_active and (
            self.is_superuser or any(p.startswith(app_label + ".") for p in role_permissions(self.role))
        )


def role_permissions(role: str) -> frozenset[str]:
    """The permissions of a role, from the table published in settings.ROLE_PERMISSIONS."""
    table: dict[str, frozenset[str]] = settings.ROLE_PERMISSIONS
    return table.get(role, frozenset())


class SignInGuard(models.Model):
    """Failed sign-ins of one address (keyed hash, also for addresses nobody has), and until when it is locked."""

    address_hash = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_index=True)
