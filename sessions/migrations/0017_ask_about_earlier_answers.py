import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0016_date_events_and_keep_earlier_goals"),
    ]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="episode",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="consents",
                to="alliance_sessions.episode",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("care", "care"),
                    ("supervision", "supervision"),
                    ("research", "research"),
                    ("asked", "being asked the three questions"),
                    ("contact", "messages by phone or mail"),
                    ("disclosure", "disclosure to a named recipient"),
                    ("earlier", "earlier answers read by the next counselor"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                condition=Q(withdrawn_at__isnull=True),
                fields=("episode",),
                name="consent_one_to_earlier_answers",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=Q(episode__isnull=False, purpose="earlier")
                | (~Q(purpose="earlier") & Q(episode__isnull=True)),
                name="consent_earlier_names_an_episode",
            ),
        ),
    ]
