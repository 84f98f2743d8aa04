"""An outbox, and requests that know their episode. Which one, the next migration fills in."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alliance_sessions", "0004_let_clients_choose_how_they_are_asked"),
        ("measures", "0004_add_repairs_and_calls"),
    ]

    operations = [
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("invitation", "invitation"), ("reminder", "reminder")],
                        max_length=10,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("mail", "e-mail"), ("sms", "text message")], max_length=10
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("unsure", "may not have arrived"),
                            ("skipped", "not needed any more"),
                            ("failed", "could not be sent"),
                            ("undelivered", "came back"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("reference", models.CharField(blank=True, max_length=100)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="ratingrequest",
            name="rating_request_one_open",
        ),
        migrations.AddField(
            model_name="ratinglink",
            name="stop_hash",
            field=models.CharField(blank=True, max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="episode",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rating_requests",
                to="alliance_sessions.episode",
            ),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="superseded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="ratingrequest",
            name="withdrawn_why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("not_me", "it reached somebody else"),
                    ("not_held", "the session was not held after all"),
                    ("refused", "the client does not want to be asked"),
                    ("paused", "on hold"),
                    ("closed", "the episode was closed"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("superseded_at__isnull", True),
                    ("superseded_at__gte", models.F("created_at")),
                    _connector="OR",
                ),
                name="rating_request_superseded_after_made",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_why", ""), ("withdrawn_at__isnull", False), _connector="OR"
                ),
                name="rating_request_withdrawn_why_and_when",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="link",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="message",
                to="measures.ratinglink",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="organization",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alliance_sessions.organization",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="measures.ratingrequest",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["organization", "status", "due_at"], name="message_due"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["organization", "reference"], name="message_reference"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["waiting", "sending", "sent", "unsure"])),
                fields=("request", "kind"),
                name="message_one_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at__isnull", True), ("status", "waiting")),
                    models.Q(
                        ("claimed_at__isnull", False),
                        ("done_at__isnull", True),
                        ("status", "sending"),
                    ),
                    models.Q(
                        ("done_at__isnull", False),
                        ("status__in", ["sent", "unsure", "skipped", "failed", "undelivered"]),
                    ),
                    _connector="OR",
                ),
                name="message_status_and_times",
            ),
        ),
    ]
