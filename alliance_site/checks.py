"""System checks: what would make the start unsafe, in a sentence that says what to do."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from sessions.sealing import check_master_keys


@register
def master_keys_are_usable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    problem = check_master_keys(settings.ALLIANCE_MASTER_KEYS)
    return [Error(problem, id="alliance.E001")] if problem else []
