from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alliance_sessions", "0011_let_an_episode_show_the_one_before")]

    operations = [
        migrations.AddField(
            model_name="groupmeeting",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="groupmeeting",
            name="blind_waived_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="groupmeeting",
            constraint=models.UniqueConstraint(
                fields=("counselor", "starts_at"), name="group_meeting_one_at_a_time"
            ),
        ),
    ]
