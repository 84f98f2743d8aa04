"""What the counselor says of a group as a whole."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from measures.models.instruments import InstrumentVersion
from sessions.models import GroupMeeting, Membership
from sessions.models.base import OwnedModel

FACETS = ("respect", "understanding", "goals")


class GroupRating(OwnedModel):
    """The one rating a counselor gives a group meeting. Append-only.

    Not a Rating: that is about one client's session, and a copy in each of fifteen episodes would
    look like fifteen opinions and end up in fifteen trends. This one hangs from the meeting, which
    has no client, so no path leads from an episode's line to it.
    """

    meeting = models.OneToOneField(GroupMeeting, on_delete=models.PROTECT, related_name="rating")
    instrument_version = models.ForeignKey(
        InstrumentVersion, on_delete=models.PROTECT, related_name="+"
    )
    entered_by = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    stored_at = models.DateTimeField()
    respect = models.FloatField(null=True, blank=True)
    understanding = models.FloatField(null=True, blank=True)
    goals = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{facet}__isnull": True})
                    | Q(**{f"{facet}__gte": 0, f"{facet}__lte": 10}),
                    name=f"group_rating_{facet}_0_to_10",
                )
                for facet in FACETS
            ),
            models.CheckConstraint(
                condition=Q(respect__isnull=False)
                | Q(understanding__isnull=False)
                | Q(goals__isnull=False),
                name="group_rating_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"rating of group {self.meeting_id}"

    @property
    def facet_values(self) -> tuple[float | None, float | None, float | None]:
        return (self.respect, self.understanding, self.goals)
