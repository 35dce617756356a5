"""The project's settings: everything that differs between two installations comes from the environment.

Without `DATABASE_URL` the project runs embedded: SQLite, its broker and its secrets live in one folder (`MDM_DATA_DIR`, `var/` by
default), and nothing has to be installed or configured.
"""

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import dj_database_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from mdm import logging as structured_logging
from mdm.embedded import state
from mdm.signin import configured
from mdm.unfold import UNFOLD as UNFOLD  # noqa: PLC0414  # read by django-unfold as a setting

BASE_DIR: Final = Path(__file__).resolve().parent.parent


def _flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def _list(name: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, "").split(",") if item.strip()]


# --- where it runs -----------------------------------------------------------------------------------------------------------------

MDM_DATA_DIR: Final = Path(os.environ.get("MDM_DATA_DIR") or BASE_DIR / "var").resolve()
MDM_EMBEDDED: Final = not os.environ.get("DATABASE_URL")
MDM_DEMO: Final = _flag("MDM_DEMO", default=True)
PUBLIC_URL: Final = os.environ.get("PUBLIC_URL", "http://localhost:8000").rstrip("/")

_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"

DEBUG = _flag("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or (state.secret_key(MDM_DATA_DIR) if MDM_EMBEDDED else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY must be set where DATABASE_URL is: a long random string, the same for every process.")

SECRET_KEY_FALLBACKS = _list("SECRET_KEY_FALLBACKS")  # keys of before: what was encrypted or signed with them is still read

ALLOWED_HOSTS = _list("ALLOWED_HOSTS") or [_public.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}", *_list("CSRF_TRUSTED_ORIGINS")]

# --- what it is made of ------------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "simple_history",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "mdm",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "golden_records",
    "matching",
    "api",
]

MIDDLEWARE = [
    "mdm.logging.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mdm.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mdm.signin.middleware.IdleMiddleware",
    "mdm.signin.middleware.SecondFactorMiddleware",
    "golden_records.admin.looking.LookingMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "mdm.urls"
WSGI_APPLICATION = "mdm.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mdm.signin.look.admin_look",
            ]
        },
    }
]

# --- the database ------------------------------------------------------------------------------------------------------------------

SQLITE_OPTIONS: Final[dict[str, Any]] = {
    # A transaction that begins as a reader and writes later fails at once when another has written in between, whatever the
    # time-out; IMMEDIATE takes the write lock first and waits for its turn.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
}


def database(url: str | None) -> dict[str, Any]:
    """The connection settings for `url`, or for the embedded SQLite file where there is none."""
    if url is None:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": MDM_DATA_DIR / "mdm.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
        }
    parsed: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        parsed["OPTIONS"] = SQLITE_OPTIONS
    elif _flag("DATABASE_KEEPS_PLANS", default=True):
        # Only statements of `golden_records.planned` are kept, from the third time on. A pooler that hands each transaction another
        # connection, and knows nothing of prepared statements, must turn it off.
        parsed.setdefault("OPTIONS", {}).setdefault("prepare_threshold", 2)
    return parsed


DATABASES = {"default": database(os.environ.get("DATABASE_URL") or None)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- matching ----------------------------------------------------------------------------------------------------------------------

MATCH_ENGINE = os.environ.get("MATCH_ENGINE", "local")  # or spark, for what one machine can't hold: see docs/spark.md
MATCH_MEMORY_MIB = float(os.environ.get("MATCH_MEMORY_MIB", "2048"))  # what pairs may take in memory before they go to files
SPARK_MASTER = os.environ.get("SPARK_MASTER", "local[*]")

# --- webhooks ----------------------------------------------------------------------------------------------------------------------

# Networks, such as 10.20.0.0/16, whose servers may be told of changes although they are not on the public Internet.
WEBHOOK_ALLOWED_NETWORKS = _list("MDM_WEBHOOK_ALLOWED_NETWORKS")
for _network in WEBHOOK_ALLOWED_NETWORKS:
    try:
        ip_network(_network)
    except ValueError as error:
        raise ImproperlyConfigured(f"MDM_WEBHOOK_ALLOWED_NETWORKS: {error}.") from None

# --- background work ---------------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or state.broker_url(MDM_DATA_DIR) or "redis://127.0.0.1:6379/0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
# A killed worker's message comes back only after this time. It is long because a redelivered message runs a task twice; lost work
# does not wait for it: the sweep finds it in the database.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_timeout": 30}
# A request must not hang on a broker that is away: the row is the queue, and the sweep rings again.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {"golden_records.webhooks.tasks.*": {"queue": "webhooks"}}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TASK_ALWAYS_EAGER = _flag("CELERY_EAGER")
CELERY_TASK_EAGER_PROPAGATES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = float(os.environ.get("SWEEP_SECONDS", "30"))  # how often to look for what was left, and how long it is left
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "matching.tasks.sweep", "schedule": timedelta(seconds=SWEEP_SECONDS), "options": {"expires": SWEEP_SECONDS}},
    # Most events are sealed by a ring at their commit or by who reads the feed; this finds what came between two rings.
    "seal": {"task": "golden_records.tasks.seal_events", "schedule": timedelta(seconds=1), "options": {"expires": 1}},
    "heads": {"task": "golden_records.tasks.tell_heads", "schedule": crontab(hour=0, minute=3)},
    "rematch": {"task": "matching.tasks.rematch", "schedule": crontab(hour=3, minute=17)},
    # Just after midnight by UTC, by which survivorship counts days; and every minute again, for what was left or confirmed.
    "turn": {"task": "matching.tasks.turn", "schedule": timedelta(minutes=1), "options": {"expires": 60}},
    "prune_idempotency_keys": {"task": "api.tasks.prune_idempotency_keys", "schedule": crontab(minute=23)},
    "value": {"task": "matching.tasks.value_all_tasks", "schedule": crontab(hour=2, minute=53)},
    "verify": {"task": "matching.tasks.verify", "schedule": crontab(hour=4, minute=47)},
    "webhooks": {"task": "golden_records.webhooks.tasks.ring_webhooks", "schedule": timedelta(seconds=2), "options": {"expires": 10}},
    "hierarchy": {"task": "matching.tasks.settle_hierarchy", "schedule": timedelta(seconds=5), "options": {"expires": 5}},
    "webhook-log": {"task": "golden_records.webhooks.tasks.forget_deliveries", "schedule": crontab(hour=2, minute=31)},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(MDM_DATA_DIR / "celerybeat-schedule")

# --- reports -----------------------------------------------------------------------------------------------------------------------

REPORTS_KEPT_HOURS = float(os.environ.get("REPORTS_KEPT_HOURS", "24"))  # how long the file of a report is kept

# --- the API -----------------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.scopes.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["api.strict_json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.strict_json.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "api.errors.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "mdm",
    "DESCRIPTION": "Golden customers and projects: canonical ids, values with their lineage, and cross-references.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RegroupKind": [("merge", "merge"), ("split", "split"), ("move", "move")],
        **{name: f"golden_records.models.{name}" for name in ("RecordState", "GoldenState", "EventType", "OverrideState", "ParentState")},
        "ReportState": "matching.models.ReportState",
        "ReportCell": "api.v1.reports.KINDS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LONG_POLLS = int(os.environ.get("LONG_POLLS", "2"))  # readers of the change feed that may wait at once, in each server process

# --- people, language, time --------------------------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- the sign-in: see docs/access.md -----------------------------------------------------------------------------------------------

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
BEHIND_PROXY = _flag("BEHIND_PROXY")
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "1" if BEHIND_PROXY else "0"))  # how many stand before the service

AXES_FAILURE_LIMIT = int(os.environ.get("MDM_LOGIN_ATTEMPTS", "5"))
AXES_COOLOFF_TIME = timedelta(minutes=float(os.environ.get("MDM_LOGIN_WAIT_MINUTES", "15")))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # by the two together: nobody locks a colleague out from elsewhere
AXES_CLIENT_IP_CALLABLE = "mdm.signin.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "mdm.signin.locking.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else whoever keeps trying would never get in again
AXES_DISABLE_ACCESS_LOG = True  # the audit log has them
AXES_ENABLE_ADMIN = False  # mdm.admin has pages in the look of the others
AXES_VERBOSE = False

OIDC_PROVIDER = configured.provider()
LOCAL_LOGIN = _flag("MDM_LOCAL_LOGIN", default=True)
if not LOCAL_LOGIN and OIDC_PROVIDER is None:
    raise ImproperlyConfigured("MDM_LOCAL_LOGIN=0 would let nobody in: configure MDM_OIDC_ISSUER too.")
SECOND_FACTOR_FOR = _list("MDM_SECOND_FACTOR_FOR")  # roles, as: administrator, lead steward

ACCOUNT_ADAPTER = "mdm.signin.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"login": "mdm.signin.forms.LoginForm"}
# Beside the lock by person and address: against one name tried from many addresses, and many names from one.
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "30/m/ip,30/5m/key", "reauthenticate": "10/m/user"}
MFA_ADAPTER = "mdm.signin.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "mdm.signin.forms.FirstCodeForm",
    "authenticate": "mdm.signin.forms.CodeForm",
    "reauthenticate": "mdm.signin.forms.CodeAgainForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # no address is ever asked for
MFA_TOTP_ISSUER = f"mdm ({_public.hostname})"
MFA_TOTP_TOLERANCE = 1  # half a minute, as clocks of telephones are
SOCIALACCOUNT_ADAPTER = "mdm.signin.adapters.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = OIDC_PROVIDER.as_setting if OIDC_PROVIDER is not None else {}
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_QUERY_EMAIL = False
SOCIALACCOUNT_STORE_TOKENS = False
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "mdm" / "locale"]  # before what Django and the libraries say
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _https
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

SIMPLE_HISTORY_DATE_INDEX = False  # entries are looked for by their record, and of one record there are few
SIMPLE_HISTORY_HISTORY_ID_USE_UUID = False
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True  # a steward may explain at length

# --- static files ------------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or MDM_DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = MDM_DATA_DIR / "media"

# --- security ----------------------------------------------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = float(os.environ.get("MDM_SESSION_IDLE_MINUTES", "60")) * 60
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
# Only behind a proxy that sets this header itself: any other caller could claim to be secure.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# --- metrics -----------------------------------------------------------------------------------------------------------------------

METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")  # what Prometheus shows as bearer token; without one, only this machine may ask

# --- logs --------------------------------------------------------------------------------------------------------------------------

LOGGING = structured_logging.configure(level=os.environ.get("LOG_LEVEL", "INFO"), log_format=os.environ.get("LOG_FORMAT", "json"))
