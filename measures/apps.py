from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MeasuresConfig(AppConfig):
    name = "measures"
    verbose_name = _("Measures")

    def ready(self) -> None:
        from measures.builtin import load_builtin
        from measures.capture.asking import episode_was_closed, episode_was_paused
        from measures.repair.actions import member_has_left
        from sessions.signals import episode_closed, episode_paused, member_left

        post_migrate.connect(load_builtin, sender=self, dispatch_uid="builtin-measure")
        episode_closed.connect(episode_was_closed, dispatch_uid="nobody-asked-once-closed")
        episode_paused.connect(episode_was_paused, dispatch_uid="nobody-asked-while-away")
        member_left.connect(member_has_left, dispatch_uid="nothing-waits-for-who-is-gone")
