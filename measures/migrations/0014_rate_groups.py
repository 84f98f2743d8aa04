"""Let a counselor rate a group meeting, once, and print slips for it.

On SQLite a later change of the new table rebuilds it and loses the triggers: create them again in
the same migration.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "measures_grouprating"
REFUSE = "BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table stay as they are'); END"
ONLY_ERASING = f"WHEN NOT alliance_deleting() {REFUSE}"
EACH_ROW = "FOR EACH ROW EXECUTE FUNCTION alliance_append_only()"
CREATE = {
    "sqlite": [
        f"CREATE TRIGGER group_rating_stays BEFORE UPDATE ON {TABLE} {REFUSE}",
        f"CREATE TRIGGER group_rating_keeps BEFORE DELETE ON {TABLE} {ONLY_ERASING}",
    ],
    "postgresql": [
        f"CREATE TRIGGER group_rating_stays BEFORE UPDATE OR DELETE ON {TABLE} {EACH_ROW}",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER group_rating_stays", "DROP TRIGGER group_rating_keeps"],
    "postgresql": [f"DROP TRIGGER group_rating_stays ON {TABLE}"],
}


def create_triggers(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0012_plan_groups"),
        ("measures", "0013_follow_flags_to_a_talk"),
    ]

    operations = [
        migrations.AlterField(
            model_name="ratinglink",
            name="channel",
            field=models.CharField(
                choices=[
                    ("mail", "e-mail"),
                    ("sms", "text message"),
                    ("link", "link to pass on"),
                    ("qr", "QR code"),
                    ("slip", "printed slip"),
                    ("handover", "handed over"),
                    ("kiosk", "clinic tablet"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="GroupRating",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stored_at", models.DateTimeField()),
                ("respect", models.FloatField(blank=True, null=True)),
                ("understanding", models.FloatField(blank=True, null=True)),
                ("goals", models.FloatField(blank=True, null=True)),
                (
                    "entered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance_sessions.membership",
                    ),
                ),
                (
                    "instrument_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="measures.instrumentversion",
                    ),
                ),
                (
                    "meeting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rating",
                        to="alliance_sessions.groupmeeting",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="alliance_sessions.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("respect__isnull", True),
                            models.Q(("respect__gte", 0), ("respect__lte", 10)),
                            _connector="OR",
                        ),
                        name="group_rating_respect_0_to_10",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("understanding__isnull", True),
                            models.Q(("understanding__gte", 0), ("understanding__lte", 10)),
                            _connector="OR",
                        ),
                        name="group_rating_understanding_0_to_10",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("goals__isnull", True),
                            models.Q(("goals__gte", 0), ("goals__lte", 10)),
                            _connector="OR",
                        ),
                        name="group_rating_goals_0_to_10",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("respect__isnull", False),
                            ("understanding__isnull", False),
                            ("goals__isnull", False),
                            _connector="OR",
                        ),
                        name="group_rating_says_something",
                    ),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
