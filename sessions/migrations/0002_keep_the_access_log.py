"""Make the access log append-only in the database: whoever asks, its rows stay as they are."""

from django.db import migrations

SQLITE = [
    """
    CREATE TRIGGER access_entry_stays BEFORE UPDATE ON alliance_sessions_accessentry
    BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table are never changed'); END
    """,
    """
    CREATE TRIGGER access_entry_keeps BEFORE DELETE ON alliance_sessions_accessentry
    WHEN NOT alliance_deleting()
    BEGIN SELECT RAISE(ABORT, 'append-only: rows of this table are never deleted'); END
    """,
]
POSTGRESQL = [
    """
    CREATE FUNCTION alliance_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND coalesce(current_setting('app.deleting', true), '') = 'on' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'append-only: rows of % are never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER access_entry_stays BEFORE UPDATE OR DELETE ON alliance_sessions_accessentry
    FOR EACH ROW EXECUTE FUNCTION alliance_append_only()
    """,
]
UNDO = {
    "sqlite": ["DROP TRIGGER access_entry_stays", "DROP TRIGGER access_entry_keeps"],
    "postgresql": [
        "DROP TRIGGER access_entry_stays ON alliance_sessions_accessentry",
        "DROP FUNCTION alliance_append_only()",
    ],
}


def create_triggers(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor]:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("alliance_sessions", "0001_create_people_and_sessions")]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]
