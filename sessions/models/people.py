import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


def on_day(day: dt.date, *, start: str = "started_on", end: str = "ended_on") -> Q:
    """Rows whose span holds that day. Both ends count; an open end is still running."""
    return Q(**{f"{start}__lte": day}) & (Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gte": day}))


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can log in. What they may do is on their membership, never here."""

    email = models.EmailField(
        _("e-mail"), error_messages={"unique": _("Somebody already logs in with this e-mail.")}
    )
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.email


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active_on(self, day: dt.date) -> Self:
        return self.filter(on_day(day), user__is_active=True)

    def managed_by(self, viewer: "Viewer") -> Self:
        """Everybody who is or was on the staff, for who administers it."""
        here = self.filter(organization=viewer.organization)
        return here if viewer.administrator else here.none()

    def of_user(self, user: Any) -> Self:
        """Where a user is or was on the staff: nowhere, for the anonymous and disabled."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(user=user, user__is_active=True)


class Membership(PublicModel, OwnedModel):
    """A person on the staff of one organization. A counselor *is* a membership."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    # As clients say it: it stands in their form ("Maria and Sam can see your answers").
    name = models.CharField(max_length=60)
    phone = models.CharField(max_length=40, blank=True)
    counselor = models.BooleanField(default=False)
    supervisor = models.BooleanField(default=False)
    administrator = models.BooleanField(default=False)
    front_desk = models.BooleanField(default=False)
    rights_contact = models.BooleanField(default=False)
    pin_hash = models.CharField(max_length=200, blank=True)
    # One mail a day that something waits; the day it was last thought about, and last sent.
    daily_mail = models.BooleanField(default=True)
    mail_looked_on = models.DateField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    # When the fair-use statement was read last.
    fair_use_read_at = models.DateTimeField(null=True, blank=True)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(ended_on__isnull=True),
                name="membership_one_open",
            ),
            models.CheckConstraint(
                condition=Q(counselor=True)
                | Q(supervisor=True)
                | Q(administrator=True)
                | Q(front_desk=True)
                | Q(rights_contact=True),
                name="membership_has_a_role",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                name="membership_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_active_on(self, day: dt.date) -> bool:
        return self.started_on <= day and (self.ended_on is None or day <= self.ended_on)


class Supervision(PublicModel, OwnedModel):
    """A supervisor responsible for a counselor, from a day to a day."""

    supervisor = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="supervisions_given"
    )
    counselor = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="supervisions_received"
    )
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["supervisor", "counselor"],
                condition=Q(ended_on__isnull=True),
                name="supervision_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(supervisor=F("counselor")), name="supervision_not_of_oneself"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
                name="supervision_dates_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supervisor_id} → {self.counselor_id}"


class Cover(PublicModel, OwnedModel):
    """A member stands in for another, from a day to a day: with their clients, or as deputy."""

    class Part(models.TextChoices):
        CLIENTS = "clients", _("their clients")
        TEAM = "team", _("whom they supervise")

    member = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="covered_by")
    stands_in = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="covers")
    part = models.CharField(max_length=10, choices=Part, default=Part.CLIENTS)
    from_on = models.DateField()
    to_on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on__gte=F("from_on")), name="cover_dates_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(member=F("stands_in")), name="cover_not_of_oneself"
            ),
            models.CheckConstraint(
                condition=Q(part__in=["clients", "team"]), name="cover_part_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stands_in_id} for {self.member_id}"
