from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.signals import connection_created

from alliance_site.checks import check_names, check_text_gateway
from alliance_site.connections import run_plans_as_they_are
from sessions.sealing import check_master_keys


class AllianceSiteConfig(AppConfig):
    name = "alliance_site"

    def ready(self) -> None:
        """Refuse to start with keys that cannot seal; a web server runs no system checks."""
        if problem := check_master_keys(settings.ALLIANCE_MASTER_KEYS):
            raise ImproperlyConfigured(problem)
        checks.register(check_names)
        checks.register(check_text_gateway)
        connection_created.connect(run_plans_as_they_are, dispatch_uid="plans")
