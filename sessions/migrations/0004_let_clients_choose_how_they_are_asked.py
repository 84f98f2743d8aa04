"""Let clients choose how they are asked, and an organization when.

Free-text contact times go: no page ever wrote any, and nothing could be sent by them.
"""

import datetime as dt
import uuid

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


def name_every_third_a_number(apps, schema_editor):
    clients = apps.get_model("alliance_sessions", "Client").objects
    clients.filter(cadence="third").update(cadence="nth", cadence_n=3)


def name_every_few_the_third(apps, schema_editor):
    clients = apps.get_model("alliance_sessions", "Client").objects
    clients.filter(cadence="nth").update(cadence="third")


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0003_keep_how_clients_answer"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactStop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "e-mail"), ("sms", "text message")], max_length=10
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("undelivered", "a message did not arrive"),
                            ("not_me", "somebody else reads there"),
                            ("stopped", "they asked us to stop"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveField(
            model_name="client",
            name="contact_times",
        ),
        migrations.AddField(
            model_name="client",
            name="cadence_n",
            field=models.PositiveSmallIntegerField(
                default=3,
                validators=[
                    django.core.validators.MinValueValidator(2),
                    django.core.validators.MaxValueValidator(12),
                ],
            ),
        ),
        migrations.AddField(
            model_name="client",
            name="contact_by",
            field=models.CharField(
                blank=True, choices=[("mail", "e-mail"), ("sms", "text message")], max_length=10
            ),
        ),
        migrations.AddField(
            model_name="client",
            name="contact_days",
            field=models.CharField(
                choices=[
                    ("any", "any day"),
                    ("weekdays", "Monday to Friday"),
                    ("weekends", "Saturday and Sunday"),
                ],
                default="any",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="client",
            name="contact_from",
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="client",
            name="contact_until",
            field=models.TimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="withdrawn_how",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="organization",
            name="days_between",
            field=models.PositiveSmallIntegerField(
                default=7, validators=[django.core.validators.MaxValueValidator(31)]
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="send_from",
            field=models.TimeField(default=dt.time(9, 0)),
        ),
        migrations.AddField(
            model_name="organization",
            name="send_until",
            field=models.TimeField(default=dt.time(19, 0)),
        ),
        migrations.RunPython(name_every_third_a_number, name_every_few_the_third),
        migrations.AlterField(
            model_name="client",
            name="cadence",
            field=models.CharField(
                choices=[
                    ("every", "after every session"),
                    ("nth", "after every few sessions"),
                    ("off", "not at all"),
                ],
                default="every",
                max_length=10,
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
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="organization",
            name="reminder_days",
            field=models.PositiveSmallIntegerField(
                default=2,
                validators=[
                    django.core.validators.MinValueValidator(0),
                    django.core.validators.MaxValueValidator(30),
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(("cadence__in", ["every", "nth", "off"])),
                name="client_cadence_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(("cadence_n__gte", 2), ("cadence_n__lte", 12)),
                name="client_cadence_2_to_12",
            ),
        ),
        migrations.AddConstraint(
            model_name="client",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contact_from__isnull", True), ("contact_until__isnull", True)),
                    ("contact_from__lt", models.F("contact_until")),
                    _connector="OR",
                ),
                name="client_contact_times_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("purpose__in", ["asked", "contact"]), ("withdrawn_at__isnull", True)
                ),
                fields=("client", "purpose"),
                name="consent_one_to_be_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_how", ""), ("withdrawn_at__isnull", False), _connector="OR"
                ),
                name="consent_withdrawn_how_and_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(("reminder_days__lte", 30)),
                name="organization_reminder_days_to_30",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(("days_between__lte", 31)),
                name="organization_days_between_to_31",
            ),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(("send_from__lt", models.F("send_until"))),
                name="organization_sending_hours_in_order",
            ),
        ),
        migrations.AddField(
            model_name="contactstop",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contact_stops",
                to="alliance_sessions.client",
            ),
        ),
        migrations.AddField(
            model_name="contactstop",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance_sessions.organization",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactstop",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("client", "channel"),
                name="contact_stop_one_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="contactstop",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True), ("ended_at__gte", models.F("at")), _connector="OR"
                ),
                name="contact_stop_times_in_order",
            ),
        ),
    ]
