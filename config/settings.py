"""Settings: the embedded default (SQLite, and no broker), made production by
environment variables alone. `docs/operations.md` lists them."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab

from config.admin_menu import UNFOLD  # noqa: F401 - a setting
from config.environment import (
    ADDRESS,
    RATE,
    SENDER,
    Environment,
    allowed_hosts,
    company_sign_in_providers,
    database_settings,
    is_production,
    mail_settings,
    secret_key,
    trusted_origins,
)
from config.languages import locale_folders, offered_languages, site_language

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("HANDOFF_VAR") or BASE_DIR / "var")
env = Environment()
PRODUCTION = env.read(is_production, False)
EMBEDDED = not PRODUCTION

SECRET_KEY = env.read(lambda: secret_key(VAR, production=PRODUCTION), "")
# Keys of before: what was encrypted or signed under them can still be read.
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split() if key]
DEBUG = False
ALLOWED_HOSTS = env.read(lambda: allowed_hosts(production=PRODUCTION), [])
# The address that people use, that mails and calls give out for links, and under which the site
# lies. A path in it is the path that the proxy in front gives to this site.
SITE_URL = env.matching(
    "SITE_URL", ADDRESS, "", "https://handoff.example.com or https://example.com/handoff"
).rstrip("/") or (
    f"https://{ALLOWED_HOSTS[0].lstrip('*.') if ALLOWED_HOSTS else 'localhost'}"
    if PRODUCTION
    else f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
)
SITE_PATH = urlsplit(SITE_URL).path
FORCE_SCRIPT_NAME = SITE_PATH or None
CSRF_TRUSTED_ORIGINS = trusted_origins(ALLOWED_HOSTS) if PRODUCTION else []

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.guardian",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "guardian",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "workflows",
    "approvals",
    "reporting",
    "workflows.extensions",
]

MIDDLEWARE = [
    "config.frame_room.FrameRoomMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.reader_language.AcceptedLanguageMiddleware",
    "config.no_store.NoStoreMiddleware",
    "config.csp.ContentSecurityPolicy",
    "config.parameter_checks.MalformedRequestMiddleware",
    "config.channel.ChannelMiddleware",
    "approvals.api.middleware.ApiEdge",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "approvals.ui.sessions.SlidingSession",
    "config.reader_language.ReaderLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "approvals.ui.error_pages.MethodNotAllowedPage",
    "approvals.views.signed_out_forms.KeepTypedForm",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
            ],
        },
    }
]

# -- database ---------------------------------------------------------------------------------

VAR.mkdir(parents=True, exist_ok=True)
DATABASES: dict[str, Any] = {
    "default": env.read(lambda: database_settings(VAR / "handoff.sqlite3"), {})
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- people -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "workflows.User"
AUTHENTICATION_BACKENDS = [
    "config.backends.PeopleBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ANONYMOUS_USER_NAME = None
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "approvals:inbox"
LOGOUT_REDIRECT_URL = "account_login"
# A link that lets somebody choose a new password.
PASSWORD_RESET_TIMEOUT = 60 * 60
ACCOUNT_ADAPTER = "config.accounts.SiteAccountAdapter"
ACCOUNT_FORMS = {"login": "config.accounts.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
# Wrong passwords: so many from an address, and for one name; then all tries from an address, right
# ones too, because checking each costs half a second of a processor.
# Administrators write the addresses. The page for a forgotten password keeps one as unverified, and
# nobody could add a second factor after it.
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Handoff"
# The company's own sign-in (OpenID Connect).
OIDC_ISSUER = env.matching("OIDC_ISSUER", ADDRESS, "", "https://login.example.com").rstrip("/")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM")
OIDC_MAKES_ACCOUNTS = env.flag("OIDC_MAKES_ACCOUNTS", True)
SOCIALACCOUNT_ADAPTER = "config.accounts.CompanyAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # our policy lets no form lead to another site
# Who comes with an address of mail that the company vouches for has the account of that address.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = env.flag(
    "OIDC_LINKS_BY_EMAIL", True
)
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"APPS": env.read(company_sign_in_providers, []), "OAUTH_PKCE_ENABLED": True}
}

# -- language and time ------------------------------------------------------------------------

USE_I18N = True
LOCALE_PATHS = locale_folders(env, BASE_DIR / "locale")
LANGUAGES = offered_languages(env, LOCALE_PATHS)
LANGUAGE_CODE = site_language(env, LANGUAGES)
LANGUAGE_COOKIE_PATH = f"{SITE_PATH}/"
TIME_ZONE = env.zone("TIME_ZONE", "UTC")
USE_TZ = True
FORMAT_MODULE_PATH = ["workflows.language.locale_formats"]

# -- files ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED
if EMBEDDED:  # served from where they lie; the empty folder keeps WhiteNoise from warning
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Uploaded documents: given out by a view that asks who may see them, never by address.
MEDIA_ROOT = VAR / "media"
FILE_UPLOAD_PERMISSIONS = 0o640
UPLOAD_MAX_MB = env.whole("UPLOAD_MAX_MB", 50, least=1, most=2000)
UPLOAD_TYPES = env.endings(
    "UPLOAD_TYPES",
    "pdf doc docx odt rtf txt md xls xlsx ods csv tsv ppt pptx odp png jpg jpeg gif webp heic tif"
    " tiff bmp eml msg ics zip json xml yaml yml log dxf dwg step stp",
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# A large map is one form in the admin: a hundred steps are about a thousand fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

# -- mail -------------------------------------------------------------------------------------

# EMAIL_BACKEND, EMAIL_HOST and their kind
globals().update(env.read(lambda: mail_settings(VAR / "mail"), {}))
# Who mails are from: what people see, and where an answer to a mail goes.
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.matching(
    "EMAIL_FROM",
    SENDER,
    f"Handoff <handoff@{urlsplit(SITE_URL).hostname}>",
    "Handoff <handoff@example.com>",
)

# -- background work --------------------------------------------------------------------------

# Without a broker one process is worker and clock (`python -m config.background`), and no bell is
# rung: the clock ticks each second, and the outbox is the truth.
HAS_BROKER = bool(os.environ.get("CELERY_BROKER_URL"))
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 3}
# Modules of a company's own that register what they add, separated by commas: docs/extending.md.
HANDOFF_EXTENSIONS = [
    name.strip() for name in os.environ.get("HANDOFF_EXTENSIONS", "").split(",") if name.strip()
]
# A message that a worker took and never closed comes back after this time; the longest call of
# an automation adds to it.
OUTBOX_LEASE_SECONDS = env.whole("OUTBOX_LEASE_SECONDS", 60, least=1, most=3600)
OUTBOX_KEEP_DAYS = 30
# Whether mails lead to a page where one task is decided without signing in. A mailbox that can have
# a new password sent is trusted as much already; where the company signs people in, it is not.
DECIDE_BY_MAIL = env.flag("DECIDE_BY_MAIL", not OIDC_ISSUER)
# With this secret a monitor reads `health.json` of the whole site, without an account.
HEALTH_TOKEN = os.environ.get("HEALTH_TOKEN", "")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "config.clock:Clock"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    # A doorbell that nobody answered within its second is rung again by the next one.
    "deliver": {
        "task": "handoff.deliver",
        "schedule": 1.0,
        "options": {"expires": 5, "retry": False},
    },
    "keep-schedules": {
        "task": "config.tasks.keep_schedules",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "watch": {"task": "config.tasks.watch", "schedule": 60.0, "options": {"expires": 60}},
    "watch-maps": {
        "task": "config.tasks.watch_published",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "seal": {
        "task": "config.tasks.seal",
        "schedule": 1.0,
        "options": {"expires": 5, "retry": False},
    },
    "keep-head": {"task": "config.tasks.keep_head", "schedule": crontab(minute="7", hour="0")},
    "roll-up": {"task": "config.tasks.roll_up", "schedule": 300.0, "options": {"expires": 300}},
    "review": {"task": "config.tasks.review", "schedule": crontab(minute="37")},
    "forecast": {"task": "config.tasks.forecast", "schedule": crontab(minute="47", hour="2")},
    "forget": {"task": "config.tasks.forget", "schedule": crontab(minute="17", hour="3")},
}

# -- the audit trail --------------------------------------------------------------------------

# Who keeps the trail's daily head: mail addresses, and the key of a connection (with a path after
# it where it wants one). Both outside the reach of those who run the database.
AUDIT_HEAD_TO = os.environ.get("AUDIT_HEAD_TO", "").replace(",", " ").split()
AUDIT_HEAD_CONNECTION = os.environ.get("AUDIT_HEAD_CONNECTION") or ""

# -- security ---------------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{SITE_PATH}/"
SESSION_COOKIE_SAMESITE = "Lax"
# Whoever does nothing for so long is signed out; and everybody after the longest time, however
# active (0: never).
SESSION_COOKIE_AGE = env.whole("SESSION_IDLE_HOURS", 12, least=1, most=10_000) * 60 * 60
SESSION_LONGEST = env.whole("SESSION_LONGEST_DAYS", 30, most=10_000) * 24 * 60 * 60
CSRF_FAILURE_VIEW = "approvals.ui.error_pages.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"(^|/)healthz$", r"(^|/)readyz$"]
    # How long browsers are told to come by HTTPS alone; 0: not at all. For hosts below this one,
    # and for the list that browsers are shipped with, only if the site says so.
    SECURE_HSTS_SECONDS = env.whole("HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_SUBDOMAINS", False)
    SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", False)
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "security.W004"]

# -- the HTTP API -----------------------------------------------------------------------------

# How many calls a token (or a signed-in person, or a webhook's address) may make; then how many
# an address that does not say who it is. s, m, h, d; counted in each web process.
API_RATE = env.matching("API_RATE", RATE, "600/m", "600/m")
API_RATE_ANONYMOUS = env.matching("API_RATE_ANONYMOUS", RATE, "60/m", "60/m")
# Forms for people without an account: how many one address may send (counted in each web process),
# and how many may wait at a time to be confirmed by mail.
PUBLIC_FORM_RATE = env.matching("PUBLIC_FORM_RATE", RATE, "10/h", "10/h")
PUBLIC_FORMS_PENDING = env.whole("PUBLIC_FORMS_PENDING", 2000, least=1, most=1_000_000)
# Whose word is taken for the caller's address: that of so many proxies before this server.
NINJA_NUM_PROXIES = ALLAUTH_TRUSTED_PROXY_COUNT = env.whole("API_PROXIES", int(PRODUCTION), most=10)

# -- caches -----------------------------------------------------------------------------------

# Sign-ins are counted for all processes of a machine together; calls of the API by each process,
# because counting them in files would cost more than answering.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR / "cache",
    },
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
if CELERY_BROKER_URL.startswith("redis"):
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CELERY_BROKER_URL,
        "KEY_PREFIX": "handoff",
    }

LOGGING_CONFIG = "config.scrubbed_logs.configure_logging"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # To stderr: what commands print (JSON, CSV) has stdout to itself.
    "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["err"], "level": "WARNING"},
    # Anybody can send a wrong host name, as often as they like; it is answered, not logged.
    "loggers": {"django.security.DisallowedHost": {"level": "CRITICAL"}},
}

env.refuse_bad()
