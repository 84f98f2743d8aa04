"""An unsafe or missing setting stops the start, with a sentence that says what to do."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEY = "id:" + base64.b64encode(b"1" * 32).decode()
GOOD = {"SECRET_KEY": "x" * 50, "ALLIANCE_MASTER_KEYS": KEY, "DATABASE_URL": "sqlite://:memory:"}
# Before `collectstatic` there is no folder of static files, which whitenoise mentions.
WARNINGS = ("-W", "error", "-W", "ignore:No directory at:UserWarning")
ASK = (
    "import django; django.setup(); from django.test import Client;"
    "print(*(Client().get(path).status_code for path in ('/health/live', '/account/login/')))"
)
SHOW = (
    "from django.conf import settings as s;"
    "print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT,"
    "s.SECURE_HSTS_SECONDS > 0, s.PASSWORD_HASHERS[0].rpartition('.')[2])"
)


def start(code: str = "import alliance_site.wsgi", **changes: str | None) -> tuple[int, str]:
    """Start the app in an environment of its own: how it ended, and its last words."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    environment = {**kept, **given, "DJANGO_SETTINGS_MODULE": "alliance_site.settings"}
    run = subprocess.run(
        [sys.executable, *WARNINGS, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, (run.stdout + run.stderr).strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SECRET_KEY": None}, "SECRET_KEY is not set. Set it to 50 or more random characters."),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set."),
        ({"SECRET_KEY": "x" * 49}, "SECRET_KEY is too short."),
        ({"ALLIANCE_MASTER_KEYS": None}, "ALLIANCE_MASTER_KEYS is not set. Set it to id:key"),
        ({"ALLIANCE_MASTER_KEYS": ""}, "ALLIANCE_MASTER_KEYS is not set."),
        ({"DEBUG": "true"}, "DEBUG shows client data in error pages. Unset it."),
        (
            {"ALLIANCE_DEMO": "true", "ALLOWED_HOSTS": "localhost,oak.example.org"},
            "The demo has public passwords and runs on this computer only.",
        ),
        ({"ALLIANCE_DEMO": "true", "ALLOWED_HOSTS": "*"}, "runs on this computer only."),
        ({"ALLIANCE_DEMO": "true", "ALLOWED_HOSTS": "10.0.0.1"}, "runs on this computer only."),
    ],
)
def test_it_does_not_start_and_says_why(changes, sentence):
    code, last_words = start(**changes)
    assert code != 0
    assert sentence in last_words


def test_a_missing_setting_tells_how_to_look_around_first():
    assert "manage.py demo" in start(SECRET_KEY=None)[1]


def test_with_all_it_needs_it_starts():
    """The control."""
    assert start() == (0, "")


def test_the_demo_starts_on_this_computer():
    assert start(ALLIANCE_DEMO="true", ALLOWED_HOSTS="localhost,127.0.0.1") == (0, "")


def test_what_is_not_set_is_safe():
    assert start(SHOW) == (0, "False True True True True Argon2PasswordHasher")


def test_a_proxy_may_ask_without_tls_and_nobody_else():
    assert start(ASK, ALLOWED_HOSTS="testserver") == (0, "200 301")


@pytest.mark.parametrize(
    "keys", ["id:short", "no-colon", f"{KEY},id2:zzz", "id:\u043a\u043b\u044e\u0447"]
)
def test_master_keys_that_are_none_fail_the_check(keys):
    check = "import django; django.setup()"
    code, last_words = start(check, ALLIANCE_MASTER_KEYS=keys)
    assert code != 0
    assert "32 random bytes" in last_words
    assert "short" not in last_words
