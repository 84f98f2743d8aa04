"""What the engine would have said of old ratings: assessed, counted, and written as CSV."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from measures.trend import (
    FACETS,
    FLAG_KINDS,
    STATUSES,
    BatchAssessment,
    FlagKind,
    Parameters,
    Sensitivity,
    Status,
    assess_many,
)

from .rating_rows import BLOCK, RATERS, Advance, FileRefused, RatingRows

NUMBERS = ("score", "expected", "low", "high", "probability", "statistic", "limit")
COLUMNS = ("episode", "session", "rater", *NUMBERS, "flag", "facets", "onset", "status")
BETWEEN_FACETS = "+"
CELLS = 65_536  # sessions assessed at once, padding included: some megabytes
WEEKLY_CLIENTS = 25

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Assessed:
    """What the engine says of each of RatingRows, in the same order.

    numbers   shape (rows, 7), columns as in NUMBERS, NaN where nothing can be computed
    flag      position in FLAG_KINDS
    facets    shape (rows, 3), columns as in FACETS, true for those that drive a flag
    onset     number of the session where the weakening most likely began, 0 where not flagged
    status    position in STATUSES
    versions  of the engine and its parameters, by rater
    """

    numbers: NDArray[np.float64]
    flag: NDArray[np.int8]
    facets: NDArray[np.bool_]
    onset: NDArray[np.int16]
    status: NDArray[np.int8]
    versions: dict[str, str]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        return np.not_equal(self.flag, FLAG_KINDS.index(FlagKind.NONE))


# ---- assessing ----


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One rater's rows of one episode, for every rater and episode: where they begin and end."""

    starts: Indices
    ends: Indices

    @classmethod
    def of(cls, rows: RatingRows) -> _Series:
        is_new = np.ones(len(rows), dtype=np.bool_)
        is_new[1:] = (rows.episode[1:] != rows.episode[:-1]) | (rows.rater[1:] != rows.rater[:-1])
        starts = np.flatnonzero(is_new)
        return cls(starts, np.append(starts[1:], len(rows)))

    def __len__(self) -> int:
        return len(self.starts)

    def chosen(self, which: Indices) -> _Series:
        return _Series(self.starts[which], self.ends[which])

    @property
    def counts(self) -> Indices:
        return self.ends - self.starts

    def rows(self) -> Indices:
        """Where the rows of these series stand."""
        skipped = self.starts - np.cumsum(self.counts) + self.counts
        return np.arange(self.counts.sum()) + np.repeat(skipped, self.counts)

    def places(self) -> Indices:
        """Of each of these rows, the position of its series among these."""
        return np.repeat(np.arange(len(self)), self.counts)


def assess_rows(
    rows: RatingRows,
    *,
    parameters: Mapping[str, Parameters],
    sensitivity: Sensitivity,
    advance: Advance,
) -> Assessed:
    """Assess rows of ratings, ``parameters`` by rater; session numbers left out were not rated.

    Raises nothing of its own. ``advance`` is told the number of rows assessed since it last was.
    """
    assessed = Assessed(
        numbers=np.full((len(rows), len(NUMBERS)), np.nan),
        flag=np.zeros(len(rows), dtype=np.int8),
        facets=np.zeros((len(rows), len(FACETS)), dtype=np.bool_),
        onset=np.zeros(len(rows), dtype=np.int16),
        status=np.zeros(len(rows), dtype=np.int8),
        versions={},
    )
    series = _Series.of(rows)
    for position, rater in enumerate(RATERS):
        mine = np.flatnonzero(rows.rater[series.starts] == position)
        for chunk in _chunks(rows, series.chosen(mine)):
            batch = _assess_chunk(rows, chunk, assessed, parameters[rater], sensitivity)
            assessed.versions[rater] = f"engine {batch.engine}, parameters {batch.parameters}"
            advance(int(chunk.counts.sum()))
    return assessed


def _chunks(rows: RatingRows, series: _Series) -> Iterator[_Series]:
    """Series of similar length, together no more than CELLS when padded to the longest."""
    lengths = rows.session[series.ends - 1].astype(np.intp)
    order = np.argsort(lengths, kind="stable")
    begin = 0
    for end, length in enumerate(lengths[order].tolist()):
        shortest = int(lengths[order[begin]])
        if (end - begin + 1) * length > CELLS or length > shortest + shortest // 4 + 3:
            yield series.chosen(order[begin:end])
            begin = end
    if begin < len(order):
        yield series.chosen(order[begin:])


def _assess_chunk(
    rows: RatingRows,
    series: _Series,
    into: Assessed,
    parameters: Parameters,
    sensitivity: Sensitivity,
) -> BatchAssessment:
    place, row = series.places(), series.rows()
    at = (place, rows.session[row].astype(np.intp) - 1)
    table = np.full((len(series), int(at[1].max()) + 1, len(FACETS)), np.nan)
    table[at] = rows.ratings[row]
    batch = assess_many(table, parameters=parameters, sensitivity=sensitivity)
    for column, name in enumerate(NUMBERS):
        into.numbers[row, column] = getattr(batch, name)[at]
    into.flag[row] = batch.flag[at]
    into.facets[row] = batch.facets[at]
    into.onset[row] = batch.onset[at] + 1  # a row becomes a session number, none (-1) becomes 0
    into.status[row] = batch.status[at]
    return batch


# ---- counting ----


@dataclass(frozen=True, slots=True)
class RaterSummary:
    """One rater's ratings and flags, counted. ``None`` where nothing can be computed.

    episodes          with a row of this rater
    too_short         of these, where no session could be assessed
    ratings           rows with at least one answer
    without_score     of these, with too few answers for a score
    unrated           sessions held, up to the last row of their episode, without an answer
    flagged           ratings flagged, and ``kinds``, the same by kind
    episodes_flagged  with at least one flag, and ``share_flagged`` of all, 0-1
    runs              of flagged ratings, one after the other; ``longest_run`` in ratings
    repairs           times the ratings came back to usual after a flag
    """

    rater: str
    episodes: int
    too_short: int
    ratings: int
    without_score: int
    unrated: int
    flagged: int
    kinds: Mapping[FlagKind, int]
    episodes_flagged: int
    runs: int
    longest_run: int
    repairs: int

    def per_100(self, count: int) -> float | None:
        """Of flagged ratings, or of runs: how many there are in 100 ratings."""
        return 100 * count / self.ratings if self.ratings else None

    def per_week(self, count: int) -> float | None:
        """How many a counselor has in a week in which WEEKLY_CLIENTS all come and rate."""
        return WEEKLY_CLIENTS * count / self.ratings if self.ratings else None

    @property
    def share_flagged(self) -> float | None:
        return self.episodes_flagged / self.episodes if self.episodes else None


def summarize(rows: RatingRows, assessed: Assessed) -> list[RaterSummary]:
    """Count ratings and flags, for each rater there is."""
    found = [position for position in range(len(RATERS)) if np.any(rows.rater == position)]
    return [_summary(rows, assessed, position) for position in found]


def _summary(rows: RatingRows, assessed: Assessed, rater: int) -> RaterSummary:
    series = _Series.of(rows)
    series = series.chosen(np.flatnonzero(rows.rater[series.starts] == rater))
    place, row = series.places(), series.rows()
    is_rated = ~np.isnan(rows.ratings[row]).all(axis=1)
    has_score = ~np.isnan(assessed.numbers[row, NUMBERS.index("score")])
    is_assessed = ~np.isnan(assessed.numbers[row, NUMBERS.index("statistic")])
    flags, flagged = assessed.flag[row], assessed.flagged[row]
    runs = _run_lengths(place[is_rated], flagged[is_rated])
    return RaterSummary(
        rater=RATERS[rater],
        episodes=len(series),
        too_short=len(series) - len(np.unique(place[is_assessed])),
        ratings=int(is_rated.sum()),
        without_score=int((is_rated & ~has_score).sum()),
        unrated=int(rows.session[series.ends - 1].sum(dtype=np.int64) - is_rated.sum()),
        flagged=int(flagged.sum()),
        kinds={
            kind: int(np.sum(flags == FLAG_KINDS.index(kind)))
            for kind in FLAG_KINDS
            if kind is not FlagKind.NONE
        },
        episodes_flagged=len(np.unique(place[flagged])),
        runs=len(runs),
        longest_run=int(runs.max(initial=0)),
        repairs=len(_run_lengths(place, assessed.status[row] == STATUSES.index(Status.REPAIRED))),
    )


def _run_lengths(series: Indices, holds: NDArray[np.bool_]) -> Indices:
    """How long something holds, each time it does, within one series."""
    goes_on = np.zeros(len(holds), dtype=np.bool_)
    goes_on[1:] = holds[1:] & holds[:-1] & (series[1:] == series[:-1])
    run = np.cumsum(holds & ~goes_on)[holds]
    return np.bincount(run)[1:]


# ---- writing ----


def check_output(path: Path, source: Path) -> None:
    """Find out before the work whether flags can be written to ``path``.

    Raises FileRefused if its folder is missing or cannot be written in, and if what is there is
    the input, no file, or a file that was not written by `write_flags`.
    """
    folder = path.parent
    try:
        if not folder.is_dir():
            raise FileRefused(f"There is no folder {str(folder)!r} to write in.")
        if path.exists():
            _check_replaced(path, source)
    except OSError as error:
        raise _not_written(path, error) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileRefused(f"The folder {str(folder)!r} cannot be written in.")


def _check_replaced(path: Path, source: Path) -> None:
    if not path.is_file():
        raise FileRefused(f"{str(path)!r} is not a file.")
    if source.exists() and path.samefile(source):
        raise FileRefused("The output would replace the input. Give it another name.")
    header = (",".join(COLUMNS) + "\n").encode()
    with path.open("rb") as file:
        start = file.read(len(header))
    if start not in (b"", header):
        raise FileRefused(
            f"{str(path)!r} is there already, and no earlier output of this command. "
            "Remove it, or give the output another name."
        )


def write_flags(rows: RatingRows, assessed: Assessed, path: Path, *, advance: Advance) -> None:
    """Write one line per row, columns as in COLUMNS. The file appears whole or not at all.

    Raises FileRefused if it cannot be written.
    """
    try:
        with _replacing(path) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for begin in range(0, len(rows), BLOCK):
                block = slice(begin, begin + BLOCK)
                writer.writerows(_lines(rows, assessed, block))
                advance(len(rows.session[block]))
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> FileRefused:
    return FileRefused(f"{str(path)!r} cannot be written: {error.strerror}.")


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file beside ``path`` that takes its place at the end, or vanishes."""
    target = Path(os.path.realpath(path))  # a link stays a link
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".backtest-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, name)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _lines(rows: RatingRows, assessed: Assessed, block: slice) -> Iterator[list[Any]]:
    columns = zip(
        rows.episode[block].tolist(),
        rows.session[block].tolist(),
        rows.rater[block].tolist(),
        assessed.numbers[block].tolist(),
        assessed.flag[block].tolist(),
        assessed.facets[block].tolist(),
        assessed.onset[block].tolist(),
        assessed.status[block].tolist(),
        strict=True,
    )
    for episode, session, rater, numbers, flag, facets, onset, status in columns:
        driving = [facet for facet, drives in zip(FACETS, facets, strict=True) if drives]
        yield [
            rows.names[episode],
            session,
            RATERS[rater],
            *("" if number != number else number for number in numbers),  # noqa: PLR0124  NaN
            "" if FLAG_KINDS[flag] is FlagKind.NONE else FLAG_KINDS[flag].value,
            BETWEEN_FACETS.join(driving),
            onset or "",
            STATUSES[status].value,
        ]
