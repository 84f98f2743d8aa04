from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MeasuresConfig(AppConfig):
    name = "measures"
    verbose_name = _("Measures")

    def ready(self) -> None:
        from measures.builtin import load_builtin
        from measures.capture.asking import episode_was_closed, episode_was_paused
        from measures.insight.left_open import quiet_goes_along, things_left_open
        from measures.repair.actions import episode_was_transferred, member_has_left
        from sessions.signals import (
            episode_closed,
            episode_paused,
            episode_transferred,
            member_left,
            open_things,
        )

        post_migrate.connect(load_builtin, sender=self, dispatch_uid="builtin-measure")
        episode_closed.connect(episode_was_closed, dispatch_uid="nobody-asked-once-closed")
        episode_paused.connect(episode_was_paused, dispatch_uid="nobody-asked-while-away")
        episode_transferred.connect(episode_was_transferred, dispatch_uid="what-is-to-do-moves")
        episode_transferred.connect(quiet_goes_along, dispatch_uid="the-quiet-are-called")
        open_things.connect(things_left_open, dispatch_uid="what-is-open-is-counted")
        member_left.connect(member_has_left, dispatch_uid="nothing-waits-for-who-is-gone")
