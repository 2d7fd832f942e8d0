"""Screens of the section System."""

from django.urls import URLPattern

from core.console.views import screen
from marketing_hub.system.job_steps import PauseJob, ResumeJob, RetryJob, StopJob
from marketing_hub.system.jobs import JobDetail, JobList

urlpatterns: list[URLPattern] = [
    screen("jobs", JobList),
    screen("jobs/<str:public_id>", JobDetail),
    screen("jobs/<str:public_id>/pause", PauseJob),
    screen("jobs/<str:public_id>/resume", ResumeJob),
    screen("jobs/<str:public_id>/retry", RetryJob),
    screen("jobs/<str:public_id>/stop", StopJob),
]
