"""Settings: one file, every choice an environment variable, refused at start when it cannot work."""

import os
from pathlib import Path
from typing import Any

from marketing_hub import access, env
from marketing_hub.changelog import PREVIEW, RELEASES
from marketing_hub.logs import configure_logging
from marketing_hub.mail import KEPT, read_mail
from marketing_hub.openapi_names import ENUM_NAMES
from marketing_hub.sandbox.bounds import data_dir, database
from marketing_hub.security import read_security
from marketing_hub.support import read_support
from marketing_hub.timetable import ROUTES, TIMETABLE

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Which kind of place this is -------------------------------------------------------------------------------------
HUB_ENV = env.choice("HUB_ENV", "development", ("development", "production"))
PRODUCTION = HUB_ENV == "production"
DEBUG = env.flag("DEBUG", False)
if PRODUCTION and DEBUG:
    raise env.ConfigError("DEBUG must be off when HUB_ENV is production.")
SANDBOX = env.flag("SANDBOX", False)  # a process that knows test credentials only, with a database of its own
LIVEMODE = not SANDBOX

# --- Secrets ---------------------------------------------------------------------------------------------------------
_INSECURE = "insecure-development-only-"
SECRET_KEY = env.secret("SECRET_KEY", None if PRODUCTION else _INSECURE + "secret-key-0123456789-0123456789")
HUB_MASTER_KEY = env.secret("HUB_MASTER_KEY", None if PRODUCTION else _INSECURE + "master-key-0123456789-0123456789")
for _name, _value in (("SECRET_KEY", SECRET_KEY), ("HUB_MASTER_KEY", HUB_MASTER_KEY)):
    if PRODUCTION and (_value.startswith(_INSECURE) or len(_value) < 50):
        raise env.ConfigError(f"{_name} must be a random text of at least 50 characters in production.")
FIELD_KEYS = env.keyring("FIELD_KEYS") | {"master": HUB_MASTER_KEY}  # the first seals, all open

# --- Addresses -------------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.csv("ALLOWED_HOSTS", () if PRODUCTION else ("localhost", "127.0.0.1", "[::1]", "testserver"))
if PRODUCTION and not ALLOWED_HOSTS:
    raise env.ConfigError("ALLOWED_HOSTS must list the host names of this installation, separated by commas.")
PUBLIC_URL = env.url("PUBLIC_URL", None if PRODUCTION else f"http://localhost:{env.number('PORT', 8000, 1, 65535)}")
CSRF_TRUSTED_ORIGINS = env.csv("CSRF_TRUSTED_ORIGINS", (PUBLIC_URL,))
ROOT_URLCONF = "marketing_hub.urls"
WSGI_APPLICATION = "marketing_hub.wsgi.application"
APPEND_SLASH = False

# --- TLS (terminated by the proxy in front) --------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("TRUST_PROXY_HEADERS", False) else None
SECURE_SSL_REDIRECT = env.flag("TLS_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000 if PRODUCTION else 0, 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"

# --- What the product is made of -------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_filters",
    "django_htmx",
    "rest_framework",
    "oauth2_provider",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "customers",
    "consent",
    "campaigns",
    "engagement",
    "integrations",
    "marketing_hub",
]
MIDDLEWARE = [
    "marketing_hub.proxies.Proxies",
    "core.middleware.RequestIdMiddleware",
    "marketing_hub.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "marketing_hub.answers.ApiAnswers",
    "marketing_hub.shell.ContentSecurityPolicy",
    "marketing_hub.shell.CompressedPages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "marketing_hub.factors.EnrolFirst",
    "marketing_hub.shell.LocalTime",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketing_hub.shell.shell",
            ],
            "builtins": ["core.console.tags"],
        },
    }
]

# --- PostgreSQL ------------------------------------------------------------------------------------------------------
DATABASES = {"default": database(env.database_url("DATABASE_URL"), sandbox=SANDBOX)}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: counters, cache, broker ----------------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
REDIS_PREFIX = env.text("REDIS_PREFIX", "hub") + "-sandbox" * SANDBOX
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    }
}

# --- Background work -------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = "memory://" if SANDBOX else env.text("CELERY_BROKER_URL", REDIS_URL)
CELERY_TASK_ALWAYS_EAGER = SANDBOX  # nothing of a sandbox may reach a worker of the live product
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE, CELERY_TASK_ROUTES = TIMETABLE, ROUTES
WORKER_HEARTBEAT_TTL_S = 20

# --- Staff -----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.StaffUser"
ROLE_PERMISSIONS = access.ROLE_PERMISSIONS
PERMISSION_NAMES = {name: title for name, (title, _) in access.PERMISSIONS.items()}
PERMISSION_ROLES = {name: roles for name, (_, roles) in access.PERMISSIONS.items()}
LOGIN_URL = "console:sign-in"
LOGIN_REDIRECT_URL = "console:home"
CSRF_FAILURE_VIEW = "marketing_hub.refusals.no_token"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DOCUMENTATION_PATHS = ("/api/docs", "/api/redoc", "/api/schema", "/api/changelog", "/api/errors", "/api/postman.json")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SIGN_IN_FAILURES_ALLOWED = env.number("SIGN_IN_FAILURES_ALLOWED", 5, 1, 100)
SIGN_IN_LOCK_MINUTES = env.number("SIGN_IN_LOCK_MINUTES", 15, 1, 1440)
SIGN_IN_FAILURES_PER_ADDRESS = env.number("SIGN_IN_FAILURES_PER_ADDRESS", 30, 1, 10_000)
PASSWORD_RESET_TIMEOUT = 3 * 86_400
CONSOLE_BRAND = env.text("CONSOLE_BRAND", "marketing_hub")

# --- API: clients, scopes, limits ------------------------------------------------------------------------------------
OAUTH2_PROVIDER_APPLICATION_MODEL = "integrations.ApiClient"
API_SCOPES = access.SCOPES
SCOPE_PERMISSIONS = access.SCOPE_PERMISSIONS
API_VERSION = RELEASES[0].version
API_VERSIONS = {"/api/v1": (API_VERSION, "current"), "/api/v2": (PREVIEW, "preview")}
API_TIERS: dict[str, dict[str, tuple[int, int]]] = {
    "standard": {"burst": (100, 20), "hour": (5_000, 3_600), "day": (50_000, 86_400), "ingest": (1_000, 1)},
    "partner": {"burst": (500, 20), "hour": (50_000, 3_600), "day": (500_000, 86_400), "ingest": (5_000, 1)},
    "unlimited": {},
}
API_FAILURES_PER_ADDRESS = env.number("API_FAILURES_PER_ADDRESS", 60, 1)
API_FAILURE_WINDOW_S = 60
API_CALLS_PER_VISITOR = env.number("API_CALLS_PER_VISITOR", 120, 1)  # with a publishable key, from one address
API_VISITOR_WINDOW_S = 60
API_CACHE_SECONDS = env.number("API_CACHE_SECONDS", 10, 1, 3_600)  # figures about everybody may be this stale
API_PATHS_FOR_PAGES = ("/api/v1/engagement/", "/api/engagement/", "/api/v1/banner", "/v1/")
TRACKING_BODY_BYTES = 1_024 * env.number("TRACKING_BODY_KB", 500, 32, 4_096)  # of one request of an SDK at /v1/
COUNTRY_HEADER = env.text("COUNTRY_HEADER", "")  # in which the proxy in front names the visitor's country
OAUTH_FAILURES_PER_ADDRESS = env.number("OAUTH_FAILURES_PER_ADDRESS", 30, 1)
OAUTH_FAILURE_WINDOW_S = 300
SECRET_DAYS = env.number("SECRET_DAYS", 90, 1, 366)
SECRET_OVERLAP_HOURS = env.number("SECRET_OVERLAP_HOURS", 24, 0, 720)
API_KEY_DAYS = env.number("API_KEY_DAYS", 90, 1, 366)
SECURITY = read_security()
SUPPORT = read_support()
WEBHOOK_LOOPBACK = env.flag("WEBHOOK_LOOPBACK", False)  # endpoints on this machine, over http too
if PRODUCTION and WEBHOOK_LOOPBACK:
    raise env.ConfigError("WEBHOOK_LOOPBACK must be off when HUB_ENV is production.")
WEBHOOK_TIMEOUT_SECONDS = env.seconds("WEBHOOK_TIMEOUT_SECONDS", 15.0)
WEBHOOK_DISABLE_HOURS = env.number("WEBHOOK_DISABLE_HOURS", 120, 1, 720)  # of nothing but failures
WEBHOOK_CA_FILE = env.text("WEBHOOK_CA_FILE", "")  # certificate authorities beside those of the system
OAUTH2_PROVIDER: dict[str, Any] = {
    "SCOPES": access.SCOPES,
    "SCOPES_BACKEND_CLASS": "integrations.selectors.scopes.ClientScopes",
    "OAUTH2_SERVER_CLASS": "integrations.api.oauth_server.HubServer",
    "OAUTH2_BACKEND_CLASS": "integrations.api.oauth_server.HubCore",
    "OAUTH2_VALIDATOR_CLASS": "integrations.api.oauth_server.HubValidator",
    "ACCESS_TOKEN_GENERATOR": "integrations.api.oauth_server.new_access_token",
    "REFRESH_TOKEN_GENERATOR": "integrations.api.oauth_server.new_refresh_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3_600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 86_400,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "OIDC_ISS_ENDPOINT": f"{PUBLIC_URL}/oauth",
    "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": f"{PUBLIC_URL}/api/v1",
    "OAUTH2_PROTECTED_RESOURCE_NAME": "marketing_hub API",
    "OAUTH2_PROTECTED_RESOURCE_DOCUMENTATION": f"{PUBLIC_URL}/api/docs",
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": access.GRANT_TYPES,
    "OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["client_secret_basic", "client_secret_post", "none"],
    # Recommendations of RFC 9700 (OAuth 2.0 Security Best Current Practice), all in force.
    **dict.fromkeys((f"COMPLIANT_BCP_RFC9700_{gate}" for gate in access.RFC9700_GATES), True),
}
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "marketing_hub.openapi.HubSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["marketing_hub.bodies.JsonBody"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "core.api.errors.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
}

# --- Who is who ------------------------------------------------------------------------------------------------------
IDENTITY_LIMITS = {
    "external_id": env.number("IDENTITY_MAX_EXTERNAL_IDS", 5, 1, 1_000),
    "email": env.number("IDENTITY_MAX_EMAILS", 10, 1, 1_000),
    "phone": env.number("IDENTITY_MAX_PHONES", 10, 1, 1_000),
    "anonymous_id": env.number("IDENTITY_MAX_ANONYMOUS_IDS", 100, 1, 10_000),
    "device_id": env.number("IDENTITY_MAX_DEVICES", 50, 1, 10_000),
}
IDENTITY_BLOCKED_VALUES = env.csv("IDENTITY_BLOCKED_VALUES", ())
IDENTITY_AUTO_MERGE = env.flag("IDENTITY_AUTO_MERGE", True)
MERGE_APPROVAL_DAYS = env.number("MERGE_APPROVAL_DAYS", 7, 1, 90)
MERGE_UNDO_DAYS = env.number("MERGE_UNDO_DAYS", 30, 1, 366)

# --- Consent ---------------------------------------------------------------------------------------------------------
CONSENT_TOKEN_MINUTES = env.number("CONSENT_TOKEN_MINUTES", 60, 1, 1440)
CONSENT_TOKEN_KEY_IDS = env.csv("CONSENT_TOKEN_KEY_IDS", ("1",))  # the first signs, all verify: put a new one in front
PREFERENCE_LINK_DAYS = env.number("PREFERENCE_LINK_DAYS", 90, 30, 400)  # CAN-SPAM: the way out works for 30 days
CONSENT_RENEWAL_DAYS = env.number("CONSENT_RENEWAL_DAYS", 30, 1, 90)  # before a consent ends, people are asked
CONTROLLER = {"name": env.text("CONTROLLER_NAME", CONSOLE_BRAND), "address": env.text("CONTROLLER_ADDRESS", "")}
CONTROLLER |= {"contact": env.text("CONTROLLER_CONTACT", ""), "storage": env.text("STORAGE_LOCATION", "")}
DRP_BUSINESS_ID = env.text("DRP_BUSINESS_ID", "")  # our name in the Data Rights Protocol; empty: agents write letters
TCF_VENDOR_ID = env.number("TCF_VENDOR_ID", 0, 0, 65_535)  # our number in the vendor list of the IAB; 0: none
CONSENT_CATALOGUE_SECONDS = env.seconds("CONSENT_CATALOGUE_SECONDS", 5.0)  # purposes and rules may be this stale

# --- E-mail ----------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.number("EMAIL_PORT", 587, 1, 65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", PRODUCTION)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("MAIL_FROM", "privacy@example.com")
# Without a server mail is kept as files below HUB_DATA_DIR, so that nothing leaves a development machine.
MAIL = KEPT if SANDBOX else read_mail(EMAIL_HOST)
MAIL_PROVIDER, EMAIL_BACKEND, ANYMAIL = MAIL.provider, MAIL.backend, MAIL.anymail
EMAIL_FILE_PATH = str(data_dir(sandbox=SANDBOX) / "mail")
WEBHOOK_KEPT_PATH = str(data_dir(sandbox=True) / "webhooks") if SANDBOX else ""  # kept there instead of being sent
MAIL_PER_SECOND = env.number("MAIL_PER_SECOND", 0, 0, 100_000)  # what the provider takes; 0 is no limit
MAIL_PER_SECOND_AND_DOMAIN = env.number("MAIL_PER_SECOND_AND_DOMAIN", 0, 0, 100_000)
CAMPAIGN_SENDERS = env.number("CAMPAIGN_SENDERS", 2, 1, 64)  # workers that one campaign may keep busy
CAMPAIGN_LANES = env.number("CAMPAIGN_LANES", 3, 1, 32)  # messages each of them hands over at once
CAMPAIGN_LIVE_PEOPLE = env.number("CAMPAIGN_LIVE_PEOPLE", 50_000, 1)  # from so many on a task counts its figures
CAMPAIGN_RETENTION_MONTHS = env.number("CAMPAIGN_RETENTION_MONTHS", 25, 1, 240)

# --- Events ----------------------------------------------------------------------------------------------------------
EVENT_FUTURE_TOLERANCE_S = env.number("EVENT_FUTURE_TOLERANCE_S", 300, 0, 86_400)
EVENT_MAX_AGE_DAYS = env.number("EVENT_MAX_AGE_DAYS", 1_095, 1, 3_650)
EVENT_RETENTION_MONTHS = env.number("EVENT_RETENTION_MONTHS", 37, 1, 120)
EVENT_KEY_DAYS = env.number("EVENT_KEY_DAYS", 31, 30, 366)

# --- Segments --------------------------------------------------------------------------------------------------------
SEGMENT_PREVIEW_SECONDS = env.seconds("SEGMENT_PREVIEW_SECONDS", 10.0)  # longer questions are refused
SEGMENT_BUILD_SECONDS = env.seconds("SEGMENT_BUILD_SECONDS", 300.0)
SEGMENT_REFRESH_HOURS = env.number("SEGMENT_REFRESH_HOURS", 20, 1, 168)  # a dynamic segment is calculated again then
SEGMENT_SWEEP_SECONDS = env.number("SEGMENT_SWEEP_SECONDS", 60, 1, 3_600)  # how often windows of time are looked at
SEGMENT_CHANGE_DAYS = env.number("SEGMENT_CHANGE_DAYS", 400, 1)  # who came and left, and the daily counts
SEGMENT_RUN_DAYS = env.number("SEGMENT_RUN_DAYS", 400, 1)

# --- Retention of the product's own records --------------------------------------------------------------------------
AUDIT_RETENTION_DAYS = env.number("AUDIT_RETENTION_DAYS", 2_555, 30)
OUTBOX_RETENTION_DAYS = env.number("OUTBOX_RETENTION_DAYS", 30, 1)
IDEMPOTENCY_HOURS = 24
TOMBSTONE_RETENTION_DAYS = env.number("TOMBSTONE_RETENTION_DAYS", 400, 1)
USAGE_RETENTION_DAYS = env.number("USAGE_RETENTION_DAYS", 400, 31)
REQUEST_LOG_DAYS = env.number("REQUEST_LOG_DAYS", 14, 1, 400)
REFUSED_REQUEST_RETENTION_DAYS = env.number("REFUSED_REQUEST_RETENTION_DAYS", 30, 1)
WEBHOOK_RETENTION_DAYS = env.number("WEBHOOK_RETENTION_DAYS", 30, 1)
SCORE_CHANGE_DAYS = env.number("SCORE_CHANGE_DAYS", 400, 1)
PROFILE_CHANGE_DAYS = env.number("PROFILE_CHANGE_DAYS", 400, 1)
QUALITY_AUDIT_DAYS = env.number("QUALITY_AUDIT_DAYS", 400, 1)
QUALITY_STALE_DAYS = env.number("QUALITY_STALE_DAYS", 730, 30)  # a profile unheard of for so long is stale
DISCLOSURE_RETENTION_MONTHS = env.number("DISCLOSURE_RETENTION_MONTHS", 24, 12, 120)
JOB_DAYS = env.number("JOB_DAYS", 400, 1)  # what is remembered of long work that is over
REPORT_DAYS = env.number("REPORT_DAYS", 90, 1)  # answers of results that were counted
PAGE_COMMENT_DAYS = env.number("PAGE_COMMENT_DAYS", 400, 1)  # what readers of the documentation wrote
REFUSED_ROW_RETENTION_DAYS = env.number("REFUSED_ROW_RETENTION_DAYS", 30, 1)

# --- Files -----------------------------------------------------------------------------------------------------------
DATA_DIR = data_dir(sandbox=SANDBOX)
IMPORT_DIR = DATA_DIR / "imports"
PACKAGE_DIR = DATA_DIR / "packages"
EXPORT_DIR = DATA_DIR / "exports"
EXPORT_HOURS = env.number("EXPORT_HOURS", 24, 1, 168)
EXPORT_ROWS_ALONE = env.number("EXPORT_ROWS_ALONE", 5_000, 0)
REQUEST_RETENTION_MONTHS = env.number("REQUEST_RETENTION_MONTHS", 24, 24, 120)  # 11 CCR 7101(a)
PRIVACY_HOUR_COST = env.number("PRIVACY_HOUR_COST", 60, 0, 10_000)  # of work on requests, in the currency below
PRIVACY_COST_CURRENCY = env.text("PRIVACY_COST_CURRENCY", "EUR")
PACKAGE_DAYS = env.number("PACKAGE_DAYS", 7, 1, 90)
IMPORT_FILE_RETENTION_DAYS = env.number("IMPORT_FILE_RETENTION_DAYS", 7, 1)
IMPORT_UNDO_DAYS = env.number("IMPORT_UNDO_DAYS", 7, 1)
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", 1_073_741_824, 1)
STATIC_URL = "/static/"
STATIC_ROOT = env.data_dir() / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4_194_304

# --- Language and time -----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"
COMPANY_TIME_ZONE = env.zone("COMPANY_TIME_ZONE", "UTC")  # days, weeks and months of segment rules begin there

# --- Logs and error reports ------------------------------------------------------------------------------------------
LOGGING_CONFIG = None
SENTRY_DSN = env.text("SENTRY_DSN", "")
configure_logging(level=env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")), sentry_dsn=SENTRY_DSN)

# --- Figures for Prometheus ------------------------------------------------------------------------------------------
METRICS_DIR = env.text("PROMETHEUS_MULTIPROC_DIR", str(env.data_dir() / "metrics"))
os.environ["PROMETHEUS_MULTIPROC_DIR"] = METRICS_DIR
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
METRICS_NETWORKS = env.csv("METRICS_NETWORKS", ("127.0.0.0/8", "::1/128"))

# --- Documentation of the API ----------------------------------------------------------------------------------------
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "marketing_hub API",
    "DESCRIPTION": (
        "One truth about customers and one gate for using it. [Guides, quick starts, error catalogue](/docs/).\n\n"
        "Answers are JSON. Every one, refusals too, is given as XML with `Accept: application/xml`: members are "
        'elements of their name, items of a list are `item`, null is `nil="true"`. Bodies of requests are JSON only.'
    ),
    "VERSION": API_VERSION,
    "OAS_VERSION": "3.1.1",
    "LICENSE": {"name": "Proprietary", "identifier": "LicenseRef-marketing-hub"},
    "CONTACT": {"name": "API support", "email": SUPPORT.email},
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": ENUM_NAMES,
    "SORT_OPERATION_PARAMETERS": False,
    "PREPROCESSING_HOOKS": ["marketing_hub.openapi_shared.only_versioned"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "marketing_hub.openapi_shared.complete",
    ],
}
