"""Addresses of campaigns below /api/v1."""

from typing import Any

from django.urls import path

from campaigns.api.automation_runs import RunViewSet
from campaigns.api.automation_simulation import AutomationSimulation
from campaigns.api.automations import AutomationViewSet
from campaigns.api.budgets import BudgetGuardView, RevertRaise
from campaigns.api.campaign_metrics import CampaignMetrics
from campaigns.api.campaign_report import CampaignReport
from campaigns.api.campaigns import CampaignViewSet, DeliveryViewSet
from campaigns.api.counting import ReadAudience
from campaigns.api.experiments import ExperimentViewSet, PlanExperiment, RecordShown
from campaigns.api.headless import HeadlessContent
from campaigns.api.offers import CodeViewSet, OfferViewSet, PromotionViewSet, RedeemCode
from campaigns.api.ofrep import evaluate_all, evaluate_one
from campaigns.api.promotion import promotion
from campaigns.api.reservations import ReleaseReservation, ReserveCode
from campaigns.api.templates import TemplateVersionViewSet, TemplateViewSet
from campaigns.api.trying import CampaignLinks, PreviewCampaign, PreviewTemplate, SendTest

_MANY: dict[str, Any] = {"get": "list", "post": "create"}
_ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update"}
_GONE: dict[str, Any] = {**_ONE, "delete": "destroy"}
_STEPS = (
    "duplicate",
    "submit",
    "launch",
    "pause",
    "resume",
    "cancel",
    "archive",
    "send-unsent",
    "unschedule",
    "promote",
)
_VERBS = ("pause", "resume", "archive", "enrol")
_MOVES = ("activate", "pause", "end")

_RUNS: dict[str, str] = {"start": "post", "stop": "post", "count": "post", "winner": "post", "results": "get"}

ofrep = [
    path("ofrep/v1/evaluate/flags", evaluate_all),
    path("ofrep/v1/evaluate/flags/<str:key>", evaluate_one),
]
aliases = [path("promotion", promotion), *ofrep]
urlpatterns = [
    path("campaigns", CampaignViewSet.as_view(_MANY)),
    path("campaigns/<str:campaign_id>", CampaignViewSet.as_view(_GONE)),
    *(
        path(f"campaigns/<str:campaign_id>/{step}", CampaignViewSet.as_view({"post": step.replace("-", "_")}))
        for step in _STEPS
    ),
    path("campaigns/<str:campaign_id>/deliveries", DeliveryViewSet.as_view({"get": "list"})),
    path("campaigns/<str:campaign_id>/preview", PreviewCampaign.as_view()),
    path("campaigns/<str:campaign_id>/links", CampaignLinks.as_view()),
    path("campaigns/<str:campaign_id>/test", SendTest.as_view()),
    path("campaigns/<str:campaign_id>/budget-guard", BudgetGuardView.as_view()),
    path("campaigns/<str:campaign_id>/budget-raises/<str:raise_id>/revert", RevertRaise.as_view()),
    path("automations", AutomationViewSet.as_view(_MANY)),
    path("automations/schema", AutomationViewSet.as_view({"get": "graph_schema"})),
    path("automations/<str:automation_id>", AutomationViewSet.as_view(_ONE)),
    *(path(f"automations/<str:automation_id>/{step}", AutomationViewSet.as_view({"post": step})) for step in _VERBS),
    path("automations/<str:automation_id>/simulation", AutomationSimulation.as_view()),
    path("automations/<str:automation_id>/runs", RunViewSet.as_view({"get": "list"})),
    path("automations/<str:automation_id>/runs/<str:run_id>", RunViewSet.as_view({"get": "retrieve"})),
    *(
        path(f"automations/<str:automation_id>/runs/<str:run_id>/{step}", RunViewSet.as_view({"post": step}))
        for step in ("restart", "remove")
    ),
    *(
        path(f"automations/<str:automation_id>/stopped/{step}", RunViewSet.as_view({"post": f"{step}_stopped"}))
        for step in ("restart", "remove")
    ),
    path("templates", TemplateViewSet.as_view(_MANY)),
    path("templates/<str:template>", TemplateViewSet.as_view(_GONE)),
    *(
        path(f"templates/<str:template>/{one}", TemplateViewSet.as_view({"post": one}))
        for one in ("archive", "restore")
    ),
    path("templates/<str:template>/preview", PreviewTemplate.as_view()),
    path("templates/<str:template>/versions", TemplateVersionViewSet.as_view({"get": "list"})),
    path("offers", OfferViewSet.as_view(_MANY)),
    path("offers/<str:offer_id>", OfferViewSet.as_view(_GONE)),
    path("promotions", PromotionViewSet.as_view(_MANY)),
    path("promotions/redeem", RedeemCode.as_view()),
    path("promotions/reserve", ReserveCode.as_view()),
    path("promotions/reservations/<str:reservation>", ReleaseReservation.as_view()),
    path("promotions/<str:promotion>", PromotionViewSet.as_view(_GONE)),
    path("promotions/<str:promotion>/codes", CodeViewSet.as_view(_MANY)),
    *(path(f"promotions/<str:promotion>/{step}", PromotionViewSet.as_view({"post": step})) for step in _MOVES),
    path("campaigns/<str:campaign_id>/audience", ReadAudience.as_view()),
    path("campaigns/<str:campaign_id>/results", CampaignReport.as_view()),
    path("campaigns/<str:campaign_id>/metrics", CampaignMetrics.as_view()),
    path("content", HeadlessContent.as_view()),
    path("experiments", ExperimentViewSet.as_view(_MANY)),
    path("experiments/plan", PlanExperiment.as_view()),
    path("experiments/<str:experiment>", ExperimentViewSet.as_view(_ONE)),
    path("experiments/<str:experiment>/exposures", RecordShown.as_view()),
    *(
        path(f"experiments/<str:experiment>/{step}", ExperimentViewSet.as_view({verb: step}))
        for step, verb in _RUNS.items()
    ),
    path("promotion", promotion),
]
