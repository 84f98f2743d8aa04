"""Put a person on the staff of an organization."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from sessions.models import Membership, Organization
from sessions.services import ROLES, add_member, add_supervision


class Command(BaseCommand):
    help = "Put a person on the staff. They set a password by e-mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", help="The organization's name.")
        parser.add_argument("email")
        parser.add_argument("name", help="First name, as clients say it.")
        parser.add_argument("roles", nargs="+", choices=ROLES)
        parser.add_argument("--phone", default="", help="Where clients reach a rights contact.")
        parser.add_argument("--supervised-by", help="The supervisor's e-mail, for a counselor.")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(name=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization named {options['organization']!r}.")
        today = organization.today(timezone.now())
        supervisor = None
        if email := options["supervised_by"]:
            staff = Membership.objects.active_on(today).filter(organization=organization)
            supervisor = staff.filter(user__email__iexact=email, supervisor=True).first()
            if supervisor is None:
                raise CommandError(f"{email} is not a supervisor of {organization}.")
        if "rights_contact" in options["roles"] and not options["phone"]:
            raise CommandError("Clients call the rights contact: give --phone.")
        if supervisor is not None and "counselor" not in options["roles"]:
            raise CommandError("Only a counselor is supervised: leave --supervised-by out.")
        try:
            with transaction.atomic():
                member = add_member(
                    organization=organization,
                    email=options["email"],
                    name=options["name"],
                    roles=options["roles"],
                    today=today,
                    phone=options["phone"],
                )
                if supervisor is not None:
                    add_supervision(supervisor=supervisor, counselor=member, today=today)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            f"Added. {options['email']} sets a password under “Forgot your password?”."
        )
