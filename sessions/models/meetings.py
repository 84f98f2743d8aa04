from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel, PublicModel
from sessions.models.clients import Client, Episode
from sessions.models.people import Membership
from sessions.workdays import midnight

if TYPE_CHECKING:
    from sessions.access import Viewer


class GroupMeetingQuerySet(models.QuerySet["GroupMeeting"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """The meetings of one's own, and of the member one stands in for today.

        Who was in one is read through the clients' own roots: a meeting opens nobody's row.
        """
        return self.filter(counselor__in=viewer.acts_for, organization=viewer.organization)

    editable_by = visible_to


class GroupMeeting(PublicModel, OwnedModel):
    """A group that met. Each attendance is a Session of its own, at the meeting's time."""

    counselor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="groups")
    starts_at = models.DateTimeField()
    # Two tabs: whoever saves second is told, instead of overwriting.
    version = models.PositiveIntegerField(default=1)
    # "Not this time" said for the whole meeting: it opens what everybody in it answered.
    blind_waived_at = models.DateTimeField(null=True, blank=True)

    objects = GroupMeetingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["counselor", "starts_at"], name="group_meeting_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Schedule: as visible as the client, by subquery."""
        clients = Client.objects.visible_to(viewer).values("pk")
        return self.filter(episode__client__in=clients)

    def editable_by(self, viewer: Viewer) -> Self:
        """The counselor's own; the front desk keeps the calendar."""
        return self.filter(episode__in=Episode.objects.schedulable_by(viewer).values("pk"))

    def alone(self) -> Self:
        """Without those in a group: the two lines of an episode are never mixed."""
        return self.filter(group__isnull=True)

    def in_group(self) -> Self:
        return self.filter(group__isnull=False)

    def held(self) -> Self:
        return self.filter(status=Session.Status.HELD)

    def past(self, now: dt.datetime) -> Self:
        """Held and missed: those that were to be come to."""
        return self.filter(
            status__in=[Session.Status.HELD, Session.Status.MISSED], starts_at__lte=now
        )

    def scheduled(self) -> Self:
        return self.filter(status=Session.Status.SCHEDULED)

    def not_cancelled(self) -> Self:
        return self.exclude(status=Session.Status.CANCELLED)

    def cancel(self) -> int:
        """Take them off the calendar; whoever has one open in a form is told. How many."""
        return self.update(status=Session.Status.CANCELLED, version=F("version") + 1)

    def starting_on(self, day: dt.date, zone: dt.tzinfo) -> Self:
        start = midnight(day, zone)
        end = midnight(day + dt.timedelta(days=1), zone)
        return self.filter(starts_at__gte=start, starts_at__lt=end)


class Session(PublicModel, OwnedModel):
    """One client's attendance at a meeting. A local called `session` is always one of these."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("scheduled")
        HELD = "held", _("held")
        MISSED = "missed", _("missed")
        CANCELLED = "cancelled", _("cancelled")

    class Mode(models.TextChoices):
        IN_PERSON = "in_person", _("in person")
        VIDEO = "video", _("by video")
        PHONE = "phone", _("by phone")

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="sessions")
    group = models.ForeignKey(
        GroupMeeting, on_delete=models.PROTECT, null=True, blank=True, related_name="attendances"
    )
    starts_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.SCHEDULED)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.IN_PERSON)
    # Two tabs: whoever saves second is told, instead of overwriting.
    version = models.PositiveIntegerField(default=1)
    blind_waived_at = models.DateTimeField(null=True, blank=True)
    # Put on the calendar together with others, every week or two.
    series = models.UUIDField(null=True, blank=True)
    # A session that was moved stays where it was, cancelled; this one took its place.
    moved_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="moved_to"
    )

    objects = SessionQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode", "starts_at"],
                condition=~Q(status="cancelled"),
                name="session_one_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "starts_at"], name="session_day_list"),
            models.Index(fields=["episode", "status", "starts_at"], name="session_of_episode"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class ContactQuerySet(models.QuerySet["Contact"]):
    def clinical_to(self, viewer: Viewer) -> Self:
        """As visible as what was answered: how somebody was reached is not for the front desk."""
        return self.filter(episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        """A slip is taken back by whoever made it, while they may still work on the episode."""
        mine = self.filter(by=viewer.membership)
        return mine.filter(episode__in=Episode.objects.editable_by(viewer).values("pk"))

    def standing(self) -> Self:
        """Not taken back."""
        return self.filter(withdrawn_at__isnull=True)


class Contact(PublicModel, OwnedModel):
    """A reach-out outside a session. A slip of the finger is taken back, never deleted."""

    class Kind(models.TextChoices):
        CALL = "call", _("call")
        TEXT = "text", _("text message")
        LETTER = "letter", _("letter")
        VISIT = "visit", _("visit")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("reached")
        NEUTRAL_MESSAGE = "message", _("left a neutral message")
        NO_ANSWER = "no_answer", _("no answer")

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="contacts")
    at = models.DateTimeField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    outcome = models.CharField(max_length=12, choices=Outcome)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ContactQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["call", "text", "letter", "visit"]),
                name="contact_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["reached", "message", "no_answer"]),
                name="contact_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=models.F("at")),
                name="contact_withdrawn_after",
            ),
        ]
        indexes = [models.Index(fields=["episode", "-at"], name="contact_of_episode")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


class EpisodeEventQuerySet(models.QuerySet["EpisodeEvent"]):
    def clinical_to(self, viewer: Viewer) -> Self:
        """As visible as what was answered: a kind and a day can tell as much."""
        return self.filter(episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(episode__in=Episode.objects.editable_by(viewer).values("pk"))


class EpisodeEvent(PublicModel, OwnedModel):
    """Something dated in the client's life. Kinds only: free text never reaches a chart."""

    class Kind(models.TextChoices):
        RELAPSE = "relapse", _("return to use")
        REFERRAL = "referral", _("referral")
        NEW_GOAL = "new_goal", _("new goal")
        LIFE_EVENT = "life_event", _("life event")
        OTHER = "other", _("other")

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="events")
    on = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind)

    objects = EpisodeEventQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["episode", "on", "kind"], name="event_once_a_day"),
            models.CheckConstraint(
                condition=Q(kind__in=["relapse", "referral", "new_goal", "life_event", "other"]),
                name="event_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class EarlierGoalQuerySet(models.QuerySet["EarlierGoal"]):
    def clinical_to(self, viewer: Viewer) -> Self:
        return self.filter(episode__in=Episode.objects.clinical_to(viewer).values("pk"))


class EarlierGoal(OwnedModel):
    """A goal in the client's words as it stood until somebody wrote down new ones."""

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="earlier_goals")
    sealed_goal = models.BinaryField()
    said_on = models.DateField()
    until_on = models.DateField()
    replaced_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")

    objects = EarlierGoalQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on__gte=models.F("said_on")), name="earlier_goal_in_order"
            )
        ]
        indexes = [models.Index(fields=["episode", "-until_on"], name="goals_of_episode")]

    def __str__(self) -> str:
        return f"{self.said_on} to {self.until_on}"
