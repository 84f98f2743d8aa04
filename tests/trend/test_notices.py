"""What is worth a word and is no flag."""

from __future__ import annotations

import math

import numpy as np
import pytest

from measures.trend.notices import low_from_the_start, wide_gaps

NAN = math.nan


@pytest.mark.parametrize(
    ("scores", "is_low"),
    [
        ([4, 5], False),  # too few to say
        ([4, 5, 4], True),
        ([4, NAN, 5, 4], True),
        ([4, 5, 6, 4], True),  # one good one is not a level
        ([4, 5, 6, 6, 4], False),  # it was good: what follows is a change, if anything
        ([9, 9, 9, 4, 4, 4], False),
        ([NAN, NAN, NAN], False),
        ([], False),
    ],
)
def test_low_from_the_start_is_a_level_that_never_was_good(scores, is_low):
    assert low_from_the_start(np.array(scores, dtype=float))[-1:].any() == is_low


def test_people_who_always_differ_as_much_are_not_told_so():
    assert not wide_gaps(np.full(12, 9.0), np.full(12, 5.0))[3:].any()


def test_a_gap_of_either_sign_is_told_where_it_is_wide_for_these_two():
    client, counselor = np.full(8, 8.0), np.full(8, 7.5)
    client[6], counselor[7] = 3.0, 2.0
    gaps = wide_gaps(client, counselor)
    assert gaps[6] == -4.5
    assert not gaps[:6].any()


def test_two_who_come_closer_than_usual_have_no_wide_gap():
    client, counselor = np.full(10, 9.0), np.full(10, 4.0)
    counselor[9] = 9.0
    assert wide_gaps(client, counselor)[9] == 0


def test_what_is_missing_on_either_side_is_passed_over():
    client = np.array([8, NAN, 8, 8, 8, 2])
    counselor = np.array([7, 7, NAN, 7, 7, 8])
    assert wide_gaps(client, counselor).tolist() == [0, 0, 0, 0, 0, -6]


def test_gaps_that_are_only_noise_are_rarely_wide():
    rng = np.random.default_rng(4)
    usual = rng.normal(0.8, 1.5, (400, 1))
    wide = [wide_gaps(gap, np.zeros(20)) for gap in usual + rng.normal(0, 1.2, (400, 20))]
    assert np.mean(np.array(wide)[:, 3:] != 0) < 0.02
