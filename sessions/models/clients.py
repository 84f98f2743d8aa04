from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from sessions.models.base import OwnedModel, PublicModel
from sessions.models.organizations import AnswersWith
from sessions.models.people import Cover, Membership, Supervision, on_day

if TYPE_CHECKING:
    from sessions.access import Viewer


class ClientQuerySet(models.QuerySet["Client"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """Root one: identity and schedule. See sessions/access.py for the design."""
        here = self.filter(organization=viewer.organization, erased_at__isnull=True)
        if viewer.front_desk:
            return here
        return here.filter(pk__in=Episode.objects.clinical_to(viewer).values("client"))

    def editable_by(self, viewer: Viewer) -> Self:
        """Identity is kept by the front desk and by the client's counselor."""
        mine = self.visible_to(viewer)
        if viewer.front_desk:
            return mine
        return mine.filter(pk__in=Episode.objects.editable_by(viewer).values("client"))


class ContactChannel(models.TextChoices):
    """The ways a message reaches a client who is not here."""

    MAIL = "mail", _("e-mail")
    SMS = "sms", _("text message")


class Client(PublicModel, OwnedModel):
    """A person in counseling: a code and, optionally, a sealed name."""

    class AnswersBy(models.TextChoices):
        PHONE = "phone", _("their own phone")
        TABLET = "tablet", _("a tablet here")
        PAPER = "paper", _("paper")
        READ_ALOUD = "read", _("read aloud by someone else")

    class Cadence(models.TextChoices):
        EVERY = "every", _("after every session")
        NTH = "nth", _("after every few sessions")
        OFF = "off", _("not at all")

    class ContactDays(models.TextChoices):
        ANY = "any", _("any day")
        WEEKDAYS = "weekdays", _("Monday to Friday")
        WEEKENDS = "weekends", _("Saturday and Sunday")

    code = models.CharField(max_length=20)
    language = models.CharField(max_length=10, default="en")
    answers_by = models.CharField(max_length=10, choices=AnswersBy, default=AnswersBy.PHONE)
    # Taken from the organization at intake; a change is marked on the chart.
    answers_with = models.CharField(max_length=10, choices=AnswersWith, default=AnswersWith.BUTTONS)
    # Where messages go; the addresses themselves are sealed. Nothing chosen: none are sent.
    contact_by = models.CharField(max_length=10, choices=ContactChannel, blank=True)
    contact_days = models.CharField(max_length=10, choices=ContactDays, default=ContactDays.ANY)
    contact_from = models.TimeField(null=True, blank=True)
    contact_until = models.TimeField(null=True, blank=True)
    own_word = models.CharField(max_length=30, blank=True)
    cadence = models.CharField(max_length=10, choices=Cadence, default=Cadence.EVERY)
    cadence_n = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(2), MaxValueValidator(12)]
    )
    # "Do not ask me for a while": until this day nobody asks, whatever the cadence.
    not_asked_before = models.DateField(null=True, blank=True)
    wrapped_key = models.BinaryField()
    key_id = models.CharField(max_length=40)
    sealed_identity = models.BinaryField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="client_code_unique"),
            models.CheckConstraint(
                condition=Q(answers_with__in=["buttons", "slider"]),
                name="client_answers_with_known",
            ),
            models.CheckConstraint(
                condition=Q(cadence__in=["every", "nth", "off"]), name="client_cadence_known"
            ),
            models.CheckConstraint(
                condition=Q(cadence_n__gte=2, cadence_n__lte=12), name="client_cadence_2_to_12"
            ),
            models.CheckConstraint(
                condition=Q(contact_from__isnull=True, contact_until__isnull=True)
                | Q(contact_from__lt=models.F("contact_until")),
                name="client_contact_times_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class EpisodeQuerySet(models.QuerySet["Episode"]):
    def open(self) -> Self:
        return self.filter(closed_on__isnull=True)

    def on_hold(self, day: dt.date) -> Self:
        """Those paused that day: nothing is asked or counted, and no list has them."""
        return self.filter(Exists(Pause.objects.on(day).filter(episode=OuterRef("pk"))))

    def running(self, day: dt.date) -> Self:
        """Neither closed nor on hold that day: what lists of things to do are made of."""
        return self.open().filter(~Exists(Pause.objects.on(day).filter(episode=OuterRef("pk"))))

    def clinical_to(self, viewer: Viewer) -> Self:
        """Root two: everything answered or concluded. See sessions/access.py for the design."""
        whose = Q(counselor__in=[*viewer.acts_for, *viewer.supervises])
        if viewer.reads_on:
            whose |= Q(pk__in=viewer.reads_on)
        return self.filter(whose, organization=viewer.organization, client__erased_at__isnull=True)

    def supervised_only_by(self, viewer: Viewer) -> Self:
        """Read as a supervisor and in no other way: not one's own, covered or handed on to one."""
        supervised = self.clinical_to(viewer).filter(counselor__in=viewer.supervises)
        return supervised.exclude(counselor__in=viewer.acts_for).exclude(pk__in=viewer.reads_on)

    def editable_by(self, viewer: Viewer) -> Self:
        """Open episodes of one's own, or of the member one stands in for today."""
        return self.open().clinical_to(viewer).filter(counselor__in=viewer.acts_for)

    def reopenable_by(self, viewer: Viewer) -> Self:
        """Closed ones of one's own that nothing followed yet."""
        followed = Episode.objects.open().filter(
            client=OuterRef("client"), counselor=OuterRef("counselor")
        )
        own = self.clinical_to(viewer).filter(counselor__in=viewer.acts_for)
        ended = own.filter(closed_on__isnull=False, continued_by__isnull=True)
        return ended.filter(~Exists(followed))

    def schedulable_by(self, viewer: Viewer) -> Self:
        """Where the viewer may put a session on the calendar: the front desk, for everybody."""
        if viewer.front_desk:
            return self.open().filter(client__in=Client.objects.visible_to(viewer).values("pk"))
        return self.editable_by(viewer)


def covered_by(viewer: Viewer, part: Cover.Part) -> models.QuerySet[Membership]:
    """The members the viewer stands in for today, with their clients or with their team."""
    covers = Cover.objects.filter(
        on_day(viewer.today, start="from_on", end="to_on"), stands_in=viewer.membership, part=part
    )
    return Membership.objects.filter(
        pk__in=covers.values("member"), organization=viewer.organization
    )


def shown_to_the_next(viewer: Viewer) -> models.QuerySet[Episode]:
    """Episodes one's own go on from, one step back, where the client agrees today."""
    standing = Q(consents__purpose="earlier", consents__withdrawn_at__isnull=True)
    running = Q(consents__expires_at__isnull=True) | Q(consents__expires_at__gt=viewer.now)
    own = Episode.objects.filter(counselor__in=viewer.acts_for, continues__isnull=False)
    return Episode.objects.filter(standing, running, pk__in=own.values("continues"))


def supervised_by(viewer: Viewer) -> models.QuerySet[Membership]:
    """The counselors the viewer supervises today, or is the deputy for; never oneself."""
    absent = covered_by(viewer, Cover.Part.TEAM).filter(supervisor=True)
    current = Supervision.objects.filter(
        on_day(viewer.today),
        Q(supervisor=viewer.membership) | Q(supervisor__in=absent.values("pk")),
    )
    return Membership.objects.filter(
        pk__in=current.values("counselor"), organization=viewer.organization
    ).exclude(pk=viewer.membership.pk)


class Episode(PublicModel, OwnedModel):
    """One course of counseling of one client with one counselor."""

    class Reason(models.TextChoices):
        COMPLETED = "completed", _("completed")
        LEFT = "left", _("left without notice")
        REFERRED = "referred", _("referred")
        TRANSFERRED = "transferred", _("transferred")
        OTHER = "other", _("other")

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="episodes")
    counselor = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="episodes")
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    sealed_goal = models.BinaryField(null=True, blank=True)
    # When the goal was written down; empty: when the episode was opened.
    goal_on = models.DateField(null=True, blank=True)
    continues = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="continued_by"
    )

    objects = EpisodeQuerySet.as_manager()
    client_path = "client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "counselor"],
                condition=Q(closed_on__isnull=True),
                name="episode_one_open",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True, reason="")
                | (Q(closed_on__isnull=False) & ~Q(reason="")),
                name="episode_closed_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=models.F("opened_on")),
                name="episode_dates_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "counselor", "closed_on"], name="episode_caseload")
        ]

    def __str__(self) -> str:
        return f"{self.client_id}/{self.counselor_id}"

    def is_away(self, day: dt.date) -> bool:
        """Whether the client is not expected that day: on hold, and not yet due back."""
        return any(pause.is_away(day) for pause in self.pauses.all())


class PauseQuerySet(models.QuerySet["Pause"]):
    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(episode__in=Episode.objects.editable_by(viewer).values("pk"))

    def running(self) -> Self:
        """Nobody has said that they are back: at most one to an episode."""
        return self.filter(to_on__isnull=True)

    def on(self, day: dt.date) -> Self:
        """Those `covers` is true of."""
        not_over = Q(to_on__isnull=True) | Q(to_on__gt=day)
        return self.filter(not_over, from_on__lte=day)


class Pause(OwnedModel):
    """On hold, with a reason and an expected return: no flags, lists or requests meanwhile."""

    class Reason(models.TextChoices):
        JAIL = "jail", _("in jail")
        DETOX = "detox", _("in detox")
        RESIDENTIAL = "residential", _("in residential care")
        HOSPITAL = "hospital", _("in hospital")
        TRAVEL = "travel", _("traveling")

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(max_length=12, choices=Reason)
    from_on = models.DateField()
    expected_on = models.DateField(null=True, blank=True)
    # The day they were back: no longer on hold.
    to_on = models.DateField(null=True, blank=True)

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"], condition=Q(to_on__isnull=True), name="pause_one_open"
            ),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=models.F("from_on")),
                name="pause_dates_in_order",
            ),
            models.CheckConstraint(
                condition=Q(expected_on__isnull=True) | Q(expected_on__gt=models.F("from_on")),
                name="pause_return_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    def covers(self, day: dt.date) -> bool:
        return self.from_on <= day and (self.to_on is None or day < self.to_on)

    def is_away(self, day: dt.date) -> bool:
        return self.covers(day) and (self.expected_on is None or day < self.expected_on)

    def is_overdue(self, day: dt.date) -> bool:
        """Whether they were expected back before that day, and nobody said they are."""
        return self.to_on is None and self.expected_on is not None and self.expected_on < day
