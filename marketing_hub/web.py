"""The entry of our own web server: `server` of wsgi.py, which makes the documentation ready beside its first calls."""

from importlib import import_module
from threading import Thread

from django.urls import get_resolver

from marketing_hub.wsgi import server

__all__ = ["server"]

get_resolver().url_patterns  # noqa: B018  all views are imported before a thread or a call asks for any
documentation = import_module("marketing_hub.portal.ready")  # it needs the apps, which wsgi.py sets up
Thread(target=documentation.make, name="documentation", daemon=True).start()
