"""Screens of campaigns."""

from campaigns.console.automation_editor import (
    AutomationBasics,
    AutomationEntry,
    AutomationStep,
    NewAutomation,
    NewStep,
    RemoveStep,
)
from campaigns.console.automation_people import EnrolByHand
from campaigns.console.automation_runs import AutomationRun, AutomationRuns
from campaigns.console.automation_steps import (
    ArchiveAutomation,
    DropDraft,
    PauseAutomation,
    PublishAutomation,
    ResumeAutomation,
    SimulateAutomation,
)
from campaigns.console.automation_stopped import RemoveRun, RemoveStopped, RestartRun, RestartStopped
from campaigns.console.automations import ALERTS as TROUBLES
from campaigns.console.automations import AutomationDetail, AutomationList
from campaigns.console.budgets import ALERTS as RAISES
from campaigns.console.budgets import EndBudgetGuard, RevertBudget, SetBudgetGuard
from campaigns.console.campaign_results import CampaignResultsPage
from campaigns.console.campaigns import ALERTS, CampaignDeliveries, CampaignDetail, CampaignList
from campaigns.console.experiment_steps import (
    CountExperiment,
    DeclareWinner,
    EditExperiment,
    NewExperiment,
    StartExperiment,
    StartHoldout,
    StopExperiment,
)
from campaigns.console.experiments import ExperimentDetail, ExperimentList
from campaigns.console.offers import DeleteOffer, EditOffer, NewOffer, OfferList
from campaigns.console.planning import PlanExperiment
from campaigns.console.promotion_codes import DownloadCodes, MakeCodes, PromotionCodes
from campaigns.console.promotion_list import PromotionList
from campaigns.console.promotions import (
    DeletePromotion,
    EditPromotion,
    EndPromotion,
    NewPromotion,
    PausePromotion,
    PromotionDetail,
    StartPromotion,
)
from campaigns.console.steps import (
    ApproveCampaign,
    ArchiveCampaign,
    CancelCampaign,
    CheckLinks,
    CountCampaign,
    DeleteCampaign,
    DuplicateCampaign,
    LaunchCampaign,
    PauseCampaign,
    PromoteCampaign,
    ResumeCampaign,
    SendBackCampaign,
    SendUnsent,
    UnscheduleCampaign,
)
from campaigns.console.templates import (
    ArchiveTemplate,
    DeleteTemplate,
    EditTemplate,
    NewTemplate,
    PreviewTemplate,
    RestoreTemplate,
    TemplateDetail,
    TemplateList,
)
from campaigns.console.trying import CampaignPreview, CampaignTest
from campaigns.console.wizard import (
    CampaignAudience,
    CampaignBasics,
    CampaignMessage,
    CampaignReview,
    CampaignSchedule,
    NewCampaign,
)
from core import menu
from core.console.views import screen

menu.add_alerts(ALERTS)
menu.add_alerts(TROUBLES)
menu.add_alerts(RAISES)
_AUTOMATION = "automations/<str:public_id>"
_ONE = "campaigns/<str:public_id>"
urlpatterns = [
    screen("campaigns", CampaignList),
    screen("campaigns/new", NewCampaign),
    screen(_ONE, CampaignDetail),
    screen(f"{_ONE}/results", CampaignResultsPage),
    screen(f"{_ONE}/deliveries", CampaignDeliveries),
    screen(f"{_ONE}/basics", CampaignBasics),
    screen(f"{_ONE}/audience", CampaignAudience),
    screen(f"{_ONE}/message", CampaignMessage),
    screen(f"{_ONE}/schedule", CampaignSchedule),
    screen(f"{_ONE}/review", CampaignReview),
    screen(f"{_ONE}/preview", CampaignPreview),
    screen(f"{_ONE}/test", CampaignTest),
    screen(f"{_ONE}/approve", ApproveCampaign),
    screen(f"{_ONE}/send-back", SendBackCampaign),
    screen(f"{_ONE}/launch", LaunchCampaign),
    screen(f"{_ONE}/unschedule", UnscheduleCampaign),
    screen(f"{_ONE}/pause", PauseCampaign),
    screen(f"{_ONE}/resume", ResumeCampaign),
    screen(f"{_ONE}/cancel", CancelCampaign),
    screen(f"{_ONE}/send-unsent", SendUnsent),
    screen(f"{_ONE}/promote", PromoteCampaign),
    screen(f"{_ONE}/count", CountCampaign),
    screen(f"{_ONE}/links", CheckLinks),
    screen(f"{_ONE}/duplicate", DuplicateCampaign),
    screen(f"{_ONE}/archive", ArchiveCampaign),
    screen(f"{_ONE}/delete", DeleteCampaign),
    screen(f"{_ONE}/budget-guard", SetBudgetGuard),
    screen(f"{_ONE}/budget-guard/end", EndBudgetGuard),
    screen(f"{_ONE}/budget-raises/<str:raise_id>/revert", RevertBudget),
    screen("automations", AutomationList),
    screen("automations/new", NewAutomation),
    screen(_AUTOMATION, AutomationDetail),
    screen(f"{_AUTOMATION}/basics", AutomationBasics),
    screen(f"{_AUTOMATION}/entry", AutomationEntry),
    screen(f"{_AUTOMATION}/steps/new", NewStep),
    screen(f"{_AUTOMATION}/steps/<str:step>", AutomationStep),
    screen(f"{_AUTOMATION}/steps/<str:step>/remove", RemoveStep),
    screen(f"{_AUTOMATION}/publish", PublishAutomation),
    screen(f"{_AUTOMATION}/simulate", SimulateAutomation),
    screen(f"{_AUTOMATION}/pause", PauseAutomation),
    screen(f"{_AUTOMATION}/resume", ResumeAutomation),
    screen(f"{_AUTOMATION}/archive", ArchiveAutomation),
    screen(f"{_AUTOMATION}/draft/drop", DropDraft),
    screen(f"{_AUTOMATION}/enrol", EnrolByHand),
    screen(f"{_AUTOMATION}/runs", AutomationRuns),
    screen(f"{_AUTOMATION}/stopped/restart", RestartStopped),
    screen(f"{_AUTOMATION}/stopped/remove", RemoveStopped),
    screen(f"{_AUTOMATION}/runs/<str:run_id>", AutomationRun),
    screen(f"{_AUTOMATION}/runs/<str:run_id>/restart", RestartRun),
    screen(f"{_AUTOMATION}/runs/<str:run_id>/remove", RemoveRun),
    screen("templates", TemplateList),
    screen("templates/new", NewTemplate),
    screen("templates/<slug:key>", TemplateDetail),
    screen("templates/<slug:key>/edit", EditTemplate),
    screen("templates/<slug:key>/preview", PreviewTemplate),
    screen("templates/<slug:key>/archive", ArchiveTemplate),
    screen("templates/<slug:key>/restore", RestoreTemplate),
    screen("templates/<slug:key>/delete", DeleteTemplate),
    screen("offers", OfferList),
    screen("offers/new", NewOffer),
    screen("offers/<slug:key>", EditOffer),
    screen("offers/<slug:key>/delete", DeleteOffer),
    screen("promotions", PromotionList),
    screen("promotions/new", NewPromotion),
    screen("promotions/<slug:key>", PromotionDetail),
    screen("promotions/<slug:key>/edit", EditPromotion),
    screen("promotions/<slug:key>/codes", PromotionCodes),
    screen("promotions/<slug:key>/codes/new", MakeCodes),
    screen("promotions/<slug:key>/codes/file", DownloadCodes),
    screen("promotions/<slug:key>/delete", DeletePromotion),
    screen("promotions/<slug:key>/start", StartPromotion),
    screen("promotions/<slug:key>/pause", PausePromotion),
    screen("promotions/<slug:key>/end", EndPromotion),
    screen("experiments", ExperimentList),
    screen("experiments/new", NewExperiment),
    screen("experiments/plan", PlanExperiment),
    screen("experiments/holdout", StartHoldout),
    screen("experiments/<slug:key>", ExperimentDetail),
    screen("experiments/<slug:key>/edit", EditExperiment),
    screen("experiments/<slug:key>/start", StartExperiment),
    screen("experiments/<slug:key>/stop", StopExperiment),
    screen("experiments/<slug:key>/count", CountExperiment),
    screen("experiments/<slug:key>/winner", DeclareWinner),
]
