"""Server entry for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from marketing_hub import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketing_hub.settings")
with env.refusing():
    application = get_wsgi_application()
