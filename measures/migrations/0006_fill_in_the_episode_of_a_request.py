"""Write each request's episode on it, and leave one request standing in each.

Apart from the migrations around it: PostgreSQL alters no table whose rows have just changed.
"""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def fill_in(apps, schema_editor):
    requests = apps.get_model("measures", "RatingRequest").objects
    sessions = apps.get_model("alliance_sessions", "Session").objects
    episode = sessions.filter(pk=OuterRef("session")).values("episode")
    requests.filter(episode__isnull=True).update(episode=Subquery(episode))
    _supersede_all_but_the_newest(requests)


def _supersede_all_but_the_newest(requests):
    standing = requests.filter(withdrawn_at__isnull=True, superseded_at__isnull=True)
    newer: dict[int, Any] = {}
    for request in standing.order_by("-session__starts_at", "-pk").iterator():
        if request.episode_id in newer:
            request.superseded_at = max(newer[request.episode_id].created_at, request.created_at)
            request.save(update_fields=["superseded_at"])
        newer[request.episode_id] = request


def leave(apps, schema_editor):
    """Nothing to undo: the column goes with the migration before, and all may stand again."""
    apps.get_model("measures", "RatingRequest").objects.update(superseded_at=None)


class Migration(migrations.Migration):
    dependencies = [("measures", "0005_add_messages_and_the_episode_of_a_request")]
    operations = [migrations.RunPython(fill_in, leave)]
