from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from measures.models.groups import FACETS, GroupRating
from measures.models.instruments import Instrument, InstrumentVersion
from measures.models.requests import RatingRequest, RatingRequestQuerySet
from sessions.models import Episode, Membership, Session
from sessions.models.base import OwnedModel, PublicModel
from sessions.models.meetings import SessionQuerySet
from sessions.workdays import still_within_next_working_day

if TYPE_CHECKING:
    from sessions.access import Viewer


class Rater(models.TextChoices):
    CLIENT = "client", _("client")
    COUNSELOR = "counselor", _("counselor")


class RatingQuerySet(models.QuerySet["Rating"]):
    def current(self) -> Self:
        return self.filter(superseded_at__isnull=True)

    def by(self, rater: str) -> Self:
        return self.filter(rater=rater)

    def alone(self) -> Self:
        """About a client's own sessions: what the engine reads. A group is a line of its own."""
        return self.filter(session__group__isnull=True)

    def clinical_to(self, viewer: Viewer) -> Self:
        """The rows of the viewer's episodes, the blind rule not yet applied."""
        return self.filter(session__episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    def open_to(self, viewer: Viewer) -> Self:
        """What the viewer may read now: their episodes, minus the blind rule.

        Until the counselor has rated a session or waived that, everything the client answered
        from that session on stays closed to them. Supervisors read at once. A group is apart: what
        was answered about a meeting opens with the own rating of that meeting, or its waiver, and
        holds back nothing else.
        """
        return self.clinical_to(viewer).exclude(
            rater=Rater.CLIENT, session__in=viewer.once(hidden_sessions)
        )

    def notes_to(self, viewer: Viewer) -> Self:
        """Notes are not held back by the blind rule, but keep to whom the client chose."""
        # Not to the counselor after the one it was written to, whoever reads the answers.
        for_supervisor = Q(
            note_for=Rating.NoteFor.SUPERVISOR,
            session__episode__counselor__in=viewer.supervises,
        )
        own = Q(session__episode__counselor__in=viewer.acts_for)
        return self.clinical_to(viewer).filter(own | for_supervisor)


def blind_sessions(viewer: Viewer) -> SessionQuerySet:
    """Sessions with an answer that the viewer, as the counselor, may not see yet."""
    of_session = Rating.objects.current().filter(session=OuterRef("pk"))
    return unrated_sessions(viewer).filter(Exists(of_session.by(Rater.CLIENT)))


def hidden_sessions(viewer: Viewer) -> list[int]:
    """The numbers of the sessions about which the client's answers are closed to the viewer.

    Those that wait for the own rating are among them without an answer as well: it may come while
    a page is being made.
    """
    if not viewer.acts_for:
        return []
    blind = blind_sessions(viewer)
    before = blind.alone().filter(episode=OuterRef("episode"), starts_at__lte=OuterRef("starts_at"))
    in_group = blind.filter(group=OuterRef("group"))
    recent = Session.objects.filter(
        organization=viewer.organization, starts_at__gte=_earliest_unrated(viewer)
    )
    begun = recent.exclude(status=Session.Status.SCHEDULED, starts_at__gt=viewer.now)
    hidden = begun.filter(
        Q(pk__in=unrated_sessions(viewer).values("pk"))
        | (Q(group__isnull=True) & Exists(before))
        | Exists(in_group)
    )
    return list(hidden.values_list("pk", flat=True))


def unanswered_requests(now: dt.datetime) -> RatingRequestQuerySet:
    """The requests that are open and whose session the client did not answer in any way."""
    answer = Rating.objects.current().by(Rater.CLIENT).filter(session=OuterRef("session"))
    return RatingRequest.objects.open(now).filter(~Exists(answer))


def unrated_sessions(viewer: Viewer) -> SessionQuerySet:
    """Held sessions of the viewer's own that still wait for the viewer's own rating.

    Those in a group wait for the one rating of their meeting.
    """
    own_rating = Rating.objects.current().by(Rater.COUNSELOR).filter(session=OuterRef("pk"))
    of_meeting = GroupRating.objects.filter(meeting=OuterRef("group"))
    return Session.objects.held().filter(
        ~Exists(own_rating),
        ~Exists(of_meeting),
        episode__counselor__in=viewer.acts_for,
        starts_at__gte=_earliest_unrated(viewer),
        blind_waived_at__isnull=True,
        group__blind_waived_at__isnull=True,
    )


def _earliest_unrated(viewer: Viewer) -> dt.datetime:
    return still_within_next_working_day(viewer.now, viewer.organization.zone)


class Rating(PublicModel, OwnedModel):
    """The answers of one rater about one session. Append-only: a correction is a new row."""

    class Outcome(models.TextChoices):
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")
        DECLINED = "declined", _("declined")
        # A row without answers that says who took another off, and why. Never a current one.
        WITHDRAWN = "withdrawn", _("taken off")

    class WayIn(models.TextChoices):
        LINK = "link", _("by link")
        QR = "qr", _("by QR code")
        HANDOVER = "handover", _("handed over")
        KIOSK = "kiosk", _("on a clinic tablet")
        PAPER = "paper", _("on paper")
        STAFF = "staff", _("logged in")

    class InputKind(models.TextChoices):
        BUTTONS = "buttons", _("buttons")
        SLIDER = "slider", _("slider")
        PAPER = "paper", _("paper")

    class NoteFor(models.TextChoices):
        COUNSELOR = "counselor", _("the counselor only")
        SUPERVISOR = "supervisor", _("the counselor and the supervisor")

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="ratings")
    rater = models.CharField(max_length=10, choices=Rater)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    instrument_version = models.ForeignKey(
        InstrumentVersion, on_delete=models.PROTECT, related_name="+"
    )
    request = models.ForeignKey(
        RatingRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="ratings"
    )
    way_in = models.CharField(max_length=10, choices=WayIn)
    input_kind = models.CharField(max_length=10, choices=InputKind, default=InputKind.BUTTONS)
    helper = models.CharField(max_length=40, blank=True)
    present = models.CharField(max_length=40, blank=True)
    entered_by = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    given_at = models.DateTimeField()
    stored_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    respect = models.FloatField(null=True, blank=True)
    understanding = models.FloatField(null=True, blank=True)
    goals = models.FloatField(null=True, blank=True)
    answers = models.JSONField(default=dict)
    sealed_note = models.BinaryField(null=True, blank=True)
    note_for = models.CharField(max_length=10, choices=NoteFor, default=NoteFor.COUNSELOR)
    change_wish = models.CharField(max_length=20, blank=True)
    payload_hash = models.CharField(max_length=64)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    reason = models.CharField(max_length=200, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = RatingQuerySet.as_manager()
    client_path = "session__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "rater", "instrument"],
                condition=Q(superseded_at__isnull=True),
                name="rating_one_current",
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(corrects__isnull=True, request__isnull=False),
                name="rating_one_per_request",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{facet}__isnull": True})
                    | Q(**{f"{facet}__gte": 0, f"{facet}__lte": 10}),
                    name=f"rating_{facet}_0_to_10",
                )
                for facet in FACETS
            ),
            models.CheckConstraint(
                condition=~Q(outcome="declined")
                | Q(respect__isnull=True, understanding__isnull=True, goals__isnull=True),
                name="rating_declined_is_empty",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="complete")
                | Q(respect__isnull=False, understanding__isnull=False, goals__isnull=False),
                name="rating_complete_is_full",
            ),
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(reason=""),
                name="rating_correction_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("stored_at")),
                name="rating_superseded_after_stored",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-given_at"], name="rating_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.rater} rating of {self.session_id}"

    @property
    def language(self) -> str:
        """The language it was answered in; the client's own, where that was not noted."""
        noted = self.answers.get("language", "")
        return str(noted or self.session.episode.client.language)

    @property
    def facet_values(self) -> tuple[float | None, float | None, float | None]:
        return (self.respect, self.understanding, self.goals)
