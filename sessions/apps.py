from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from sessions.append_only import teach_connection


class AllianceSessionsConfig(AppConfig):
    """Ours carries its own label: django.contrib.sessions owns "sessions"."""

    name = "sessions"
    label = "alliance_sessions"
    verbose_name = _("People and sessions")

    def ready(self) -> None:
        connection_created.connect(teach_connection, dispatch_uid="append-only")
