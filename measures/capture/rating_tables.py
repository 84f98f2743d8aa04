"""Ratings of many episodes as the engine reads them, a batch of episodes at a time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from measures.models import FACETS, Rating
from sessions.models import Episode, Organization, Session
from sessions.models.clients import EpisodeQuerySet
from sessions.wall import transaction_of

BATCH = 200  # episodes

Table = list[tuple[float, ...]]
NOT_RATED = (math.nan,) * len(FACETS)


def batches_of(
    organization: Organization, episodes: EpisodeQuerySet | None = None, size: int = BATCH
) -> Iterator[list[int]]:
    """Give the keys of an organization's episodes, of all or of some, a batch at a time.

    Each is read when it is asked for, in a transaction of its own.
    """
    chosen = Episode.objects.all() if episodes is None else episodes
    after = 0
    while keys := _next_keys(organization, chosen, after, size):
        yield keys
        after = keys[-1]


def _next_keys(
    organization: Organization, episodes: EpisodeQuerySet, after: int, size: int
) -> list[int]:
    with transaction_of(organization.pk):
        following = episodes.filter(organization=organization, pk__gt=after).order_by("pk")
        return list(following.values_list("pk", flat=True)[:size])


def held_sessions(episodes: Sequence[int]) -> dict[int, list[int]]:
    """The keys of the held sessions of each episode that has some, in order; none in a group."""
    sessions: dict[int, list[int]] = defaultdict(list)
    held = Session.objects.held().alone().filter(episode__in=episodes)
    ordered = held.order_by("episode_id", "starts_at")
    for episode, session in ordered.values_list("episode_id", "pk"):
        sessions[episode].append(session)
    return sessions


def rating_tables(episodes: Sequence[int], rater: str) -> list[Table]:
    """One rater's current ratings of those episodes that have some: a row for each held session.

    NaN where nothing was rated. Only sessions and points are read, nothing about a person.
    """
    ratings = Rating.objects.current().by(rater).alone().filter(session__episode__in=episodes)
    points = {session: values for session, *values in ratings.values_list("session_id", *FACETS)}
    tables = (
        [_row(points.get(session)) for session in sessions]
        for sessions in held_sessions(episodes).values()
    )
    return [table for table in tables if any(map(_has_points, table))]


def _row(values: Sequence[float | None] | None) -> tuple[float, ...]:
    if values is None:
        return NOT_RATED
    return tuple(math.nan if value is None else value for value in values)


def _has_points(row: tuple[float, ...]) -> bool:
    return not all(map(math.isnan, row))


def as_array(tables: Sequence[Table]) -> NDArray[np.float64]:
    """Tables as one array (episodes, sessions of the longest, 3), filled up with NaN."""
    longest = max(map(len, tables), default=0)
    array = np.full((len(tables), longest, len(FACETS)), np.nan)
    for position, table in enumerate(tables):
        array[position, : len(table)] = table
    return array
