from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from measures.models.instruments import Instrument, InstrumentVersion
from sessions.models import ContactChannel, Device, Episode, Session
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class RatingRequestQuerySet(models.QuerySet["RatingRequest"]):
    def visible_to(self, viewer: Viewer) -> Self:
        """That somebody was asked is schedule; what they answered is not."""
        return self.filter(session__in=Session.objects.visible_to(viewer).values("pk"))

    def editable_by(self, viewer: Viewer) -> Self:
        return self.filter(session__in=Session.objects.editable_by(viewer).values("pk"))

    def standing(self) -> Self:
        """The request of its episode: at most one, open or past its time."""
        return self.filter(withdrawn_at__isnull=True, superseded_at__isnull=True)

    def open(self, now: dt.datetime) -> Self:
        """Those `is_open` is true of."""
        return self.standing().filter(expires_at__gt=now)


class RatingRequest(PublicModel, OwnedModel):
    """An invitation to rate one held session. Whether it was answered is derived, never stored."""

    class Withdrawn(models.TextChoices):
        NOT_ME = "not_me", _("it reached somebody else")
        NOT_HELD = "not_held", _("the session was not held after all")
        REFUSED = "refused", _("the client does not want to be asked")
        PAUSED = "paused", _("on hold")
        CLOSED = "closed", _("the episode was closed")
        BY_HAND = "by_hand", _("withdrawn by the staff")

    # The session's own; here as well, so that the database can hold one request to an episode.
    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="rating_requests")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="rating_requests")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    instrument_version = models.ForeignKey(
        InstrumentVersion, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_why = models.CharField(max_length=10, choices=Withdrawn, blank=True)
    # A newer request of the episode was made; what became of this one by then stays true.
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = RatingRequestQuerySet.as_manager()
    client_path = "session__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"],
                condition=Q(withdrawn_at__isnull=True, superseded_at__isnull=True),
                name="rating_request_one_open",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")),
                name="rating_request_times_in_order",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True)
                | Q(superseded_at__gte=models.F("created_at")),
                name="rating_request_superseded_after_made",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_why="") | Q(withdrawn_at__isnull=False),
                name="rating_request_withdrawn_why_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"request for {self.session_id}"

    def is_open(self, now: dt.datetime) -> bool:
        """Its time is not up, and nothing ended it. Whether it was answered is asked separately."""
        ended = self.withdrawn_at is not None or self.superseded_at is not None
        return not ended and now < self.expires_at

    @property
    def ends_at(self) -> dt.datetime:
        """When its time is up, or a newer one took its place before."""
        return min(self.expires_at, self.superseded_at or self.expires_at)


class RatingLink(OwnedModel):
    """One way into a request. Only the hash of its token is kept."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        SMS = "sms", _("text message")
        LINK = "link", _("link to pass on")
        QR = "qr", _("QR code")
        SLIP = "slip", _("printed slip")
        HANDOVER = "handover", _("handed over")
        KIOSK = "kiosk", _("clinic tablet")

    request = models.ForeignKey(RatingRequest, on_delete=models.PROTECT, related_name="links")
    channel = models.CharField(max_length=10, choices=Channel)
    token_hash = models.CharField(max_length=64, unique=True)
    # A second token, in mails: it stops them, opens nothing. Unique, so null where there is none.
    stop_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # Ended before its time: the tablet it was opened on went back, or on to the next.
    closed_at = models.DateTimeField(null=True, blank=True)
    # The paired tablet it was opened on.
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.channel} link"


LIVE = ["waiting", "sending", "sent", "unsure"]


class MessageQuerySet(models.QuerySet["Message"]):
    def waiting(self) -> Self:
        return self.filter(status=Message.Status.WAITING)

    def live(self) -> Self:
        """Sent, or on the way: one of a kind to a request."""
        return self.filter(status__in=LIVE)


class Message(PublicModel, OwnedModel):
    """One message about a request: the outbox. Neither its text nor an address is in it.

    Written and claimed before anything is sent, so that it goes out at most once: a message whose
    sender died half way is "unsure" and never sent again.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", _("invitation")
        REMINDER = "reminder", _("reminder")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        UNSURE = "unsure", _("may not have arrived")
        SKIPPED = "skipped", _("not needed any more")
        FAILED = "failed", _("could not be sent")
        UNDELIVERED = "undelivered", _("came back")

    request = models.ForeignKey(RatingRequest, on_delete=models.PROTECT, related_name="messages")
    link = models.OneToOneField(
        RatingLink, on_delete=models.PROTECT, null=True, blank=True, related_name="message"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    channel = models.CharField(max_length=10, choices=ContactChannel)
    status = models.CharField(max_length=12, choices=Status, default=Status.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    # Since when the status is what it is, once it is no longer waiting or being sent.
    done_at = models.DateTimeField(null=True, blank=True)
    # What the gateway calls it; delivery reports name it so.
    reference = models.CharField(max_length=100, blank=True)

    objects = MessageQuerySet.as_manager()
    client_path = "request__episode__client_id"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "kind"],
                condition=Q(status__in=LIVE),
                name="message_one_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", done_at__isnull=True)
                | Q(status="sending", done_at__isnull=True, claimed_at__isnull=False)
                | Q(
                    status__in=["sent", "unsure", "skipped", "failed", "undelivered"],
                    done_at__isnull=False,
                ),
                name="message_status_and_times",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "due_at"], name="message_due"),
            models.Index(fields=["organization", "reference"], name="message_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel}: {self.status}"
