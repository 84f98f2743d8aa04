from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MeasuresConfig(AppConfig):
    name = "measures"
    verbose_name = _("Measures")

    def ready(self) -> None:
        from measures.builtin import load_builtin
        from measures.capture.asking import episode_was_paused, episodes_were_closed
        from measures.insight.left_open import the_quiet_go_along, things_left_open
        from measures.repair.actions import episodes_were_transferred, member_has_left
        from sessions.signals import (
            episode_paused,
            episodes_closed,
            episodes_transferred,
            member_left,
            open_things,
        )

        post_migrate.connect(load_builtin, sender=self, dispatch_uid="builtin-measure")
        episodes_closed.connect(episodes_were_closed, dispatch_uid="nobody-asked-once-closed")
        episode_paused.connect(episode_was_paused, dispatch_uid="nobody-asked-while-away")
        episodes_transferred.connect(episodes_were_transferred, dispatch_uid="what-is-to-do-moves")
        episodes_transferred.connect(the_quiet_go_along, dispatch_uid="the-quiet-are-called")
        open_things.connect(things_left_open, dispatch_uid="what-is-open-is-counted")
        member_left.connect(member_has_left, dispatch_uid="nothing-waits-for-who-is-gone")
