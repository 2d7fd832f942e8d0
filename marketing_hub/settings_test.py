"""Settings of the tests: the product's own over throwaway servers; fast password hashes, jobs done at once."""

import os

from tests.support import servers

os.environ |= {"HUB_ENV": "development", "SECRET_KEY": "test-" * 12, "HUB_MASTER_KEY": "test-master-" * 5, "DEBUG": "0"}
servers.provide()

from marketing_hub.settings import *  # noqa: E402, F403
from marketing_hub.settings import STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
STORAGES |= {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
