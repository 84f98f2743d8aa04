"""From stored ratings to what the engine concludes: the whole episode, every time."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from measures.capture.parameters import parameters_of, version_of
from measures.models import FACETS, Assessment, Rating
from measures.repair.flags import settle
from measures.trend import (
    ENGINE,
    EpisodeAssessment,
    Sensitivity,
    SessionAssessment,
    assess,
)
from sessions.models import Episode, Session

logger = logging.getLogger(__name__)


def assess_episode(*, episode: Episode, rater: str, now: dt.datetime) -> bool:
    """Recompute every assessment of one rater's ratings in an episode and settle its flags.

    Sessions in a group are not in it: their questions are about the group, so they are neither
    compared with what somebody says of their counselor nor counted.
    Call it with the episode locked, inside the transaction that changed the ratings. If the
    engine, its parameters or what follows fails, the ratings stand: the savepoint is rolled back,
    each rating without an assessment gets one that says "failed" until the episode is recomputed,
    and the answer is False.
    """
    try:
        with transaction.atomic():
            _assess(episode, rater, now)
    except (OperationalError, InterfaceError):
        # The database, not the engine: a deadlock or a full disk must not pass for an answer.
        raise
    except Exception:
        logger.exception("The trend engine failed; the rating is stored without an assessment.")
        _mark_failed(episode, rater)
        return False
    else:
        return True


def _assess(episode: Episode, rater: str, now: dt.datetime) -> None:
    sessions = list(Session.objects.held().alone().filter(episode=episode).order_by("starts_at"))
    ratings = {
        rating.session_id: rating
        for rating in Rating.objects.current().by(rater).alone().filter(session__episode=episode)
    }
    concluded = assess(
        [_row(ratings.get(session.pk)) for session in sessions],
        parameters=parameters_of(episode.organization, rater),
        sensitivity=Sensitivity(episode.organization.sensitivity),
    )
    assessments = _store(sessions, ratings, concluded)
    settle(episode=episode, rater=rater, assessments=assessments, now=now)


def _row(rating: Rating | None) -> Sequence[float | None]:
    return [None] * len(FACETS) if rating is None else rating.facet_values


def _store(
    sessions: Sequence[Session], ratings: dict[int, Rating], concluded: EpisodeAssessment
) -> list[Assessment]:
    """Write what is new or changed; returns one assessment per rated session, in order."""
    stored = {
        each.rating_id: each
        for each in Assessment.objects.filter(rating__in=[each.pk for each in ratings.values()])
    }
    assessments, fresh, changed = [], [], []
    for session, conclusion in zip(sessions, concluded.sessions, strict=True):
        rating = ratings.get(session.pk)
        if rating is None:
            continue
        rating.session = session
        values = _computed(conclusion, sessions) | {
            "engine": concluded.engine,
            "parameters": concluded.parameters,
        }
        assessment = stored.get(rating.pk)
        if assessment is None:
            assessment = Assessment(organization_id=rating.organization_id, **values)
            fresh.append(assessment)
        elif any(getattr(assessment, name) != value for name, value in values.items()):
            vars(assessment).update(values)
            changed.append(assessment)
        assessment.rating = rating
        assessments.append(assessment)
    Assessment.objects.bulk_create(fresh)
    Assessment.objects.bulk_update(changed, COMPUTED)
    return assessments


def _computed(conclusion: SessionAssessment, sessions: Sequence[Session]) -> dict[str, Any]:
    return {
        "score": conclusion.score,
        "expected": conclusion.expected,
        "low": conclusion.low,
        "high": conclusion.high,
        "statistic": conclusion.statistic,
        "limit": conclusion.limit,
        "probability": conclusion.probability,
        "kind": conclusion.flag.value,
        "facets": list(conclusion.facets),
        "onset_id": None if conclusion.onset is None else sessions[conclusion.onset].pk,
        "status": conclusion.status.value,
    }


COMPUTED = (
    "score",
    "expected",
    "low",
    "high",
    "statistic",
    "limit",
    "probability",
    "kind",
    "facets",
    "onset",
    "status",
    "engine",
    "parameters",
)


def _mark_failed(episode: Episode, rater: str) -> None:
    """Say of every rating without an assessment that it was not computed. Others keep theirs."""
    unassessed = (
        Rating.objects.current()
        .by(rater)
        .alone()
        .filter(session__episode=episode, assessment__isnull=True)
    )
    version = version_of(episode.organization, rater)
    Assessment.objects.bulk_create(
        Assessment(
            organization_id=rating.organization_id,
            rating=rating,
            status=Assessment.Status.FAILED,
            engine=ENGINE,
            parameters=version,
        )
        for rating in unassessed
    )
