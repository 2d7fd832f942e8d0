"""Experiments, and who was shown which variant of them."""

from django.db import models
from django.db.models import Q

from campaigns.rules.experiments import Drawn, ExperimentState, Kind, Looks
from core.models.base import PublicId, TimeStamped
from customers.models import Customer, Segment


class Experiment(PublicId, TimeStamped):
    """A comparison of variants, each {key, weight, value}, the first being the control.

    Variants, weights, coverage and `public_id`, the seed of the hash, never change once it runs, so nobody changes
    sides. `measures` holds the keys of what is counted within `window_days` of the first exposure; the first decides.
    `planned_people` is the number wanted in each group. `figures` are the sums by variant as of `figures_at`: they
    outlive the exposures, which are removed for their age.
    """

    id_prefix = "xpr"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    hypothesis = models.CharField(max_length=300, default="", blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SPLIT)
    state = models.CharField(max_length=10, choices=ExperimentState, default=ExperimentState.DRAFT)
    drawn = models.CharField(max_length=10, choices=Drawn, default=Drawn.HERE)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="+")
    variants = models.JSONField(default=list)
    coverage = models.PositiveSmallIntegerField(default=100)
    measures = models.JSONField(default=list)
    currency = models.CharField(max_length=3, default="EUR")
    window_days = models.PositiveSmallIntegerField(default=30)
    looks = models.CharField(max_length=10, choices=Looks, default=Looks.ALWAYS)
    planned_people = models.PositiveIntegerField(default=1_000)
    started_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    figures = models.JSONField(default=dict)
    figures_at = models.DateTimeField(null=True)
    winner = models.CharField(max_length=20, default="", blank=True)
    decided_by = models.CharField(max_length=60, default="")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExperimentState.values), name="experiment_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="experiment_kind_known"),
            models.CheckConstraint(condition=Q(coverage__range=(1, 100)), name="experiment_coverage_is_a_share"),
            models.CheckConstraint(
                condition=Q(state=ExperimentState.DRAFT) | Q(started_at__isnull=False), name="experiment_run_is_dated"
            ),
            models.CheckConstraint(
                condition=Q(winner="") | (Q(state=ExperimentState.STOPPED) & Q(decided_at__isnull=False)),
                name="experiment_winner_is_dated",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(kind=Kind.HOLDOUT, state=ExperimentState.RUNNING),
                name="experiment_one_holdout",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="experiment_newest"),
            models.Index(fields=["updated_at", "id"], name="experiment_by_update"),
        ]


class Shown(models.Model):
    """Who was shown which variant of an experiment first, and when: the only denominator of its results.

    One row for a person and experiment, however often she looks. A row without a person is somebody who was erased.
    """

    id = models.BigAutoField(primary_key=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, db_index=False, related_name="shown")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    variant = models.CharField(max_length=20)
    shown_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="shown_once")]
        indexes = [models.Index(fields=["shown_at"], name="shown_by_age")]

    def __str__(self) -> str:
        return f"{self.experiment_id}/{self.variant}"
