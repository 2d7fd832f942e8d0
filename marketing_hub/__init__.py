"""The entrance: the only package that knows every app."""

from marketing_hub.celery import app as celery_app

__all__ = ["celery_app"]
