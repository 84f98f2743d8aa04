import datetime as dt
import zoneinfo
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from sessions.models.base import PublicModel


class AnswersWith(models.TextChoices):
    """How the questions are answered: one way per client, until changed on purpose."""

    BUTTONS = "buttons", _("eleven buttons")
    SLIDER = "slider", _("a slider with halves")


@dataclass(frozen=True, slots=True)
class InLanguage:
    """A text, and the language it is in: a page may be in another."""

    text: str
    language: str


class Organization(PublicModel):
    """A counseling service. Everything belongs to exactly one."""

    class Sensitivity(models.TextChoices):
        LOW = "low", _("low: fewer flags")
        STANDARD = "standard", _("standard")
        HIGH = "high", _("high: more flags")

    name = models.CharField(max_length=120)
    # What clients see as the sender: neutral, agreed at intake, without a word about health.
    sender_name = models.CharField(max_length=40)
    phone = models.CharField(max_length=40)
    time_zone = models.CharField(max_length=64)
    language = models.CharField(max_length=10, default="en")
    sensitivity = models.CharField(max_length=10, choices=Sensitivity, default=Sensitivity.STANDARD)
    request_days = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(1), MaxValueValidator(30)]
    )
    reminder_days = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(0), MaxValueValidator(30)]
    )
    # For clients who begin; each keeps the way they began with.
    answers_with = models.CharField(max_length=10, choices=AnswersWith, default=AnswersWith.BUTTONS)
    # Between two sessions a client is asked about; 0 asks about each.
    days_between = models.PositiveSmallIntegerField(default=7, validators=[MaxValueValidator(31)])
    # Messages leave at these hours only, by the clock of the place.
    send_from = models.TimeField(default=dt.time(9))
    send_until = models.TimeField(default=dt.time(19))
    mfa_required = models.BooleanField(default=True)
    part2_program = models.BooleanField(default=True)
    # Whom to call right away, for clients, in each of their languages.
    crisis_text = models.CharField(max_length=300, blank=True)
    crisis_text_es = models.CharField(max_length=300, blank=True)
    crisis_text_ar = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sensitivity__in=["low", "standard", "high"]),
                name="organization_sensitivity_known",
            ),
            models.CheckConstraint(
                condition=models.Q(request_days__gte=1, request_days__lte=30),
                name="organization_request_days_1_to_30",
            ),
            models.CheckConstraint(
                condition=models.Q(answers_with__in=["buttons", "slider"]),
                name="organization_answers_with_known",
            ),
            models.CheckConstraint(
                condition=models.Q(reminder_days__lte=30),
                name="organization_reminder_days_to_30",
            ),
            models.CheckConstraint(
                condition=models.Q(days_between__lte=31), name="organization_days_between_to_31"
            ),
            models.CheckConstraint(
                condition=models.Q(send_from__lt=models.F("send_until")),
                name="organization_sending_hours_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.time_zone not in zoneinfo.available_timezones():
            unknown = _("“%(name)s” is not a time zone we know. Try America/Chicago.")
            raise ValidationError(
                {"time_zone": ValidationError(unknown, params={"name": self.time_zone})}
            )

    def crisis_text_for(self, language: str) -> InLanguage:
        """Whom to call right away, in that language; where nobody wrote it, in one there is."""
        texts = {"en": self.crisis_text, "es": self.crisis_text_es, "ar": self.crisis_text_ar}
        spoken = [language, *texts]
        return next(
            (InLanguage(texts[code], code) for code in spoken if texts.get(code)),
            InLanguage("", language),
        )

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def today(self, now: dt.datetime) -> dt.date:
        """The date here, which is what due dates and "today" mean."""
        return now.astimezone(self.zone).date()
