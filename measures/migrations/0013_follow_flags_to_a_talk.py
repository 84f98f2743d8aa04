"""Give flags versions, several talks, a history that holds the legal steps, and an agenda.

On SQLite the new constraint rebuilds the history: its triggers go before and come back after.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models

TABLE = "measures_flagevent"
REFUSE = "BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table stay as they are'); END"
SQLITE = [
    f"CREATE TRIGGER flag_event_stays BEFORE UPDATE ON {TABLE} {REFUSE}",
    f"CREATE TRIGGER flag_event_keeps BEFORE DELETE ON {TABLE} WHEN NOT alliance_deleting() {REFUSE}",
]


def drop_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER flag_event_stays")
        schema_editor.execute("DROP TRIGGER flag_event_keeps")


def create_triggers(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0007_pair_tablets"),
        ("measures", "0012_agree_on_actions"),
    ]

    operations = [
        migrations.RunPython(drop_triggers, create_triggers),
        migrations.CreateModel(
            name="AgendaItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("sealed_note", models.BinaryField(blank=True, null=True)),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="flag",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="flagevent",
            name="sealed_line",
            field=models.BinaryField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="repair",
            name="flag",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="talks",
                to="measures.flag",
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("snoozed_until__isnull", False), ("state", "watching")),
                    models.Q(
                        models.Q(("state", "watching"), _negated=True),
                        ("snoozed_until__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="flag_watched_until_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="flagevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("by__isnull", True),
                        models.Q(
                            models.Q(("from_state", ""), ("to_state__in", ["new"])),
                            models.Q(("from_state", "new"), ("to_state__in", ["new", "withdrawn"])),
                            models.Q(("from_state", "talked"), ("to_state__in", ["talked"])),
                            models.Q(("from_state", "watching"), ("to_state__in", ["watching"])),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("by__isnull", False),
                        models.Q(
                            models.Q(("from_state", "better"), ("to_state__in", ["new", "talked"])),
                            models.Q(
                                ("from_state", "new"),
                                (
                                    "to_state__in",
                                    ["new", "no_concern", "outside", "talked", "watching"],
                                ),
                            ),
                            models.Q(
                                ("from_state", "no_concern"), ("to_state__in", ["new", "talked"])
                            ),
                            models.Q(
                                ("from_state", "outside"), ("to_state__in", ["new", "talked"])
                            ),
                            models.Q(
                                ("from_state", "talked"),
                                (
                                    "to_state__in",
                                    ["better", "no_concern", "outside", "talked", "watching"],
                                ),
                            ),
                            models.Q(
                                ("from_state", "watching"),
                                (
                                    "to_state__in",
                                    ["better", "no_concern", "outside", "talked", "watching"],
                                ),
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="flag_event_may_happen",
            ),
        ),
        migrations.AddConstraint(
            model_name="repair",
            constraint=models.UniqueConstraint(
                condition=models.Q(("client_says", "")),
                fields=("flag",),
                name="repair_one_unanswered",
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="added_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance_sessions.membership",
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="episode",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agenda_items",
                to="alliance_sessions.episode",
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="flag",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agenda_items",
                to="measures.flag",
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance_sessions.organization",
            ),
        ),
        migrations.AddField(
            model_name="agendaitem",
            name="supervision",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="agenda_items",
                to="alliance_sessions.supervision",
            ),
        ),
        migrations.AddIndex(
            model_name="agendaitem",
            index=models.Index(
                fields=["organization", "supervision", "added_at"], name="agenda_of"
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("done_at__isnull", True), ("removed_at__isnull", True)),
                fields=("supervision", "episode"),
                name="agenda_item_one_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="agendaitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("removed_at__isnull", True), ("done_at__isnull", True), _connector="OR"
                ),
                name="agenda_item_removed_or_done",
            ),
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
