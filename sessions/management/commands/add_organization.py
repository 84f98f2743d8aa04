"""The first step of a new installation: an organization and who administers it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from sessions.models import Organization
from sessions.services import add_member


class Command(BaseCommand):
    help = "Add an organization and its first administrator, who then sets a password by e-mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="As the staff know it.")
        parser.add_argument("--sender", required=True, help="The neutral name clients see.")
        parser.add_argument("--phone", required=True, help="The number clients can call.")
        parser.add_argument("--time-zone", required=True, help="Such as America/Chicago.")
        parser.add_argument("--administrator", required=True, help="The administrator's e-mail.")
        parser.add_argument("--administrator-name", required=True, help="Their first name.")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization(
            name=options["name"],
            sender_name=options["sender"],
            phone=options["phone"],
            time_zone=options["time_zone"],
        )
        try:
            organization.full_clean()
            with transaction.atomic():
                organization.save()
                add_member(
                    organization=organization,
                    email=options["administrator"],
                    name=options["administrator_name"],
                    roles=["administrator"],
                    today=organization.today(timezone.now()),
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Added. {options['administrator']} sets a password under “Forgot your password?”."
        )
