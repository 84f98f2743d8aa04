"""Keep what was fitted to an organization's own ratings: assessments name it, so it never changes.

On SQLite a later change of this table rebuilds it and loses the triggers: create them again in
the same migration.
"""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "measures_parameterset"
REFUSE = "BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table stay as they are'); END"
ONLY_ERASING = f"WHEN NOT alliance_deleting() {REFUSE}"
EACH_ROW = "FOR EACH ROW EXECUTE FUNCTION alliance_append_only()"
CREATE = {
    "sqlite": [
        f"CREATE TRIGGER parameter_set_stays BEFORE UPDATE ON {TABLE} {REFUSE}",
        f"CREATE TRIGGER parameter_set_keeps BEFORE DELETE ON {TABLE} {ONLY_ERASING}",
    ],
    "postgresql": [
        f"CREATE TRIGGER parameter_set_stays BEFORE UPDATE OR DELETE ON {TABLE} {EACH_ROW}",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER parameter_set_stays", "DROP TRIGGER parameter_set_keeps"],
    "postgresql": [f"DROP TRIGGER parameter_set_stays ON {TABLE}"],
}


def create_triggers(apps, schema_editor):
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0002_keep_the_access_log"),
        ("measures", "0002_keep_ratings"),
    ]

    operations = [
        migrations.CreateModel(
            name="ParameterSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rater",
                    models.CharField(
                        choices=[("client", "client"), ("counselor", "counselor")], max_length=10
                    ),
                ),
                ("version", models.CharField(blank=True, max_length=40)),
                ("data", models.JSONField(blank=True, null=True)),
                ("episodes", models.PositiveIntegerField(blank=True, null=True)),
                ("based_on", models.CharField(max_length=40)),
                ("made_at", models.DateTimeField()),
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
                "indexes": [
                    models.Index(
                        fields=["organization", "rater", "-id"], name="parameter_set_newest"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("version", ""), _negated=True),
                        fields=("organization", "version"),
                        name="parameter_set_version_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("data__isnull", True), ("episodes__isnull", True), ("version", "")
                            ),
                            models.Q(
                                models.Q(("version", ""), _negated=True),
                                ("data__isnull", False),
                                ("episodes__gte", 1),
                                ("episodes__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="parameter_set_fitted_or_preset",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rater__in", ["client", "counselor"])),
                        name="parameter_set_rater_known",
                    ),
                ],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
