"""The library: messages and blocks that are written once, every version of their words, and who uses them."""

from django.db import models
from django.db.models import F, Q

from campaigns.models.automations import AutomationVersion
from campaigns.models.campaigns import Campaign
from campaigns.rules.content.library import TemplateKind, TemplateState
from core.models.base import PublicId, TimeStamped


class ContentTemplate(PublicId, TimeStamped):
    """A message to begin with, or a block that messages share; its words stand in its versions, `current` the last."""

    id_prefix = "tpl"

    key = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, default="", blank=True)
    kind = models.CharField(max_length=10, choices=TemplateKind)
    state = models.CharField(max_length=10, choices=TemplateState, default=TemplateState.ACTIVE)
    owner = models.CharField(max_length=60)
    current = models.ForeignKey("TemplateVersion", null=True, on_delete=models.PROTECT, related_name="+")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TemplateKind.values), name="template_kind_known"),
            models.CheckConstraint(condition=Q(state__in=TemplateState.values), name="template_state_known"),
            models.CheckConstraint(
                condition=~Q(state=TemplateState.ARCHIVED) | Q(archived_at__isnull=False),
                name="template_archived_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="template_newest"),
            models.Index(fields=["updated_at", "id"], name="template_by_update"),
        ]


class TemplateVersion(models.Model):
    """Words of a template as they were written once; never changed."""

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(ContentTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    subject = models.CharField(max_length=200, default="", blank=True)
    body = models.TextField()
    note = models.CharField(max_length=200, default="", blank=True)
    written_by = models.CharField(max_length=60)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="template_version_unique")]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"


class TemplateUse(models.Model):
    """Who uses a template: a campaign, a version of an automation, or another template.

    `number` is the version whose words were taken: of a message when it was begun with, of a block when its words were
    fixed. Empty: a block whose newest words are taken.
    """

    id = models.BigAutoField(primary_key=True)
    template = models.ForeignKey(ContentTemplate, on_delete=models.PROTECT, related_name="uses")
    number = models.PositiveIntegerField(null=True)
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.CASCADE, related_name="template_uses")
    automation_version = models.ForeignKey(
        AutomationVersion, null=True, on_delete=models.CASCADE, related_name="template_uses"
    )
    within = models.ForeignKey(ContentTemplate, null=True, on_delete=models.CASCADE, related_name="parts")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, automation_version__isnull=True, within__isnull=True)
                | Q(campaign__isnull=True, automation_version__isnull=False, within__isnull=True)
                | Q(campaign__isnull=True, automation_version__isnull=True, within__isnull=False),
                name="template_use_has_one_user",
            ),
            models.CheckConstraint(
                condition=Q(within__isnull=True) | ~Q(within=F("template")), name="template_use_not_itself"
            ),
            models.UniqueConstraint(fields=["template", "campaign"], name="template_use_once_a_campaign"),
            models.UniqueConstraint(fields=["template", "automation_version"], name="template_use_once_an_automation"),
            models.UniqueConstraint(fields=["template", "within"], name="template_use_once_a_template"),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} used by {self.campaign_id or self.automation_version_id or self.within_id}"
