from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MeasuresConfig(AppConfig):
    name = "measures"
    verbose_name = _("Measures")

    def ready(self) -> None:
        from measures.builtin import load_builtin

        post_migrate.connect(load_builtin, sender=self, dispatch_uid="builtin-measure")
