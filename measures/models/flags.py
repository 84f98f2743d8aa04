from __future__ import annotations

import datetime as dt
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from measures.models.assessments import Assessment
from measures.models.ratings import Rater, Rating
from sessions.models import Episode, Membership, Session
from sessions.models.base import OwnedModel, PublicModel

if TYPE_CHECKING:
    from sessions.access import Viewer


class FlagQuerySet(models.QuerySet["Flag"]):
    def open(self) -> Self:
        return self.filter(state__in=Flag.OPEN_STATES)

    def running(self, day: dt.date) -> Self:
        """Open ones of episodes neither closed nor on hold: what a list may hold."""
        return self.open().filter(episode__in=Episode.objects.running(day).values("pk"))

    def with_talks(self) -> Self:
        """Each with `was_talked`: whether a talk about it is on record."""
        return self.annotate(was_talked=Exists(Repair.objects.filter(flag=OuterRef("pk"))))

    def not_yet_talked_about(self, day: dt.date) -> Self:
        """New, or looked at again after "not yet", and no talk on record. See `Flag.waits_on`."""
        over = Q(state=Flag.State.WATCHING, snoozed_until__lte=day, talks__isnull=True)
        return self.filter(Q(state=Flag.State.NEW) | over)

    def clinical_to(self, viewer: Viewer) -> Self:
        """What `get_visible` asks for: a flag has no rule beside `open_to`."""
        return self.open_to(viewer)

    def editable_by(self, viewer: Viewer) -> Self:
        """To act on: in episodes that are open and one's own, or of whom one covers today."""
        return self.open_to(viewer).filter(
            episode__in=Episode.objects.editable_by(viewer).values("pk")
        )

    def open_to(self, viewer: Viewer) -> Self:
        """A flag is as visible as the rating that raised it, the blind rule included.

        Not asked of each flag by itself: PostgreSQL without statistics then takes half a second.
        """
        return self.filter(first_rating__in=Rating.objects.open_to(viewer).values("pk"))


class Flag(PublicModel, OwnedModel):
    """A run of flagged sessions of one rater, asking for a conversation."""

    class State(models.TextChoices):
        NEW = "new", _("not yet talked about")
        TALKED = "talked", _("talked about")
        WATCHING = "watching", _("watching")
        OUTSIDE = "outside", _("outside our work")
        NO_CONCERN = "no_concern", _("no concern")
        BETTER = "better", _("closed: better")
        WITHDRAWN = "withdrawn", _("withdrawn")

    OPEN_STATES = (State.NEW, State.TALKED, State.WATCHING)

    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="flags")
    rater = models.CharField(max_length=10, choices=Rater)
    kind = models.CharField(max_length=12, choices=Assessment.Kind)
    facets = models.JSONField(default=list)
    first_rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="+")
    last_rating = models.ForeignKey(Rating, on_delete=models.PROTECT, related_name="+")
    onset = models.ForeignKey(Session, on_delete=models.PROTECT, null=True, related_name="+")
    # As it was when raised, so that a later recompute cannot change what somebody acted on.
    evidence = models.JSONField()
    raised_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    snoozed_until = models.DateField(null=True, blank=True)
    # Two tabs: whoever saves second is told, instead of overwriting.
    version = models.PositiveIntegerField(default=1)

    objects = FlagQuerySet.as_manager()
    client_path = "episode__client_id"

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="watching", snoozed_until__isnull=False)
                | (~Q(state="watching") & Q(snoozed_until__isnull=True)),
                name="flag_watched_until_a_day",
            ),
            models.UniqueConstraint(
                fields=["episode", "rater"],
                condition=Q(state__in=["new", "talked", "watching"]),
                name="flag_one_open",
            ),
        ]
        indexes = [models.Index(fields=["organization", "state", "raised_at"], name="flag_talk")]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in Flag.OPEN_STATES

    def waits_on(self, day: dt.date) -> bool:
        """Not yet talked about: new, or looked at again after "not yet". Needs `was_talked`."""
        if self.state == Flag.State.WATCHING:
            return not self.is_put_off(day) and not getattr(self, "was_talked", True)
        return self.state == Flag.State.NEW

    def is_put_off(self, day: dt.date) -> bool:
        """Being watched, and the day to look again has not come."""
        return self.snoozed_until is not None and day < self.snoozed_until


class RepairQuerySet(models.QuerySet["Repair"]):
    def open_to(self, viewer: Viewer) -> Self:
        """As visible as its flag. What the client says of it is as visible as `said_in`."""
        return self.filter(flag__in=Flag.objects.open_to(viewer).values("pk"))


class Repair(PublicModel, OwnedModel):
    """What was done about a flag: the talk, what the client may read of it, and how it went."""

    class ClientSays(models.TextChoices):
        YES = "yes", _("yes")
        LITTLE = "little", _("a little")
        NO = "no", _("no")
        SKIPPED = "skipped", _("skipped")

    class Outcome(models.TextChoices):
        BACK = "back", _("back to usual")
        NOT_YET = "not_yet", _("not yet")
        OUTSIDE = "outside", _("outside our work")
        NO_CONCERN = "no_concern", _("no concern")

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="talks")
    talked_on = models.DateField()
    sealed_agreed = models.BinaryField(null=True, blank=True)
    # What the client had asked for, as one of the taps of the form; it begins the question.
    wish = models.CharField(max_length=20, blank=True)
    # {language: text}, released for the client's own eyes; a language without a text is not asked.
    sealed_client_text = models.BinaryField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    client_says = models.CharField(max_length=10, choices=ClientSays, blank=True)
    said_in = models.ForeignKey(
        Rating, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)

    objects = RepairQuerySet.as_manager()
    client_path = "flag__episode__client_id"

    class Meta:
        constraints = [
            # What the client answered about stays; the next talk is another row.
            models.UniqueConstraint(
                fields=["flag"], condition=Q(client_says=""), name="repair_one_unanswered"
            ),
            models.CheckConstraint(
                condition=Q(client_says="", said_in__isnull=True)
                | (~Q(client_says="") & Q(said_in__isnull=False)),
                name="repair_said_in_a_rating",
            ),
            models.CheckConstraint(
                condition=Q(sealed_client_text__isnull=True, released_at__isnull=True)
                | Q(sealed_client_text__isnull=False, released_at__isnull=False),
                name="repair_released_with_a_text",
            ),
        ]
        indexes = [models.Index(fields=["organization", "talked_on"], name="repair_talks")]

    def __str__(self) -> str:
        return f"{self.talked_on} ({self.flag_id})"


# What may become of a flag, and by whom. The same state twice: something was noted.
BY_ENGINE = frozenset(
    {("", "new"), ("new", "withdrawn")}
    | {(state, state) for state in ("new", "talked", "watching")}
)
BY_PEOPLE = frozenset(
    {
        (before, after)
        for before in ("new", "talked", "watching")
        for after in ("talked", "watching", "outside", "no_concern")
    }
    | {("talked", "better"), ("watching", "better")}
    | {(closed, "new") for closed in ("outside", "no_concern", "better")}
    | {(closed, "talked") for closed in ("outside", "no_concern", "better")}
    | {(state, state) for state in ("new", "talked", "watching")}
)


def _one_of(steps: frozenset[tuple[str, str]]) -> Q:
    starts = sorted({before for before, _after in steps})
    afters = ([after for start, after in steps if start == before] for before in starts)
    pairs = zip(starts, afters, strict=True)
    each = [Q(from_state=before, to_state__in=sorted(after)) for before, after in pairs]
    return reduce(or_, each)


class FlagEvent(OwnedModel):
    """The history of a flag, append-only. `by` is empty where the engine acted."""

    flag = models.ForeignKey(Flag, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    by = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=12, choices=Flag.State, blank=True)
    to_state = models.CharField(max_length=12, choices=Flag.State)
    reason = models.CharField(max_length=200, blank=True)
    # What somebody wrote about it, for the staff.
    sealed_line = models.BinaryField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(by__isnull=True) & _one_of(BY_ENGINE))
                | (Q(by__isnull=False) & _one_of(BY_PEOPLE)),
                name="flag_event_may_happen",
            ),
        ]
        indexes = [models.Index(fields=["flag", "at"], name="flag_event_history")]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"
