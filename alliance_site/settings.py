"""Settings, read from the environment. An unsafe or missing value stops the start with a sentence.

README.md lists the variables. The demo (`manage.py demo`) and the tests bring their own.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env(
    DEBUG=(bool, False),
    ALLIANCE_DEMO=(bool, False),
    ALLIANCE_BEHIND_TLS=(bool, True),
    ALLOWED_HOSTS=(list, []),
    CSRF_TRUSTED_ORIGINS=(list, []),
    ALLIANCE_MASTER_KEYS=(list, []),
    EMAIL_URL=(str, "consolemail://"),
    DEFAULT_FROM_EMAIL=(str, "alliance@localhost"),
    ALLIANCE_URL=(str, ""),
    ALLIANCE_SMS_BACKEND=(str, ""),
    ALLIANCE_COUNTRY_CODE=(str, "1"),
)
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)


def required(name: str, hint: str) -> str:
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. {hint} To look around first: uv run --no-dev manage.py demo"
        )
    return str(value)


DEMO = env.bool("ALLIANCE_DEMO")
DEBUG = env.bool("DEBUG")
if DEBUG and not DEMO:
    raise ImproperlyConfigured("DEBUG shows client data in error pages. Unset it.")

SECRET_KEY = required("SECRET_KEY", "Set it to 50 or more random characters.")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short. Set it to 50 or more random characters.")

# "id:base64 of 32 bytes", the current one first; older ones stay until every client is rewrapped.
ALLIANCE_MASTER_KEYS = env.list("ALLIANCE_MASTER_KEYS")
if not ALLIANCE_MASTER_KEYS:
    required("ALLIANCE_MASTER_KEYS", "Set it to id:key, the key being 32 random bytes in base64.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS")
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "[::1]"}
if DEMO and set(ALLOWED_HOSTS) - LOOPBACK_HOSTS:
    raise ImproperlyConfigured(
        "The demo has public passwords and runs on this computer only. "
        "Leave ALLOWED_HOSTS unset, or unset ALLIANCE_DEMO."
    )

INSTALLED_APPS = [
    "alliance_site.apps.AllianceSiteConfig",
    "measures.apps.MeasuresConfig",
    "sessions.apps.AllianceSessionsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "alliance_site.security.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "alliance_site.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "alliance_site.security.RefuseNulMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    # Last, so that everything a view does happens inside its transaction.
    "alliance_site.transactions.RequestTransactionMiddleware",
]

ROOT_URLCONF = "alliance_site.urls"
WSGI_APPLICATION = "alliance_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "alliance_site.navigation.navigation",
            ],
            "builtins": ["sessions.templatetags.look"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
ATOMIC_REQUESTS = False
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # An acknowledged rating must survive a power cut: synchronous=FULL. IMMEDIATE lets writers
    # queue for the busy timeout instead of failing with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA busy_timeout=20000;"
            "PRAGMA foreign_keys=ON;"
        ),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "alliance_sessions.User"
# E-mails are unique by lower(email), which this check cannot see.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "alliance_site.accounts.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "alliance_site.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

BEHIND_TLS = env.bool("ALLIANCE_BEHIND_TLS") and not DEMO
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
# Log-ins are throttled by address; behind a proxy the address is in X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_TLS else 0
if BEHIND_TLS:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# A rating is a few hundred bytes; the longest note a few thousand.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

LANGUAGE_CODE = "en-us"
# Clients read every page of theirs in each of these; the staff's pages are complete in two.
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("ar", _("Arabic"))]
STAFF_LANGUAGES = LANGUAGES[:2]
LOCALE_PATHS = [BASE_DIR / "alliance_site" / "locale"]
FORMAT_MODULE_PATH = "alliance_site.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEMO:
    # The demo serves from the source folder, so that a first start needs no collectstatic.
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

EMAIL_CONFIG = env.email("EMAIL_URL")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL")

# Where the links in messages lead: the address this is reached at, without a path.
ALLIANCE_URL = env.str("ALLIANCE_URL").rstrip("/")
if ALLIANCE_URL:
    parts = urlsplit(ALLIANCE_URL)
    is_safe = parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS
    if not is_safe or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(
            "ALLIANCE_URL must be https:// and a host, such as https://oak.example."
        )
# A class like measures.capture.sms.SmsBackend; without one, no text messages are sent.
ALLIANCE_SMS_BACKEND = env.str("ALLIANCE_SMS_BACKEND")
# Of phone numbers written without one: 1 for the United States and Canada.
ALLIANCE_COUNTRY_CODE = env.str("ALLIANCE_COUNTRY_CODE").lstrip("+")
if not ALLIANCE_COUNTRY_CODE.isdigit():
    raise ImproperlyConfigured("ALLIANCE_COUNTRY_CODE must be digits, such as 1 or 52.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "alliance_site.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # What was not found or refused is no fault of ours, and the path may tell of a person.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "CRITICAL"},
        # It tells of every table of the font in every PDF.
        "fontTools": {"level": "WARNING"},
    },
}
