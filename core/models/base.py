"""What most tables share."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from core.ids import new_id


class TimeStamped(models.Model):
    """Rows that know when they came and when they last changed (UTC); services set both from `now`."""

    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class PublicId(models.Model):
    """Rows that outsiders may name: `public_id` is the prefix of the kind and 22 base62 characters."""

    id_prefix: ClassVar[str] = ""

    id = models.BigAutoField(primary_key=True)
    public_id = models.CharField(max_length=40, unique=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def new_public_id(cls) -> str:
        """A fresh id of this kind."""
        return new_id(cls.id_prefix)

    def __str__(self) -> str:
        return self.public_id
