"""One request stands in an episode, held by the database."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("measures", "0006_fill_in_the_episode_of_a_request")]
    operations = [
        migrations.AlterField(
            model_name="ratingrequest",
            name="episode",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rating_requests",
                to="alliance_sessions.episode",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("superseded_at__isnull", True), ("withdrawn_at__isnull", True)),
                fields=("episode",),
                name="rating_request_one_open",
            ),
        ),
    ]
