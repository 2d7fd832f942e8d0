"""Lead scores: models with numbered versions of their rules, what each customer has, and how that came about."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from customers.models.customers import Customer


class ScoreVersionState(models.TextChoices):
    """Scores are read from the active version only; a version being calculated becomes active when it is whole."""

    DRAFT = "draft", "Draft"
    COMPUTING = "computing", "Being calculated"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class ScoreCause(models.TextChoices):
    """What led to a change of a score."""

    RECOMPUTED = "recomputed", "Calculated again for everybody"
    ACTIVITY = "activity", "Something about the customer changed"
    UNMERGED = "unmerged", "A merge was undone"


class ScoreModel(PublicId, TimeStamped):
    """A named score; `current` is the version whose scores are read, calculated for everybody last at `computed_at`.

    `failure` is the sentence of the last calculation when it failed: the scores are then those of the one before.
    """

    id_prefix = "scm"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    owner = models.CharField(max_length=60)
    current = models.OneToOneField("ScoreVersion", null=True, on_delete=models.PROTECT, related_name="current_of")
    computed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, default="")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(current__isnull=True), name="score_model_retired_has_no_scores"
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="score_model_newest")]


class ScoreVersion(models.Model):
    """The rules of a score as they were at one time; they never change, another version takes their place."""

    id = models.BigAutoField(primary_key=True)
    model = models.ForeignKey(ScoreModel, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ScoreVersionState, default=ScoreVersionState.DRAFT)
    definition = models.JSONField()
    created_by = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="score_version_unique"),
            models.UniqueConstraint(fields=["model"], condition=Q(state="draft"), name="score_version_one_draft"),
            models.UniqueConstraint(fields=["model"], condition=Q(state="active"), name="score_version_one_active"),
            models.CheckConstraint(condition=Q(state__in=ScoreVersionState.values), name="score_version_state_known"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(activated_at__isnull=False), name="score_version_active_is_dated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} v{self.number}"


class CustomerScore(models.Model):
    """What a customer has in a version: `points` of each rule in the version's order, their sum within its limits.

    Nobody without any points has a row. There is no foreign key to the customer in the database: at a million rows it
    would cost more than they do.
    """

    pk = models.CompositePrimaryKey("version_id", "customer_id")
    version = models.ForeignKey(ScoreVersion, on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    score = models.IntegerField()
    points = ArrayField(models.IntegerField())
    since = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "version"], name="score_of_customer"),
            models.Index(fields=["version", "score"], name="score_by_height"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.score}"


class ScoreChange(models.Model):
    """A score that became another, or the same by other rules: when, from what, to what, by which rules."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(ScoreVersion, on_delete=models.CASCADE, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField()
    before = models.IntegerField()
    after = models.IntegerField()
    points = ArrayField(models.IntegerField())
    cause = models.CharField(max_length=10, choices=ScoreCause)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cause__in=ScoreCause.values), name="score_change_cause_known")
        ]
        indexes = [
            models.Index(fields=["customer", "-at", "-id"], name="score_change_of_customer"),
            models.Index(fields=["at"], name="score_change_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.before} to {self.after}"
