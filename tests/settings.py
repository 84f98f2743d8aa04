"""Settings of the tests: the product's own, with an environment that is safe to know."""

import base64
import os

os.environ.setdefault("SECRET_KEY", "tests-only-" + "0123456789abcdef" * 4)
os.environ.setdefault(
    "ALLIANCE_MASTER_KEYS", "tests:" + base64.b64encode(b"0" * 32).decode("ascii")
)
os.environ.setdefault("ALLIANCE_BEHIND_TLS", "false")
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
os.environ.setdefault("EMAIL_URL", "memorymail://")
os.environ.setdefault("ALLIANCE_URL", "https://oak.example")
os.environ.setdefault("ALLIANCE_SMS_BACKEND", "measures.capture.sms.MemoryBackend")

from alliance_site.settings import *  # noqa: F403

# The tests count queries and rows, not hashing rounds; one test checks the real hasher.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = (  # noqa: F405
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
