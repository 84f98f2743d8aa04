"""Name each reach-out from outside, and let a slip be taken back."""

import uuid

from django.db import migrations, models


def name_contacts(apps, schema_editor):
    """Each row needs its own; a default would give all of them one."""
    for contact in apps.get_model("alliance_sessions", "Contact").objects.all():
        contact.uuid = uuid.uuid4()
        contact.save(update_fields=["uuid"])


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0009_mail_once_a_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="uuid",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(name_contacts, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="contact",
            name="uuid",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name="contact",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["call", "text", "letter", "visit"])),
                name="contact_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["reached", "message", "no_answer"])),
                name="contact_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_at__isnull", True),
                    ("withdrawn_at__gte", models.F("at")),
                    _connector="OR",
                ),
                name="contact_withdrawn_after",
            ),
        ),
    ]
