"""Make ratings and the history of flags append-only in the database.

Of a rating, `superseded_at` may be set once and nothing else be changed. On SQLite a later change
of these tables rebuilds them and loses the triggers: create them again in the same migration.
"""

from django.db import migrations

TABLES = {"measures_rating": "rating", "measures_flagevent": "flag_event"}


def _columns(apps):
    fields = apps.get_model("measures", "Rating")._meta.concrete_fields
    return ", ".join(f.column for f in fields if f.name not in {"id", "superseded_at"})


def _sqlite(apps):
    refuse = "BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table stay as they are'); END"
    yield f"CREATE TRIGGER rating_stays BEFORE UPDATE OF {_columns(apps)} ON measures_rating {refuse}"
    yield (
        "CREATE TRIGGER rating_superseded_once BEFORE UPDATE OF superseded_at ON measures_rating "
        f"WHEN OLD.superseded_at IS NOT NULL {refuse}"
    )
    yield f"CREATE TRIGGER flag_event_stays BEFORE UPDATE ON measures_flagevent {refuse}"
    for table, name in TABLES.items():
        yield (
            f"CREATE TRIGGER {name}_keeps BEFORE DELETE ON {table} "
            f"WHEN NOT alliance_deleting() {refuse}"
        )


def _postgresql(apps):
    refuse = "FOR EACH ROW EXECUTE FUNCTION alliance_append_only()"
    once = (
        f"FOR EACH ROW WHEN (OLD.superseded_at IS NOT NULL) {refuse.removeprefix('FOR EACH ROW ')}"
    )
    yield f"CREATE TRIGGER rating_stays BEFORE UPDATE OF {_columns(apps)} ON measures_rating {refuse}"
    yield f"CREATE TRIGGER rating_superseded_once BEFORE UPDATE OF superseded_at ON measures_rating {once}"
    yield f"CREATE TRIGGER flag_event_stays BEFORE UPDATE ON measures_flagevent {refuse}"
    for table, name in TABLES.items():
        yield f"CREATE TRIGGER {name}_keeps BEFORE DELETE ON {table} {refuse}"


TRIGGERS = {
    "rating_stays": "measures_rating",
    "rating_superseded_once": "measures_rating",
    "rating_keeps": "measures_rating",
    "flag_event_stays": "measures_flagevent",
    "flag_event_keeps": "measures_flagevent",
}


def create_triggers(apps, schema_editor):
    make = {"sqlite": _sqlite, "postgresql": _postgresql}[schema_editor.connection.vendor]
    for statement in make(apps):
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    on_table = schema_editor.connection.vendor == "postgresql"
    for name, table in TRIGGERS.items():
        schema_editor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if on_table else ""))


class Migration(migrations.Migration):
    dependencies = [
        ("measures", "0001_create_measures"),
        ("alliance_sessions", "0002_keep_the_access_log"),
    ]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]
