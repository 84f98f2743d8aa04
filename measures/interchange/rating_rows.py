"""A table of ratings from elsewhere, as CSV: read whole, or refused with every reason.

Values are kept in arrays, about 50 bytes a row, so that a million rows fit easily.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TextIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from measures.trend import FACETS

RATERS = ("client", "counselor")
NEEDED = ("episode", "session", *FACETS)
OPTIONAL = ("rater", "date")
LAST_SESSION = 2000  # one row with a slip of the keyboard must not make a huge episode
LISTED = 20
LONGEST_LINE = 1_000_000
BLOCK = 5_000  # rows between two words to whoever shows the progress

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE_NUMBER = re.compile(r"0*([1-9][0-9]*)(\.0*)?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
UNDECODABLE = re.compile("[\udc80-\udcff]")

Advance = Callable[[int], None]
Parsed = TypeVar("Parsed")


class FileRefused(ValueError):
    """A file cannot be read or written; the text says why, to the person who named it."""


@dataclass(frozen=True, slots=True, eq=False)
class RatingRows:
    """Ratings as they were read, one entry per row, by episode, rater and session.

    names    of the episodes, in the order of their first rows
    episode  position in ``names``
    rater    position in RATERS
    session  number within the episode, from 1
    ratings  points on 0-10, shape (rows, 3), NaN where missing
    """

    names: tuple[str, ...]
    episode: NDArray[np.int32]
    rater: NDArray[np.int8]
    session: NDArray[np.int16]
    ratings: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.session)


def read_rating_rows(path: Path, *, advance: Advance) -> RatingRows:
    """Read a table of ratings; ``advance`` is told the number of rows read since it last was.

    Raises FileRefused if the file cannot be opened, is no such table, or has a bad row: then with
    the line and the reasons of the first LISTED of them.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return _read(path, file, advance)
    except OSError as error:
        raise FileRefused(f"{str(path)!r} cannot be read: {error.strerror}.") from error


def _read(path: Path, file: TextIO, advance: Advance) -> RatingRows:
    lines = _numbered_rows(file)
    header = next(lines, None)
    if header is None:
        raise FileRefused(f"{str(path)!r} is empty.")
    table = _Table(_Columns(header))
    for count, row in enumerate(lines, start=1):
        table.add(row)
        if count % BLOCK == 0:
            advance(BLOCK)
    rows = table.rows()
    if problem := table.complaints.text():
        raise FileRefused(f"{str(path)!r} cannot be used:\n{problem}")
    if not len(rows):
        raise FileRefused(f"{str(path)!r} has a header and no ratings.")
    return rows


# ---- lines and cells ----


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of a row, the line it begins at, and why it is no row at all."""

    line: int
    cells: Sequence[str] = ()
    problem: str = ""


def _numbered_rows(file: TextIO) -> Iterator[_Row]:
    """Every row that is not blank. After one that cannot be read, reading goes on."""
    reader = csv.reader(_lines(file), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _Row(line, problem=_csv_problem(error))
            continue
        if any(map(str.strip, cells)):
            yield _Row(line, cells, _text_problem(cells))


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE and not line.endswith(("\r", "\n")):
            raise FileRefused(
                f"A line has more than {LONGEST_LINE:,} characters: this is no table of ratings."
            )
        yield line


def _csv_problem(error: csv.Error) -> str:
    if "field limit" in str(error):
        longest = csv.field_size_limit()
        return f"a cell is longer than {longest:,} characters; is a quotation mark left open?"
    if "unexpected end" in str(error):
        return "a quotation mark is left open"
    return f"the quotation marks make no cells ({error})"


def _text_problem(cells: Iterable[str]) -> str:
    text = "".join(cells)
    if text.isascii() and "\0" not in text:
        return ""
    if UNDECODABLE.search(text):
        return "it has bytes that are not UTF-8; save the file as UTF-8"
    return "it has NUL bytes; save the file as UTF-8" if "\0" in text else ""


class _Columns:
    """Where the columns stand, by the header."""

    def __init__(self, header: _Row) -> None:
        names = [cell.strip().lower() for cell in header.cells]
        problem = header.problem or self._problem(names)
        if problem:
            raise FileRefused(f"The header, line {header.line}, cannot be used: {problem}.")
        self.width = len(names)
        self.places = {name: names.index(name) for name in (*NEEDED, *OPTIONAL) if name in names}

    @staticmethod
    def _problem(names: Sequence[str]) -> str:
        counts = Counter(names)
        twice = [name for name in (*NEEDED, *OPTIONAL) if counts[name] > 1]
        if twice:
            return f"it names more than once: {', '.join(twice)}"
        missing = [name for name in NEEDED if not counts[name]]
        if not missing:
            return ""
        hint = "; separate the cells by commas" if re.search("[;\t]", names[0]) else ""
        return f"it does not name: {', '.join(missing)}{hint}"


# ---- values ----


def _episode(text: str) -> str:
    if not text:
        raise ValueError("the episode is blank")
    if "\n" in text or "\r" in text:
        raise ValueError("the episode has a line break in it; is a quotation mark left open?")
    return text


def _session(text: str) -> int:
    match = WHOLE_NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"the session, {_shown(text)}, is not a whole number from 1 up")
    if len(match[1]) > 9 or int(match[1]) > LAST_SESSION:
        raise ValueError(f"the session, {_shown(text)}, is above {LAST_SESSION:,}; count from 1")
    return int(match[1])


def _rater(text: str) -> int:
    try:
        return RATERS.index(text.lower() or RATERS[0])
    except ValueError:
        known = " nor ".join(RATERS)
        raise ValueError(f"the rater, {_shown(text)}, is neither {known}") from None


def _date(text: str) -> None:
    if text:
        try:
            dt.date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"the date, {_shown(text)}, is not written as 2026-11-23") from None


@lru_cache(maxsize=2_000)  # ratings repeat
def _rating(text: str) -> float:
    if not text:
        return np.nan
    if DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{_shown(text)} has a decimal comma; write a point")
    if not NUMBER.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a number")
    value = float(text)
    if not 0 <= value <= 10:
        raise ValueError(f"{_shown(text)} is outside of 0 to 10")
    return value


def _shown(text: str) -> str:
    """What stood there, short, and harmless to a terminal."""
    return repr(text if len(text) <= 30 else text[:27] + "...")


# ---- the whole ----


class _Table:
    """Takes rows in, as numbers, and what is wrong with them."""

    def __init__(self, columns: _Columns) -> None:
        self.columns = columns
        self.complaints = _Complaints()
        self.names: dict[str, int] = {}
        self.line, self.episode, self.session = array("q"), array("i"), array("h")
        self.rater, self.ratings = array("b"), array("d")

    def add(self, row: _Row) -> None:
        """Take in a row, for its key even if its ratings are bad: its double is bad as well."""
        problem = row.problem or self._width_problem(row)
        if problem:
            self.complaints.add(row.line, [problem])
            return
        cells = _Cells(self.columns.places, row.cells)
        episode = cells.read("episode", _episode)
        session = cells.read("session", _session)
        rater = cells.read("rater", _rater)
        cells.read("date", _date)
        ratings = [cells.read_rating(facet) for facet in FACETS]
        if cells.reasons:
            self.complaints.add(row.line, cells.reasons)
        if episode is None or session is None or rater is None:
            return
        self.line.append(row.line)
        self.episode.append(self.names.setdefault(episode, len(self.names)))
        self.session.append(session)
        self.rater.append(rater)
        self.ratings.extend(ratings)

    def _width_problem(self, row: _Row) -> str:
        found, wanted = len(row.cells), self.columns.width
        return "" if found == wanted else f"it has {found} cells, and the header {wanted}"

    def rows(self) -> RatingRows:
        """Put the rows in order; what is there twice is complained of."""
        episode = np.array(self.episode, dtype=np.int32)
        rater = np.array(self.rater, dtype=np.int8)
        session = np.array(self.session, dtype=np.int16)
        order = np.lexsort((session, rater, episode))
        rows = RatingRows(
            names=tuple(self.names),
            episode=episode[order],
            rater=rater[order],
            session=session[order],
            ratings=np.array(self.ratings, dtype=np.float64).reshape(-1, len(FACETS))[order],
        )
        self._complain_of_doubles(rows, np.array(self.line, dtype=np.int64)[order])
        return rows

    def _complain_of_doubles(self, rows: RatingRows, line: NDArray[np.int64]) -> None:
        keys = (rows.episode, rows.rater, rows.session)
        is_double = np.zeros(len(rows), dtype=np.bool_)
        is_double[1:] = np.logical_and.reduce([key[1:] == key[:-1] for key in keys])
        first = np.maximum.accumulate(np.where(is_double, 0, np.arange(len(rows))))
        doubles = np.flatnonzero(is_double)
        for double in doubles[np.argsort(line[doubles])].tolist():
            earlier = line[first[double]]
            reason = f"the same episode, session and rater stand in line {earlier}"
            self.complaints.add(int(line[double]), [reason])


class _Cells:
    """One row's cells, read by the names of their columns; what cannot be read is None."""

    def __init__(self, places: dict[str, int], cells: Sequence[str]) -> None:
        self.places = places
        self.cells = cells
        self.reasons: list[str] = []

    def read(self, name: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        place = self.places.get(name)
        try:
            return parse("" if place is None else self.cells[place].strip())
        except ValueError as error:
            self.reasons.append(str(error))
            return None

    def read_rating(self, facet: str) -> float:
        try:
            return _rating(self.cells[self.places[facet]].strip())
        except ValueError as error:
            self.reasons.append(f"{facet}: {error}")
            return np.nan


class _Complaints:
    """What is wrong, by line. All bad lines are counted, the reasons of the first are kept."""

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self.reasons: dict[int, list[str]] = {}

    def add(self, line: int, reasons: Sequence[str]) -> None:
        self.lines.add(line)
        self.reasons.setdefault(line, []).extend(reasons)
        if len(self.reasons) > LISTED:
            del self.reasons[max(self.reasons)]

    def text(self) -> str:
        """The first LISTED bad lines and the number of the others; empty when there are none."""
        listed = sorted(self.reasons)
        texts = [f"Line {line}: {'; '.join(self.reasons[line])}." for line in listed]
        others = len(self.lines) - len(listed)
        return "\n".join([*texts, f"and {others:,} more"] if others else texts)
