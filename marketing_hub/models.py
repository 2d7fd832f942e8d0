"""What staff prove themselves with beside the password, and what readers think of the documentation."""

from django.db import models

from core.models import StaffUser


class SecondFactor(models.Model):
    """The authenticator app of a member of staff: its secret, sealed, and the last time step it was used in."""

    user = models.OneToOneField(StaffUser, on_delete=models.CASCADE, primary_key=True, related_name="second_factor")
    secret = models.TextField()
    confirmed_at = models.DateTimeField()
    last_step = models.BigIntegerField()

    def __str__(self) -> str:
        return f"second factor of {self.user_id}"


class RecoveryCode(models.Model):
    """One of ten codes for the day the app is lost; each works once."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class PageRating(models.Model):
    """How many readers called a page of the documentation helpful, and how many not; nothing about the readers."""

    id = models.BigAutoField(primary_key=True)
    page = models.CharField(max_length=200, unique=True)
    helpful = models.PositiveIntegerField(default=0)
    unhelpful = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-unhelpful", "-id"], name="page_rating_worst")]

    def __str__(self) -> str:
        return self.page


class PageComment(models.Model):
    """What a reader of the documentation wrote beside a vote: plain text; `staff` is a public id, empty for readers.

    Nothing else is kept about the reader. People may write personal data although they are asked not to: staff can
    remove a comment, and all go after PAGE_COMMENT_DAYS.
    """

    id = models.BigAutoField(primary_key=True)
    page = models.CharField(max_length=200)
    helpful = models.BooleanField()
    text = models.CharField(max_length=1_000)
    staff = models.CharField(max_length=40, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="page_comment_newest"),
            models.Index(fields=["page", "-created_at", "-id"], name="page_comment_of_page"),
        ]

    def __str__(self) -> str:
        return self.page
