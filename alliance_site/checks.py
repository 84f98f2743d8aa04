"""What is looked at before a start (`manage.py check`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.utils.module_loading import import_string

from sessions.lexicon import telling_words


def check_names(
    app_configs: Sequence[AppConfig] | None, **_kwargs: Any
) -> list[checks.CheckMessage]:
    """A host or a sender stands in every message: neither may tell of health."""
    return [
        checks.Warning(
            f"{name} holds “{words[0]}”, which everybody sees who sees a client's phone.",
            hint="Choose a neutral name, the one clients were told.",
            id="alliance.W001",
        )
        for name in ("ALLIANCE_URL", "DEFAULT_FROM_EMAIL")
        if (words := telling_words(getattr(settings, name)))
    ]


def check_text_gateway(
    app_configs: Sequence[AppConfig] | None, **_kwargs: Any
) -> list[checks.CheckMessage]:
    """Better said at the start than when the first message is due."""
    try:
        if settings.ALLIANCE_SMS_BACKEND:
            import_string(settings.ALLIANCE_SMS_BACKEND)
    except ImportError:
        hint = "Name a class like measures.capture.sms.SmsBackend, or leave it unset."
        problem = "ALLIANCE_SMS_BACKEND names nothing that is there."
        return [checks.Error(problem, hint=hint, id="alliance.E001")]
    return []
