"""Screens of engagement."""

from core.console.views import screen
from engagement.console.rejections import RejectionList

urlpatterns = [screen("rejections", RejectionList)]
