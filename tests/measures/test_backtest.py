"""`manage.py backtest`: from a table of old ratings to flags and a summary, without a database."""

from __future__ import annotations

import csv
import io
import math
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.interchange import backtest
from measures.interchange.backtest import COLUMNS, NUMBERS, assess_rows, summarize
from measures.interchange.rating_rows import RATERS, RatingRows, read_rating_rows
from measures.management.progress import CLEAR_LINE, ELSEWHERE, progress
from measures.trend import FACETS, FLAG_KINDS, PRESETS, STATUSES, FlagKind, Sensitivity, assess_many

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = "episode,session,rater,respect,understanding,goals"
GOOD = "A,1,client,8,8,8"

Line = dict[str, str]


def nobody(_: int) -> None:
    """Nobody watches the progress."""


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def run(source: Path, *arguments: str | Path) -> str:
    out = io.StringIO()
    call_command("backtest", str(source), *map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal(source: Path, *arguments: str | Path) -> str:
    with pytest.raises(CommandError) as refused:
        run(source, *arguments)
    return str(refused.value)


def flags_of(source: Path, *arguments: str) -> list[Line]:
    output = source.with_name("flags.csv")
    run(source, "--output", output, *arguments)
    return read(output)


def read(output: Path) -> list[Line]:
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def made_up(seed: int, episodes: int = 12) -> dict[tuple[str, str], np.ndarray[Any, Any]]:
    """Ratings by episode and rater: some cells blank, some sessions not rated, some falls."""
    chance = np.random.default_rng(seed)
    made = {}
    for number in range(episodes):
        for rater in RATERS:
            length = int(chance.integers(1, 30))
            ratings = np.clip(8.5 + chance.normal(0, 0.8, (length, 3)), 0, 10)
            ratings[length // 2 : length // 2 + 4] -= 3 * (number % 2)
            ratings = np.clip(ratings, 0, 10)
            ratings[chance.random((length, 3)) < 0.1] = math.nan
            ratings[chance.random(length) < 0.1] = math.nan
            ratings[-1] = 7.25  # the last row makes the length
            made[f"Episode {number}", rater] = ratings
    return made


def lines_of(made: dict[tuple[str, str], np.ndarray[Any, Any]]) -> list[list[str]]:
    """As cells, sessions without any rating left out."""
    return [
        [episode, str(row + 1), rater, *("" if math.isnan(v) else repr(v) for v in values)]
        for (episode, rater), ratings in made.items()
        for row, values in enumerate(ratings.tolist())
        if not all(map(math.isnan, values))
    ]


# ---- what comes out ----


@pytest.mark.parametrize("sensitivity", list(Sensitivity))
def test_flags_are_those_of_the_engine_to_the_last_digit(tmp_path: Path, sensitivity: Sensitivity):
    made = made_up(1)
    lines = lines_of(made)
    source = write(tmp_path / "ratings.csv", *map(",".join, lines))
    found = flags_of(source, "--sensitivity", sensitivity.value)
    assert [list(line.values())[:3] for line in found] == [line[:3] for line in lines]
    for line in found:
        ratings = made[line["episode"], line["rater"]]
        parameters = PRESETS[line["rater"]]
        batch = assess_many(ratings[None], parameters=parameters, sensitivity=sensitivity)
        at = 0, int(line["session"]) - 1
        for name in NUMBERS:
            expected = float(getattr(batch, name)[at])
            assert line[name] == ("" if math.isnan(expected) else repr(expected))
        kind = FLAG_KINDS[batch.flag[at]]
        assert line["flag"] == ("" if kind is FlagKind.NONE else kind.value)
        driving = [facet for facet, drives in zip(FACETS, batch.facets[at], strict=True) if drives]
        assert line["facets"] == "+".join(driving)
        onset = int(batch.onset[at])
        assert line["onset"] == ("" if onset < 0 else str(onset + 1))
        assert line["status"] == STATUSES[batch.status[at]].value
    assert {line["flag"] for line in found} >= {"", "decline"}


def test_the_statistic_is_above_the_limit_exactly_when_flagged(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", *map(",".join, lines_of(made_up(2))))
    for line in flags_of(source):
        above = line["statistic"] != "" and float(line["statistic"]) > float(line["limit"])
        assert above == (line["flag"] != "") == (line["onset"] != "") == (line["facets"] != "")


CLOSE = "A,1,client,9,9,9", "A,2,client,9,9,8", "A,3,client,9,9,9"


def test_a_session_number_left_out_is_a_session_held_and_not_rated(tmp_path: Path):
    gap = write(tmp_path / "gap.csv", *CLOSE, "A,6,client,3,4,3")
    blank = write(tmp_path / "blank.csv", *CLOSE, "A,4,,,,", "A,5,,,,", "A,6,client,3,4,3")
    near = write(tmp_path / "near.csv", *CLOSE, "A,4,client,3,4,3")
    last, of_blank, of_near = flags_of(gap)[-1], flags_of(blank)[-1], flags_of(near)[-1]
    assert last == of_blank
    assert last["expected"] != of_near["expected"]
    assert (last["flag"], last["onset"]) == ("sharp_drop", "6")
    assert len(flags_of(blank)) == 6


def test_blank_raters_and_tables_without_raters_are_the_clients(tmp_path: Path):
    named = flags_of(write(tmp_path / "a.csv", "A,1,client,9,9,9", "A,2,Client,3,3,3"))
    blank = flags_of(write(tmp_path / "b.csv", "A,1,,9,9,9", "A,2, ,3,3,3"))
    header = "episode,session,respect,understanding,goals"
    absent = flags_of(write(tmp_path / "c.csv", "A,1,9,9,9", "A,2,3,3,3", header=header))
    assert named == blank == absent


def test_the_preset_is_for_the_client_alone(tmp_path: Path):
    raters = [*CLOSE, *(line.replace("client", "counselor") for line in CLOSE)]
    source = write(tmp_path / "ratings.csv", *raters)
    usual, other = flags_of(source), flags_of(source, "--preset", "counselor")
    assert usual[3:] == other[3:]
    assert usual[2]["expected"] != other[2]["expected"] == usual[5]["expected"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff{}".format(" Episode ,SESSION,Rater,Respect,understanding,Goals"),
        "episode,session,rater,respect,understanding,goals",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_headers_and_line_ends_of_any_program_are_understood(tmp_path: Path, text: str, end: str):
    lines = [text, '"A, ""Anna"" Ölç",01,client, 8.50 ,+9,1e1', "", ",,,,,", "A,2.0,client,.5,8.,"]
    source = tmp_path / "ratings.csv"
    source.write_text(end.join(lines), encoding="utf-8", newline="")
    first, second = flags_of(source)
    assert (first["episode"], first["session"]) == ('A, "Anna" Ölç', "1")
    assert float(first["score"]) == (8.5 + 9 + 10) / 3
    assert (second["session"], second["score"]) == ("2", "4.25")


def test_the_order_is_by_first_appearance_of_the_episode_then_rater_then_session(tmp_path: Path):
    lines = ["B,2,counselor,8,8,8", "A,1,client,8,8,8", "B,10,client,8,8,8", "B,9,client,8,8,8"]
    found = flags_of(write(tmp_path / "ratings.csv", *lines))
    keys = [(line["episode"], line["rater"], line["session"]) for line in found]
    assert keys[:3] == [("B", "client", "9"), ("B", "client", "10"), ("B", "counselor", "2")]
    assert keys[3:] == [("A", "client", "1")]
    assert list(found[0]) == list(COLUMNS)


def keyed(rows: list[Line]) -> dict[tuple[str, str, str], Line]:
    return {(row["episode"], row["rater"], row["session"]): row for row in rows}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), chance=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chance: random.Random
):
    folder = tmp_path_factory.mktemp("orders")
    lines = lines_of(made_up(seed, episodes=3))
    order = list(range(7))
    chance.shuffle(order)
    table = [[*HEADER.split(","), "room"], *([*line, "blue"] for line in lines)]
    rows = [[row[place] for place in order] for row in table]
    mixed = rows[1:]
    chance.shuffle(mixed)
    straight = write(folder / "straight.csv", *map(",".join, lines))
    permuted = write(
        folder / "permuted.csv", *(",".join(row) for row in mixed), header=",".join(rows[0])
    )
    assert keyed(flags_of(straight)) == keyed(flags_of(permuted))


def assessed_numbers(rows: RatingRows) -> Any:
    return assess_rows(
        rows, parameters=PRESETS, sensitivity=Sensitivity.STANDARD, advance=nobody
    ).numbers


def test_large_tables_are_assessed_in_parts_of_bounded_size(tmp_path: Path, monkeypatch: Any):
    source = write(tmp_path / "ratings.csv", *map(",".join, lines_of(made_up(3))))
    rows = read_rating_rows(source, advance=nobody)
    at_once = assessed_numbers(rows)
    sizes = []

    def watched(table: Any, **options: Any) -> Any:
        sizes.append(table.shape)
        return assess_many(table, **options)

    monkeypatch.setattr(backtest, "CELLS", 64)
    monkeypatch.setattr(backtest, "assess_many", watched)
    assert np.array_equal(assessed_numbers(rows), at_once, equal_nan=True)
    assert len(sizes) > 4
    assert all(episodes * sessions <= 64 for episodes, sessions, _ in sizes)


def test_a_long_episode_among_short_ones_does_not_pad_them(tmp_path: Path, monkeypatch: Any):
    lines = [f"{name},1,client,8,8,8" for name in range(20)]
    source = write(tmp_path / "ratings.csv", *lines, "long,2000,client,8,8,8")
    shapes = []

    def watched(table: Any, **options: Any) -> Any:
        shapes.append(table.shape)
        return assess_many(table, **options)

    monkeypatch.setattr(backtest, "assess_many", watched)
    assessed_numbers(read_rating_rows(source, advance=nobody))
    assert shapes == [(20, 1, 3), (1, 2000, 3)]


# ---- the summary ----


def cells_of(summary: str, label: str) -> list[str]:
    """What stands behind a label; the labels of rates occur twice."""
    lines = [line for line in summary.splitlines() if line.strip().startswith(label)]
    return [cell for line in lines for cell in line.strip().removeprefix(label).split()]


def test_the_summary_counts_flags_runs_and_repairs_by_rater(tmp_path: Path):
    steady = [f"B,{session},{rater},9,9,9" for session in range(1, 9) for rater in RATERS]
    falls = [9, 9, 8.5, 9, 3, 3, 9, 9, 9, 9, 9, 9]
    fallen = [f"A,{number},client,{v},{v},{v}" for number, v in enumerate(falls, start=1)]
    extra = ["C,1,client,9,,", "C,3,client,,,"]
    source = write(tmp_path / "ratings.csv", *fallen, *steady, *extra)
    summary = run(source)
    flagged = [line for line in flags_of(source) if line["flag"]]
    assert len(flagged) == 2
    assert summary.startswith("30 rows, 3 episodes. Sensitivity standard.")
    assert cells_of(summary, "Episodes")[:2] == ["3", "1"]
    assert cells_of(summary, "too short to say anything") == ["1", "0"]
    assert cells_of(summary, "Ratings") == ["21", "8"]
    assert cells_of(summary, "with too few answers for a score") == ["1", "0"]
    assert cells_of(summary, "Sessions held and not rated") == ["2", "0"]
    assert cells_of(summary, "Flagged ratings") == ["2", "0"]
    assert cells_of(summary, "sharp drop") == ["1", "0"]
    assert cells_of(summary, "decline") == ["1", "0"]
    assert cells_of(summary, "one facet") == ["0", "0"]
    assert cells_of(summary, "per 100 ratings") == ["9.52", "0.00", "4.76", "0.00"]
    weekly = "per counselor and week, 25 clients a week"
    assert cells_of(summary, weekly) == ["2.38", "0.00", "1.19", "0.00"]
    assert cells_of(summary, "share of all episodes") == ["33%", "0%"]
    assert cells_of(summary, "Runs of flagged ratings, one after the other") == ["1", "0"]
    assert cells_of(summary, "ratings in the longest") == ["2", "0"]
    assert cells_of(summary, "Repairs: back to usual after a flag") == ["1", "0"]
    assert "not whether a bond really weakened" in summary


def test_a_rater_who_is_not_there_has_no_column(tmp_path: Path):
    summary = run(write(tmp_path / "ratings.csv", GOOD))
    assert cells_of(summary, "Ratings") == ["1"]
    assert "Counselor:" not in summary


def test_a_rate_of_no_ratings_is_unknown_and_not_zero(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", "A,1,client,,,")
    assert cells_of(run(source), "per 100 ratings") == ["-", "-"]


def test_runs_end_with_the_episode_and_with_a_rating_that_is_not_flagged():
    """And with nothing else: neither a session left out nor a blank row is a rating."""
    rows = RatingRows(
        names=("A", "B"),
        episode=np.array([0, 0, 0, 0, 0, 1, 1], dtype=np.int32),
        rater=np.zeros(7, dtype=np.int8),
        session=np.array([1, 2, 3, 5, 6, 1, 2], dtype=np.int16),
        ratings=np.full((7, 3), 5.0),
    )
    rows.ratings[3] = math.nan
    assessed = backtest.Assessed(
        numbers=np.zeros((7, len(NUMBERS))),
        flag=np.array([1, 0, 2, 0, 1, 3, 0], dtype=np.int8),
        facets=np.zeros((7, 3), dtype=np.bool_),
        onset=np.zeros(7, dtype=np.int16),
        status=np.zeros(7, dtype=np.int8),
        versions={},
    )
    (found,) = summarize(rows, assessed)
    assert (found.runs, found.longest_run, found.flagged) == (3, 2, 4)
    assert (found.episodes_flagged, found.ratings, found.unrated) == (2, 6, 2)


# ---- what is refused ----

BAD_ROWS = [
    ("A,2,client,eight,8,8", "respect: 'eight' is not a number"),
    ("A,2,client,8,nan,8", "understanding: 'nan' is not a number"),
    ("A,2,client,8,8,-inf", "goals: '-inf' is not a number"),
    ("A,2,client,8,8,1_0", "'1_0' is not a number"),
    ("A,2,client,8,8,٨", "'٨' is not a number"),
    ("A,2,client,10.01,8,8", "respect: '10.01' is outside of 0 to 10"),
    ("A,2,client,8,-0.5,8", "'-0.5' is outside of 0 to 10"),
    ("A,2,client,8,8,1e999", "'1e999' is outside of 0 to 10"),
    ('A,2,client,"8,5",8,8', "respect: '8,5' has a decimal comma; write a point"),
    ("A,0,client,8,8,8", "the session, '0', is not a whole number from 1 up"),
    ("A,-1,client,8,8,8", "'-1', is not a whole number"),
    ("A,1.5,client,8,8,8", "'1.5', is not a whole number"),
    ("A,,client,8,8,8", "the session, '', is not a whole number"),
    ("A,2001,client,8,8,8", "the session, '2001', is above 2,000"),
    (f"A,{'9' * 5000},client,8,8,8", "is above 2,000"),
    ("A,2,therapist,8,8,8", "the rater, 'therapist', is neither client nor counselor"),
    (" ,2,client,8,8,8", "the episode is blank"),
    ('"A\nB",2,client,8,8,8', "the episode has a line break in it"),
    (GOOD, "the same episode, session and rater stand in line 2"),
    (" A,1.0,,7,,", "session and rater stand in line 2"),
    ("A,2,client,8,8", "it has 5 cells, and the header 6"),
    ("A,2,client,8,8,8,", "it has 7 cells, and the header 6"),
    ("A,2,client,8,8,8\0", "it has NUL bytes"),
    ('A,2,client,8,"8"x,8', "the quotation marks make no cells"),
    ('A,2,client,8,8,"8', "a quotation mark is left open"),
    (f"{'A' * 200_000},2,client,8,8,8", "a cell is longer than 131,072 characters"),
    ("A,2,client,\x1b[2J,8,8", r"'\x1b[2J' is not a number"),
    (f"A,2,client,{'x' * 90},8,8", "xxx...' is not a number"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_ROWS, ids=[reason for _, reason in BAD_ROWS])
def test_a_bad_row_is_refused_with_its_line_and_reason(tmp_path: Path, line: str, reason: str):
    source = write(tmp_path / "ratings.csv", GOOD, line)
    said = refusal(source, "--output", tmp_path / "flags.csv")
    assert "\nLine 3: " in said
    assert reason in said
    assert said.endswith("Nothing was written.")
    assert "\x1b" not in said
    assert list(tmp_path.iterdir()) == [source]


def test_bytes_that_are_not_utf_8_are_refused_wherever_they_stand(tmp_path: Path):
    source = tmp_path / "ratings.csv"
    source.write_bytes(f"{HEADER},name\nA,1,client,8,8,8,Zo".encode() + b"\xeb\n")
    assert "Line 2: it has bytes that are not UTF-8" in refusal(source)


@pytest.mark.parametrize(("date", "is_good"), [("2026-11-23", True), ("", True), ("1/2/26", False)])
def test_a_date_is_checked_where_there_is_one(tmp_path: Path, date: str, is_good: bool):
    source = write(tmp_path / "ratings.csv", f"{GOOD},{date}", header=f"{HEADER},date")
    if is_good:
        run(source)
    else:
        assert "Line 2: the date, '1/2/26', is not written as 2026-11-23." in refusal(source)


def test_all_reasons_of_a_row_are_said_together(tmp_path: Path):
    said = refusal(write(tmp_path / "ratings.csv", ",x,who,11,?,"))
    assert said.count("Line") == 1
    assert all(word in said for word in ("blank", "'x'", "'who'", "'11'", "'?'"))


def test_all_rows_are_checked_and_the_first_20_bad_ones_listed(tmp_path: Path):
    bad = [f"A,{session},client,11,8,8" for session in range(2, 42)]
    source = write(tmp_path / "ratings.csv", GOOD, GOOD, *bad, GOOD, "A,2,client,8,8,8")
    said = refusal(source).splitlines()
    assert said[1] == "Line 3: the same episode, session and rater stand in line 2."
    assert [line.split(":")[0] for line in said[1:21]] == [f"Line {n}" for n in range(3, 23)]
    assert said[21] == "and 23 more"


def test_a_line_number_is_that_of_the_file_whatever_its_cells_hold(tmp_path: Path):
    good = 'A,1,client,8,8,8,"a note\nof three\nlines"'
    source = write(tmp_path / "ratings.csv", good, "", "A,2,client,x,8,8,", header=f"{HEADER},note")
    assert "Line 6: respect" in refusal(source)


def test_reading_goes_on_after_a_row_that_cannot_be_read(tmp_path: Path):
    long = f"{'A' * 200_000},2,client,8,8,8"
    said = refusal(write(tmp_path / "ratings.csv", long, "A,2,client,x,8,8", '"A"B,2,,8,8,8'))
    assert "Line 2: a cell is longer" in said
    assert "Line 3: respect: 'x'" in said
    assert "Line 4: the quotation marks" in said


def test_one_endless_line_is_refused(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", "A" * 1_000_001)
    assert "A line has more than 1,000,000 characters" in refusal(source)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (HEADER.encode(), "has a header and no ratings"),
        (GOOD.encode(), "it does not name: episode, session, respect, understanding, goals"),
        (b"episode,session,respect,Goals\n", "it does not name: understanding"),
        (HEADER.replace(",", ";").encode(), "separate the cells by commas"),
        (HEADER.replace(",", "\t").encode(), "separate the cells by commas"),
        (f"{HEADER},Goals".encode(), "it names more than once: goals"),
        (f"{HEADER}\n{GOOD}".encode("utf-16"), "line 1, cannot be used: it has bytes that are not"),
        (f"{HEADER}\n{GOOD}".encode("utf-16-le"), "it has NUL bytes"),
        (f'{HEADER},"\n'.encode(), "a quotation mark is left open"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(tmp_path: Path, content: bytes, reason: str):
    source = tmp_path / "ratings.csv"
    source.write_bytes(content)
    assert reason in refusal(source)


def test_an_input_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: Any):
    assert "No such file" in refusal(tmp_path / "none.csv")
    assert "Is a directory" in refusal(tmp_path)

    def denied(*args: Any, **options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    source = write(tmp_path / "ratings.csv", GOOD)
    monkeypatch.setattr(Path, "open", denied)
    assert "cannot be read: Permission denied" in refusal(source)


def test_unknown_presets_and_sensitivities_are_refused_with_the_names(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", GOOD)
    said = refusal(source, "--preset", "warm")
    assert all(name in said for name in ("warm", *PRESETS))
    assert all(each.value in refusal(source, "--sensitivity", "max") for each in Sensitivity)


# ---- where it is written ----


def test_an_output_that_cannot_be_written_is_said_before_the_work(tmp_path: Path, monkeypatch: Any):
    source = write(tmp_path / "ratings.csv", GOOD)
    monkeypatch.setattr(backtest, "assess_many", None)
    assert "There is no folder" in refusal(source, "--output", tmp_path / "none" / "flags.csv")
    assert "There is no folder" in refusal(source, "--output", source / "flags.csv")
    assert "is not a file" in refusal(source, "--output", tmp_path)
    assert "File name too long" in refusal(source, "--output", tmp_path / ("f" * 300))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written in" in refusal(source, "--output", tmp_path / "flags.csv")


def test_the_input_is_never_replaced_whatever_it_is_called(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", GOOD)
    before = source.read_bytes()
    (tmp_path / "link.csv").symlink_to(source)
    (tmp_path / "hard.csv").hardlink_to(source)
    for name in ("ratings.csv", "link.csv", "hard.csv", "../" + tmp_path.name + "/ratings.csv"):
        assert "would replace the input" in refusal(source, "--output", tmp_path / name)
    assert source.read_bytes() == before


def test_only_an_earlier_output_is_replaced(tmp_path: Path):
    source, output = write(tmp_path / "ratings.csv", GOOD), tmp_path / "flags.csv"
    output.write_text("my notes", encoding="utf-8")
    assert "no earlier output" in refusal(source, "--output", output)
    assert output.read_text(encoding="utf-8") == "my notes"
    output.write_text("", encoding="utf-8")
    output.chmod(0o640)
    run(source, "--output", output)
    run(write(source, *CLOSE), "--output", output)
    assert len(read(output)) == 3
    assert output.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_output_stays_a_link(tmp_path: Path):
    source, link = write(tmp_path / "ratings.csv", GOOD), tmp_path / "link.csv"
    (tmp_path / "elsewhere").mkdir()
    link.symlink_to(tmp_path / "elsewhere" / "flags.csv")
    run(source, "--output", link)
    assert link.is_symlink()
    assert len(read(tmp_path / "elsewhere" / "flags.csv")) == 1


def test_bad_rows_leave_an_earlier_output_as_it_was(tmp_path: Path):
    source, output = write(tmp_path / "ratings.csv", GOOD), tmp_path / "flags.csv"
    run(source, "--output", output)
    before = output.read_bytes()
    refusal(write(source, GOOD, "A,2,client,x,8,8"), "--output", output)
    assert output.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [output, source]


def test_a_full_disk_leaves_an_earlier_output_as_it_was(tmp_path: Path, monkeypatch: Any):
    source, output = write(tmp_path / "ratings.csv", GOOD), tmp_path / "flags.csv"
    run(source, "--output", output)
    before = output.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = refusal(write(source, *CLOSE), "--output", output)
    assert "cannot be written: No space left on device" in said
    assert output.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == [output, source]


def test_without_an_output_nothing_is_written(tmp_path: Path):
    source = write(tmp_path / "ratings.csv", GOOD)
    run(source)
    assert list(tmp_path.iterdir()) == [source]


# ---- as a command of its own ----


def test_no_database_is_needed_and_a_refusal_is_an_exit_code(tmp_path: Path):
    source, folder = write(tmp_path / "ratings.csv", *CLOSE), tmp_path / "no" / "such"
    bad = write(tmp_path / "bad.csv", "A,1,client,x,8,8")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
    }
    good, refused = (
        subprocess.run(
            [sys.executable, "manage.py", "backtest", path, "--output", tmp_path / "flags.csv"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        for path in (source, bad)
    )
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith(f"3 rows written to '{tmp_path / 'flags.csv'}'.\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Line 2: respect: 'x' is not a number." in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(read(tmp_path / "flags.csv")) == 3
    assert not folder.parent.exists()


# ---- progress ----


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_rewrites_one_line_of_a_terminal_and_clears_it_even_after_an_error():
    screen, clock = Screen(), Clock()

    def work() -> None:
        with progress(OutputWrapper(screen), "Rows", 2_000, clock=clock) as advance:
            advance(10)
            clock.now = 1
            advance(990)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert screen.getvalue() == f"{CLEAR_LINE}Rows: 1,000 of 2,000 (50%){CLEAR_LINE}"


def test_progress_elsewhere_is_a_line_now_and_then():
    log, clock = io.StringIO(), Clock()
    with progress(OutputWrapper(log), "Rows read", clock=clock) as advance:
        for _ in range(5):
            clock.now += ELSEWHERE / 2
            advance(1_000)
    assert log.getvalue() == "Rows read: 2,000\nRows read: 4,000\n"


def test_quick_work_says_nothing():
    screen, clock = Screen(), Clock()
    with progress(OutputWrapper(screen), "Rows", 10, clock=clock) as advance:
        advance(10)
    assert screen.getvalue() == ""
