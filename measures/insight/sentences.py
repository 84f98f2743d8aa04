"""What the numbers say, in words. Codes, numbers and our own words only.

A sentence never says more than the engine knows, and never calls a change by a cause.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.utils import formats
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from measures.capture.parameters import parameters_or_preset
from measures.insight.chips import Concern, concern_of
from measures.insight.history import History
from measures.insight.notices import Gap, last_gap
from measures.insight.outline import AnyOutline, Met, assessment_of, score_of
from measures.models import Assessment, Flag, Rater, Rating
from measures.trend import Sensitivity
from sessions.models import Organization, Pause, Session

FACET_NAMES = {
    "respect": gettext_lazy("respect"),
    "understanding": gettext_lazy("understanding"),
    "goals": gettext_lazy("goals"),
}


NOTHING = "\N{EN DASH}"


def honesty(organization: Organization) -> str:
    """How often a flag is right, by the figure of the parameters and the sensitivity in use."""
    sensitivity = Sensitivity(organization.sensitivity)
    right = parameters_or_preset(organization, Rater.CLIENT).right.at(sensitivity)
    return _(
        "About %(count)d in 10 flags like this are a real change in the answers, judging by "
        "made-up clients; the rest are chance. Even a real change may be about life outside your "
        "work. Ask; do not assume."
    ) % {"count": max(1, round(10 * right))}


def summary(history: History) -> str:
    """One sentence on how this client's ratings stand, for the top of the client's page."""
    flag = history.open_flag
    if history.episode.closed_on is not None:
        return _closed(history)
    if history.pause is not None:
        return paused(history.pause, is_overdue=history.is_overdue)
    if flag is None:
        return _without_flag(history)
    why = flag_sentence(flag, history)
    return why if concern_of(history) == Concern.LOWER else f"{why} {_without_flag(history)}"


def flag_sentence(flag: Flag, history: History) -> str:
    """Why a flag was raised, with its numbers. The same words for counselor and supervisor."""
    words = {
        "client": history.episode.client.code,
        "counselor": history.episode.counselor.name,
        "since": _day((flag.onset or flag.first_rating.session), history.zone),
        "day": _day(flag.first_rating.session, history.zone),
        "score": number(flag.evidence["score"]),
        "usual": usual(flag.evidence["low"], flag.evidence["high"]),
        "expected": number(flag.evidence.get("expected")),
    }
    if flag.rater == Rater.COUNSELOR:
        return (
            _(
                "%(counselor)s's own ratings of the work with %(client)s went lower about "
                "%(since)s. That unease counts too."
            )
            % words
        )
    if flag.kind == Assessment.Kind.SHARP_DROP:
        return (
            _(
                "%(client)s's answers dropped on %(day)s: %(score)s, where %(usual)s would be "
                "usual for one rating. One low day can be just a day. Ask, or open with it next "
                "time."
            )
            % words
        )
    if flag.kind == Assessment.Kind.FACET:
        return _facet_sentence(flag, history, words)
    return _decline_sentence(flag, history, words)


def _decline_sentence(flag: Flag, history: History, words: dict[str, str]) -> str:
    run = _run_of(flag, history)
    scores = [score for score in map(score_of, run) if score is not None][-3:]
    words["average"] = number(sum(scores) / len(scores)) if scores else words["score"]
    if run and run[-1] != history.answered[-1]:
        words["until"] = _day(run[-1].session, history.zone)
        return (
            _(
                "%(client)s's answers were lower from about %(since)s to %(until)s: the last of "
                "them average %(average)s, where about %(expected)s would be usual."
            )
            % words
        )
    lower = _("%(client)s's answers have been lower since about %(since)s.") % words
    last = ngettext(
        "The last one is %(average)s, where %(usual)s would be usual for one rating.",
        "The last %(count)d average %(average)s, where about %(expected)s would be usual.",
        len(scores),
    ) % {**words, "count": len(scores)}
    return " ".join([lower, last, _("Worth asking about.")])


def _facet_sentence(flag: Flag, history: History, words: dict[str, str]) -> str:
    facet = flag.facets[0]
    values = [
        (rating.session.starts_at, getattr(rating, facet))
        for rating in history.answered
        if getattr(rating, facet) is not None
    ]
    at = flag.first_rating.session.starts_at
    now = [value for when, value in values if when == at]
    onset = (flag.onset or flag.first_rating.session).starts_at
    before = [value for when, value in values if when < onset]
    words |= {
        "facet": str(FACET_NAMES[facet]),
        "value": number(now[0] if now else None),
        "before": number(sum(before) / len(before) if before else None),
    }
    return (
        _(
            "One answer moved and the others did not: %(facet)s was at %(value)s on %(day)s, "
            "before that about %(before)s. Start there."
        )
        % words
    )


def _run_of(flag: Flag, history: History) -> list[Rating]:
    """The ratings of a flag from its onset to its end, as far as the viewer may read them."""
    since = (flag.onset or flag.first_rating.session).starts_at
    until = flag.last_rating.session.starts_at
    run = [each for each in history.answered if since <= each.session.starts_at <= until]
    while run and not _is_flagged(run[-1]):
        run.pop()
    return run


def _is_flagged(rating: Rating) -> bool:
    assessment = assessment_of(rating)
    return assessment is not None and assessment.kind != Assessment.Kind.NONE


def _without_flag(history: History) -> str:
    if not history.answered:
        return _("No ratings yet. The first one starts with a session.")
    saying = _saying(history)
    gap = last_gap(history)
    return saying if gap is None else f"{saying} {_gap(gap, history)}"


def _saying(history: History) -> str:
    sayings: dict[Concern, Callable[[History], str]] = {
        Concern.LOWER: _lower,
        Concern.LOW: _low_from_the_start,
        Concern.QUIET: quiet,
        Concern.NOT_ENOUGH: _not_enough,
        Concern.TOP_MARKS: _top_marks,
        Concern.HIGHER: _higher,
        Concern.BACK: _back_to_usual,
    }
    return sayings.get(concern_of(history), _as_usual)(history)


def _lower(history: History) -> str:
    """Lower without a flag that waits: somebody looked into it already."""
    rating = history.answered[-1]
    assessment = assessment_of(rating)
    words = {
        "day": _day(rating.session, history.zone),
        "score": number(score_of(rating)),
        "usual": usual(assessment.low, assessment.high) if assessment else NOTHING,
    }
    if _is_inside(assessment):
        return (
            _(
                "Coming back: %(score)s on %(day)s, inside the %(usual)s that would be usual for "
                "one rating. One alone does not settle it."
            )
            % words
        )
    return _("Lower than usual: %(score)s on %(day)s, where %(usual)s would be usual.") % words


def _is_inside(assessment: Assessment | None) -> bool:
    if assessment is None or assessment.score is None or assessment.low is None:
        return False
    return assessment.score >= assessment.low


def _closed(history: History) -> str:
    """What stands at the end: no advice about somebody who is not here any more."""
    code = history.episode.client.code
    if not history.answered:
        return _("This episode is over. %(client)s never rated a session.") % {"client": code}
    rating = history.answered[-1]
    assessment = assessment_of(rating)
    words = {
        "client": code,
        "day": _day(rating.session, history.zone),
        "score": number(score_of(rating)),
    }
    if assessment is None or assessment.low is None:
        last = _("This episode is over. The last rating, on %(day)s, was %(score)s.")
        return last % words
    words["usual"] = usual(assessment.low, assessment.high)
    return (
        _(
            "This episode is over. The last rating, on %(day)s, was %(score)s, where %(usual)s "
            "would have been usual for one rating of %(client)s."
        )
        % words
    )


def _low_from_the_start(history: History) -> str:
    scores = [score for score in map(score_of, history.answered) if score is not None]
    words = {
        "client": history.episode.client.code,
        "about": number(sum(scores) / len(scores)),
    }
    return (
        _(
            "%(client)s has rated low from the start (about %(about)s). Nothing fell, so nothing "
            "is flagged. Ask what would make this worth %(client)s's time."
        )
        % words
    )


def _gap(gap: Gap, history: History) -> str:
    """Two people who saw a session further apart than is usual for them. Neither is wrong."""
    words = {
        "client": history.episode.client.code,
        "counselor": history.episode.counselor.name,
        "day": _day(gap.session, history.zone),
        "client_score": number(gap.client),
        "counselor_score": number(gap.counselor),
    }
    if gap.client < gap.counselor:
        return (
            _(
                "%(counselor)s and %(client)s saw %(day)s differently: %(counselor_score)s and "
                "%(client_score)s. That is wider than usual for the two. Neither is wrong. Ask "
                "what %(client)s saw."
            )
            % words
        )
    return (
        _(
            "%(counselor)s rated %(day)s lower than %(client)s did (%(counselor_score)s and "
            "%(client_score)s), further apart than usual. That unease counts too."
        )
        % words
    )


def _higher(history: History) -> str:
    words = {"client": history.episode.client.code}
    return _("Higher than usual for %(client)s. Ask what helped, so that you can keep it.") % words


def _back_to_usual(history: History) -> str:
    words = {"client": history.episode.client.code}
    return _("Two ratings in a row back in %(client)s's usual range.") % words


def _not_enough(history: History) -> str:
    count, code = len(history.answered), history.episode.client.code
    if history.last_assessment is None:
        words = {"score": number(score_of(history.answered[-1]))}
        return _("The last rating was %(score)s. It could not be compared yet.") % words
    so_far = ngettext("%(count)d rating so far.", "%(count)d ratings so far.", count)
    then = _("From the third on, we can compare %(client)s with their own earlier answers.")
    return f"{so_far % {'count': count}} {then % {'client': code}}"


def _top_marks(history: History) -> str:
    return _(
        "%(client)s has given the same top marks %(count)d times. That may be exactly how it "
        "is. It also means this page could not show it if things got worse. Not a flag."
    ) % {"client": history.episode.client.code, "count": len(history.answered)}


def quiet(history: AnyOutline) -> str:
    last = history.answered[-1]
    words = {"client": history.episode.client.code, "day": _day(last.session, history.zone)}
    assessment = assessment_of(last)
    since = _("No answer from %(client)s since %(day)s.")
    if assessment is not None and assessment.kind != Assessment.Kind.NONE:
        since = _("No answer from %(client)s since %(day)s, and the last one was lower than usual.")
    parts = [since % words]
    lately = history.past_sessions[-3:]
    missed = sum(session.status == Session.Status.MISSED for session in lately)
    if missed:
        parts.append(
            _("%(client)s missed %(missed)d of the last %(count)d sessions.")
            % {**words, "missed": missed, "count": len(lately)}
        )
    parts.append(_("We do not know why. A short friendly call is the next step, not another form."))
    return " ".join(parts)


def _as_usual(history: History) -> str:
    rating, code = history.answered[-1], history.episode.client.code
    assessment = assessment_of(rating)
    words = {
        "client": code,
        "day": _day(rating.session, history.zone),
        "score": number(score_of(rating)),
    }
    if assessment is None or assessment.low is None:
        return _("The last rating, on %(day)s, was %(score)s.") % words
    words["usual"] = usual(assessment.low, assessment.high)
    return (
        _(
            "About the same as before: %(score)s on %(day)s, where %(usual)s would be usual for "
            "one rating of %(client)s."
        )
        % words
    )


def paused(pause: Pause, *, is_overdue: bool) -> str:
    words = {"day": month_day(pause.from_on), "reason": pause.get_reason_display()}
    sentence = _("On hold since %(day)s: %(reason)s.") % words
    if pause.expected_on:
        expected = {"day": month_day(pause.expected_on)}
        due = _("Was expected back %(day)s.") if is_overdue else _("Expected back %(day)s.")
        sentence += " " + due % expected
    return sentence + " " + _("Nothing is asked or counted.")


def number(value: float | None) -> str:
    """One decimal, as averages and ranges are shown; a dash where there is nothing."""
    return NOTHING if value is None else formats.number_format(round(value, 1), 1)


def mark(value: float | None) -> str:
    """A point as it was given: halves and wholes."""
    if value is None:
        return NOTHING
    return formats.number_format(value, 0 if value == int(value) else 1)


def usual(low: float | None, high: float | None) -> str:
    return _("%(low)s to %(high)s") % {"low": number(low), "high": number(high)}


def _day(session: Session | Met, zone: dt.tzinfo) -> str:
    return month_day(session.starts_at.astimezone(zone).date())


def month_day(day: dt.date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")
