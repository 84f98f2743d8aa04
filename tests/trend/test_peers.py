"""The comparison rules, the oracle and the measuring tools of the benchmark."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist, fmean, stdev

import numpy as np
import pytest

from tests.benchmarks import measuring, peers
from tests.benchmarks.generators import WORLDS, Weakening
from tests.benchmarks.oracle import Oracle, log_ratios

NAN = math.nan
SERIES = [8.0, 7.4, 8.3, NAN, 7.9, 6.0, 8.8, 8.1, 5.5]


def said(rule, series=SERIES):
    """Ask about a series next to another one, which must not matter."""
    table = np.array([series, np.linspace(9, 3, len(series))])
    return rule(table)[0]


def over(series, statistic):
    """Compute a statistic of the earlier ratings and this one by a plain loop."""
    out: list[float] = []
    earlier: list[float] = []
    for value in series:
        out.append(NAN if math.isnan(value) else statistic(earlier, value))
        if not math.isnan(value):
            earlier.append(value)
    return out


def t_density_below(t, freedom):
    grid = np.linspace(0, t, 20001)
    density = (1 + grid**2 / freedom) ** (-(freedom + 1) / 2)
    constant = math.gamma((freedom + 1) / 2) / (
        math.sqrt(freedom * math.pi) * math.gamma(freedom / 2)
    )
    return 0.5 + constant * float(np.trapezoid(density, grid))


# Distributions


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 16])
def test_student_t_against_the_integral_of_its_density(freedom):
    values = np.array([-4.0, -1.3, 0.0, 0.4, 2.5])
    expected = [t_density_below(t, freedom) for t in values]
    assert peers.t_cdf(values, freedom) == pytest.approx(expected, abs=1e-6)


def test_normal_quantile_against_the_standard_library():
    p = np.array([1e-8, 1e-4, 0.015, 0.5, 0.9, 0.9999])
    expected = [NormalDist().inv_cdf(each) for each in p]
    assert peers.normal_quantile(p) == pytest.approx(expected, abs=1e-4)


# Rules


def test_fixed_cut_off_goes_by_the_level():
    assert said(peers.FixedCutOff()) == pytest.approx([-s for s in SERIES], nan_ok=True)


def test_drop_since_the_last_rating():
    expected = [NAN, 0.6, -0.9, NAN, 0.4, 1.9, -2.8, 0.7, 2.6]
    assert said(peers.Drop()) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("reference", "ratings", "of"),
    [
        ("first", 1, lambda earlier: earlier[0]),
        ("first", 3, lambda earlier: fmean(earlier[:3])),
        ("first", 1000, fmean),
        ("last", 2, lambda earlier: fmean(earlier[-2:])),
        ("best", 1, max),
    ],
)
def test_reliable_change_from_its_reference(reference, ratings, of):
    rule = peers.ReliableChange(reference, ratings, within=1.0, retest=0.5)
    expected = over(SERIES, lambda earlier, y: of(earlier) - y if earlier else NAN)
    assert said(rule) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("quietest", [0.1, 1.0])
def test_individuals_chart(quietest):
    def chart(earlier, y):
        if len(earlier) < 3:
            return NAN
        jumps = [abs(b - a) for a, b in pairwise(earlier)]
        return (fmean(earlier) - y) / max(fmean(jumps) / 1.128, quietest)

    rule = peers.IndividualsChart(fewest=3, quietest=quietest)
    assert said(rule) == pytest.approx(over(SERIES, chart), nan_ok=True)


def test_self_starting_cusum():
    total = 0.0

    def cusum(earlier, y):
        nonlocal total
        if len(earlier) < 2:
            return NAN
        n = len(earlier) + 1
        t = math.sqrt((n - 1) / n) * (y - fmean(earlier)) / stdev(earlier)
        z = NormalDist().inv_cdf(t_density_below(t, n - 2))
        total = max(0.0, total - z - 0.5)
        return total

    expected = over(SERIES, cusum)
    assert said(peers.SelfStartingCusum()) == pytest.approx(expected, abs=1e-3, nan_ok=True)


def test_normal_scores_are_standard_normal_while_nothing_changes():
    steady = np.random.default_rng(3).normal(8, 1.3, (4000, 8))
    z = peers.SelfStartingCusum(quietest=1e-6).normal_scores(steady)[:, 2:]
    assert z.mean(axis=0) == pytest.approx(0, abs=0.06)
    assert z.std(axis=0) == pytest.approx(1, abs=0.04)
    assert np.corrcoef(z.T) == pytest.approx(np.eye(6), abs=0.06)


class Learner:
    """Normal-inverse-gamma, one rating at a time: level, l, a and b."""

    def __init__(self, prior):
        self.prior, self.level, self.l = prior, prior.mean, prior.weight
        self.a, self.b = prior.memory / 2, prior.memory / 2 * prior.variance

    def residual(self, y):
        return (y - self.level) / math.sqrt((self.l + 1) * self.b / (self.l * self.a))

    def learn(self, y):
        self.b += self.l * (y - self.level) ** 2 / (2 * (self.l + 1))
        self.level = (self.l * self.level + y) / (self.l + 1)
        self.l, self.a = self.l + 1, self.a + 0.5


def learned(prior, step):
    """Take in SERIES one by one; ``step(total, z, learner, count)`` from the second rating on."""
    learner, total, count, out = Learner(prior), 0.0, 0, []
    for session, value in enumerate(SERIES, start=1):
        y = value - prior.growth * math.log(session)
        if math.isnan(y):
            out.append(NAN)
            continue
        if count:
            total = step(total, learner.residual(y), learner)
        out.append(total if count else NAN)
        learner.learn(y)
        count += 1
    return out


def test_prc():
    fall, prior = 1.5, peers.Prior(memory=5.0)

    def step(total, z, known):
        away = z + fall * known.l / (known.l + 1)
        gain = math.log((2 * known.a + z**2) / (2 * known.a + away**2))
        return max(0.0, total + (known.a + 0.5) * gain)

    expected = learned(prior, step)
    assert said(peers.Prc(fall, prior)) == pytest.approx(expected, nan_ok=True)


def test_ewma_in_its_own_sd():
    rule = peers.Ewma(0.3, outlier=1.0, prior=peers.Prior(growth=0.1))
    averages = learned(rule.prior, lambda total, z, _: 0.7 * total + 0.3 * min(-z, 1.0))
    variance, expected = 0.0, []
    for average in averages:
        variance = variance if math.isnan(average) else 0.49 * variance + 0.09
        expected.append(average / math.sqrt(variance) if variance else NAN)
    assert said(rule) == pytest.approx(expected, nan_ok=True)


def test_channels_take_the_largest():
    rule = peers.Channels(peers.Drop(), peers.Drop(), weight=0.5)
    ratings = np.array([[[8, 8, 8], [8, 7, 2], [8, NAN, 1], [NAN, 8, NAN], [6, 6, 0.0]]])
    said = peers.evidence(rule, ratings)[0]
    assert said == pytest.approx([NAN, 3.0, 17 / 3 - 4.5, NAN, 1.0], nan_ok=True)


@pytest.mark.parametrize("name", peers.CANDIDATES)
def test_evidence_rests_on_what_came_before(name):
    rule = peers.CANDIDATES[name][0]
    rng = np.random.default_rng(8)
    ratings = WORLDS[0].but("gaps", missing=0.2).steady(rng, 30, 12).ratings
    full, part = peers.evidence(rule, ratings), peers.evidence(rule, ratings[:, :7])
    assert np.array_equal(full[:, :7], part, equal_nan=True)
    assert np.isnan(full[np.isnan(measuring.scores(ratings))]).all()


def test_every_rule_is_tuned_over_as_many_settings():
    counts = {len(rules) for rules in peers.CANDIDATES.values()}
    assert counts == {1, 12}
    assert all(len(set(rules)) == len(rules) for rules in peers.CANDIDATES.values())


# Measuring


def test_scores_need_two_facets():
    ratings = np.array([[9, 8, 7], [9, NAN, 8], [NAN, 5, NAN]])
    assert measuring.scores(ratings) == pytest.approx([8, 8.5, NAN], nan_ok=True)


def test_limits_give_the_hazard_they_were_made_for():
    steady = np.random.default_rng(5).standard_normal((4000, 10)).cumsum(axis=1)
    steady[np.random.default_rng(6).random(steady.shape) < 0.1] = NAN
    limits = measuring.session_limits(steady, 0.02)
    got = measuring.hazard(steady, limits)
    assert np.isinf(limits[:2]).all()
    assert got.overall == pytest.approx(2, abs=0.03)
    assert got.by_session[2:] == pytest.approx(2, abs=0.03)
    assert got.error == pytest.approx(100 * math.sqrt(0.02 * 0.98 / 25000), rel=0.1)


def test_ties_stay_below_the_hazard_and_meet_it_when_broken():
    steady = np.random.default_rng(5).integers(0, 4, (4000, 6)).astype(float)
    assert measuring.hazard(steady, measuring.session_limits(steady, 0.1)).overall == 0
    untied = measuring.untied(steady)
    got = measuring.hazard(untied, measuring.session_limits(untied, 0.1))
    assert got.overall == pytest.approx(10, abs=0.05)


def test_silence_is_never_flagged():
    steady = np.full((100, 5), -math.inf)
    steady[:, 3] = NAN
    limits = measuring.session_limits(steady, 0.1)
    assert limits.tolist() == [math.inf, math.inf, -math.inf, math.inf, -math.inf]
    assert measuring.first_flags(measuring.untied(steady), limits).tolist() == [-1] * 100


# Limits of 1 from the third session on: flagged at the 4th, never, 5th (6th too), 6th.
HAND_MADE = np.array(
    [
        [9, 9, 0, 2, 0, 0],
        [9, 9, 1, 1, NAN, 1],
        [0, 0, NAN, 0, 2, 2],
        [0, 0, 0, 0, 0, 3],
    ]
)
LIMITS = np.array([math.inf, math.inf, 1, 1, 1, 1])


def test_first_flags_by_hand():
    assert measuring.first_flags(HAND_MADE, LIMITS).tolist() == [3, -1, 4, 5]


def test_hazard_by_hand():
    got = measuring.hazard(HAND_MADE, LIMITS)
    assert got.overall == pytest.approx(100 * 3 / 11)
    assert got.error == pytest.approx(100 * math.sqrt(3 / 11 * 8 / 11 / 11))
    each = [NAN, NAN, 0, 25, 50, 50]
    assert got.by_session == pytest.approx(each, nan_ok=True)


@pytest.mark.parametrize(
    ("onset", "within", "found", "among"), [(4, 1, 1, 4), (4, 2, 2, 4), (5, 1, 1, 3), (5, 2, 2, 3)]
)
def test_detection_by_hand(onset, within, found, among):
    what = Weakening("made", onset, step=1.0, within=within)
    got = measuring.detection(HAND_MADE, LIMITS, what)
    assert got == measuring.Share.of(found, among)


def test_positive_predictive_value():
    assert measuring.positive_predictive_value(0.6, 0.015) == pytest.approx(0.545, abs=1e-3)


def test_what_is_tuned_finds_most():
    on = measuring.sample(WORLDS[0], 1, steady=400, weakened=100, sessions=12)
    rules = [peers.Prc(0.01), peers.Prc(1.5)]
    assert peers.tuned(rules, on) == rules[1]


# Oracle


def test_oracle_against_the_whole_covariance():
    what = Weakening("made", 3, step=1.0, slope=0.2, facet=1)
    world = WORLDS[1].but("gaps", missing=0.3)
    drawn = world.weakened(np.random.default_rng(4), 5, 6, what)
    drawn.ratings[2, 3, 0] = NAN
    got = log_ratios(drawn, what)
    lags = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    for person in range(5):
        common, carry_over = drawn.common[person], drawn.carry_over[person]
        covariance = np.kron(common * carry_over**lags, np.ones((3, 3)))
        covariance += 3 * (1 - common) * np.eye(18)
        usual = drawn.latent + drawn.within[:, None, None] * drawn.shift
        seen = ((drawn.noisy - usual)[person] / drawn.within[person]).ravel()
        rated = np.isfinite(drawn.ratings[person]).ravel()
        inverse = np.linalg.inv(covariance[np.ix_(rated, rated)])
        for onset in range(2, 7):
            fall = replace(what, onset=onset).fall(6).ravel()[rated]
            rest = seen[rated] + fall
            expected = (seen[rated] @ inverse @ seen[rated] - rest @ inverse @ rest) / 2
            assert got[person, -1, onset - 2] == pytest.approx(expected)


def test_oracle_sums_over_onsets_so_far():
    what = WORLDS[0].scenarios[0]
    drawn = WORLDS[0].weakened(np.random.default_rng(4), 7, 6, what)
    ratios = np.exp(log_ratios(drawn, what))
    every, late = np.exp(Oracle()(drawn, what)), np.exp(Oracle(latest=2)(drawn, what))
    assert (every[:, 0] == 0).all()
    assert every[:, 3] == pytest.approx(ratios[:, 3, :3].sum(axis=1))
    assert late[:, 3] == pytest.approx(ratios[:, 3, 1:3].sum(axis=1))
