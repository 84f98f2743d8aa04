"""What counselor and client look at together: the client's own answers, in plain words.

Written in the client's language. Notes are left out, although they are the client's own: somebody
else may be in the room. An answer that is not open to the counselor yet is not here either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from measures.builtin import current_version
from measures.capture.forms import ASKED_FOR
from measures.insight.history import History
from measures.insight.outline import score_of
from measures.insight.own_line import own_line
from measures.insight.sentences import mark, number
from measures.models import FACETS, Rater, Rating, Repair
from measures.repair.talks import told_in
from sessions.access import Viewer
from sessions.models import Session

MOST_SESSIONS = 250
MOST_PROMISES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """One question by its short name, and what was given."""

    question: str
    given: str


@dataclass(frozen=True, slots=True)
class OwnAnswers:
    """One session: the three answers and their mean, as figures; a dash for what was not given."""

    day: dt.datetime
    answers: list[Answer]
    score: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the client had asked for ("" where unknown), and what they were told."""

    asked: str
    told: str


@dataclass(frozen=True, slots=True)
class Together:
    """Newest first. `is_held_back`: something was given that is not open to the counselor yet."""

    questions: list[str]
    rows: list[OwnAnswers]
    last: OwnAnswers | None
    sentences: list[str]
    line: SafeString
    promises: list[Said]
    is_held_back: bool


def together(viewer: Viewer, history: History) -> Together:
    sessions = _between_answers(history)
    given = [(session, history.rating(session, Rater.CLIENT)) for session in sessions]
    scores = [None if rating is None else score_of(rating) for _session, rating in given]
    days = [session.starts_at.astimezone(history.zone) for session in sessions]
    sentences = _in_words(
        [(day, score) for day, score in zip(days, scores, strict=True) if score is not None]
    )
    questions = _questions()
    rows = [_row(day, rating, questions) for day, (_s, rating) in zip(days, given, strict=True)]
    return Together(
        questions=questions,
        rows=rows[::-1],
        last=rows[-1] if rows else None,
        sentences=sentences,
        line=own_line(scores, label=" ".join(sentences)),
        promises=_promises(viewer, history),
        is_held_back=history.hidden_from is not None,
    )


def _questions() -> list[str]:
    """Their short names as the client's form has them, in the order of the facets."""
    items = current_version().items("client", get_language() or "en")
    short = {item["facet"]: item["short"] for item in items}
    return [short[facet] for facet in FACETS]


def _between_answers(history: History) -> list[Session]:
    """Held sessions from the first answer to the last; one without an answer is a gap.

    Nothing before and after, so that what is not answered and what is not open look the same.
    """
    answered = [slot for slot, each in enumerate(history.held) if _has_answer(history, each)]
    if not answered:
        return []
    return history.held[answered[0] : answered[-1] + 1][-MOST_SESSIONS:]


def _has_answer(history: History, session: Session) -> bool:
    rating = history.rating(session, Rater.CLIENT)
    return rating is not None and any(value is not None for value in rating.facet_values)


def _row(day: dt.datetime, rating: Rating | None, questions: Sequence[str]) -> OwnAnswers:
    given = [mark(getattr(rating, facet, None)) for facet in FACETS]
    score = None if rating is None else score_of(rating)
    return OwnAnswers(day, list(map(Answer, questions, given)), number(score))


def _in_words(given: Sequence[tuple[dt.datetime, float]]) -> list[str]:
    """The line in a few short sentences. Numbers only: what they mean is for the two to say."""
    if not given:
        return [_("There is no line yet. It starts when you answer two questions or more.")]
    day, last = given[-1]
    words = {"day": date_format(day, "WEEKDAY_FORMAT"), "score": number(last)}
    if len(given) == 1:
        return [_("On %(day)s your number was %(score)s of 10.") % words]
    scores = [number(score) for _day, score in given]
    if len(set(scores)) == 1:
        return [_("Each time, your number was %(score)s of 10.") % words]
    lowest, highest = min(given, key=_score), max(given, key=_score)
    return [
        _("Last time, on %(day)s, your number was %(score)s of 10.") % words,
        _("The time before, it was %(score)s.") % {"score": scores[-2]},
        _("So far, your low was %(low)s and your high was %(high)s.")
        % {"low": number(_score(lowest)), "high": number(_score(highest))},
    ]


def _score(given: tuple[dt.datetime, float]) -> float:
    return given[1]


def _promises(viewer: Viewer, history: History) -> list[Said]:
    """What staff released for the client's eyes, in the language of this page; newest first."""
    talks = Repair.objects.open_to(viewer).filter(flag__episode=history.episode)
    released = talks.filter(released_at__isnull=False).order_by("-talked_on", "-pk")
    client, language = history.episode.client, get_language() or "en"
    told = [
        Said(str(ASKED_FOR.get(talk.wish, "")), told_in(talk, client, language))
        for talk in released[:MOST_PROMISES]
    ]
    return [each for each in told if each.told]
