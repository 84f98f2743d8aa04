import datetime as dt

from django.db import migrations


def keep_as_consents(apps, schema_editor):
    """What a box of the transfer said until now. How the client put it was not noted."""
    Consent = apps.get_model("alliance_sessions", "Consent")
    for episode in apps.get_model("alliance_sessions", "Episode").objects.filter(
        shows_earlier=True
    ):
        Consent.objects.create(
            organization_id=episode.organization_id,
            client_id=episode.client_id,
            episode_id=episode.continues_id,
            purpose="earlier",
            text_version="",
            given_at=dt.datetime.combine(episode.opened_on, dt.time.min, tzinfo=dt.UTC),
            how="as the counselor before noted",
        )


def note_on_the_episode(apps, schema_editor):
    standing = apps.get_model("alliance_sessions", "Consent").objects.filter(
        purpose="earlier", withdrawn_at__isnull=True
    )
    apps.get_model("alliance_sessions", "Episode").objects.filter(
        continues__in=standing.values("episode")
    ).update(shows_earlier=True)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0017_ask_about_earlier_answers"),
    ]

    operations = [
        migrations.RunPython(keep_as_consents, note_on_the_episode),
        migrations.RemoveConstraint(
            model_name="episode",
            name="episode_shows_what_it_continues",
        ),
        migrations.RemoveField(
            model_name="episode",
            name="shows_earlier",
        ),
    ]
