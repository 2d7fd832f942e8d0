"""Screens of the section System."""

from django.urls import URLPattern

from core import menu
from core.console.views import screen
from customers.selectors.origins import register_namer
from marketing_hub.system.audit import AuditDetail, AuditList
from marketing_hub.system.audit_export import ExportAudit
from marketing_hub.system.audit_proof import VerifyAudit, audit_alerts
from marketing_hub.system.job_steps import PauseJob, ResumeJob, RetryJob, StopJob
from marketing_hub.system.jobs import JobDetail, JobList
from marketing_hub.system.people import staff_names
from marketing_hub.system.retention import ExportRetention, RetentionSchedule
from marketing_hub.system.saved_views import ChangeView, RemoveView, SaveView
from marketing_hub.system.user_steps import Activate, ChangeRole, Deactivate, Invite, InviteAgain
from marketing_hub.system.users import Roles, StaffDetail, StaffList

menu.add_alerts(menu.AlertSource("audit", "core.view_own_auditentry", audit_alerts))
register_namer(prefix="usr", namer=staff_names)
urlpatterns: list[URLPattern] = [
    screen("jobs", JobList),
    screen("jobs/<str:public_id>", JobDetail),
    screen("jobs/<str:public_id>/pause", PauseJob),
    screen("jobs/<str:public_id>/resume", ResumeJob),
    screen("jobs/<str:public_id>/retry", RetryJob),
    screen("jobs/<str:public_id>/stop", StopJob),
    screen("audit", AuditList),
    screen("audit/verify", VerifyAudit),
    screen("audit/export", ExportAudit),
    screen("audit/<int:pk>", AuditDetail),
    screen("retention", RetentionSchedule),
    screen("retention/export", ExportRetention),
    screen("views/new/<slug:page>", SaveView),
    screen("views/<str:public_id>", ChangeView),
    screen("views/<str:public_id>/remove", RemoveView),
    screen("users", StaffList),
    screen("users/invite", Invite),
    screen("users/roles", Roles),
    screen("users/<str:public_id>", StaffDetail),
    screen("users/<str:public_id>/role", ChangeRole),
    screen("users/<str:public_id>/link", InviteAgain),
    screen("users/<str:public_id>/deactivate", Deactivate),
    screen("users/<str:public_id>/activate", Activate),
]
