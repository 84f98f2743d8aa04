"""The demo: made-up people on an embedded database, on this computer only.

`prepare_environment` runs before Django reads its settings, so nothing of Django is imported here.
"""

import base64
import json
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def folder() -> Path:
    """Where the demo keeps its database and its keys."""
    return Path(os.environ.get("ALLIANCE_DEMO_FOLDER") or ROOT / ".demo")


def database() -> Path:
    return folder() / "demo.sqlite3"


def prepare_environment() -> None:
    """Set what the settings ask for. The demo never touches a configured database or mail."""
    folder().mkdir(parents=True, exist_ok=True)
    os.environ.update(
        ALLIANCE_DEMO="true",
        DEBUG="false",
        DATABASE_URL=f"sqlite:///{database()}",
        EMAIL_URL="consolemail://",
        ALLIANCE_URL="http://localhost:8000",
        ALLIANCE_SMS_BACKEND="measures.capture.sms.ConsoleBackend",
        ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1"),
        CSRF_TRUSTED_ORIGINS="",
        **_keys(folder() / "keys.json"),
    )


def prepare_empty_environment() -> None:
    """Set what the settings ask for, for a command that stores nothing and reads no database."""
    os.environ.update(
        ALLIANCE_DEMO="true",
        DEBUG="false",
        DATABASE_URL="sqlite://:memory:",
        EMAIL_URL="consolemail://",
        ALLOWED_HOSTS="localhost",
        CSRF_TRUSTED_ORIGINS="",
        **_new_keys(),
    )


def _keys(path: Path) -> dict[str, str]:
    """Keys of this demo's own, made once: names in the database stay readable over restarts."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps(_new_keys()), encoding="utf-8")
    stored: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return stored


def _new_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(60),
        "ALLIANCE_MASTER_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }
