"""What is measured of the engine's flags, study by study; each returns a section of the report."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measures.trend import FLAG_KINDS, PRESETS, STATUSES, FlagKind, Sensitivity, Status, assess_many
from measures.trend.engine import statistics
from measures.trend.fitting import fit_parameters
from measures.trend.parameters import Parameters
from measures.trend.ruptures import draw_falls, is_below
from tests.benchmarks import peers
from tests.benchmarks.generators import Table, Weakening, World
from tests.benchmarks.measuring import (
    Sample,
    Share,
    detection,
    detections,
    detections_foretold,
    first_flags,
    hazard,
    mean_share,
    positive_predictive_value,
    sample,
)
from tests.benchmarks.oracle import Oracle

TUNING, REPORTED = 101, 202  # seeds
CLIENT = PRESETS["client"]
SESSIONS = 20

CHANNELS = "three channels"  # as rules go, three of them

Codes = NDArray[np.int8]
WEEKLY_CLIENTS = 25
MOOD = Path(__file__).parents[3] / "shared" / "data" / "mood_ratings" / "ratings.dat"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def percent(share: Share | float) -> str:
    value = share.value if isinstance(share, Share) else share
    return "-" if np.isnan(value) else f"{100 * value:.0f}"


def with_error(share: Share) -> str:
    return f"{100 * share.value:.1f} ± {100 * share.error:.1f}"


def engine_evidence(ratings: Table, parameters: Parameters = CLIENT) -> Table:
    return statistics(ratings, parameters.population)


def at_limits(
    evidence: Table, parameters: Parameters = CLIENT, at: Sensitivity = Sensitivity.STANDARD
) -> tuple[Table, Table]:
    return evidence, parameters.limits.at(at, evidence.shape[1])


# ---- everything at one hazard ----


def equal_hazard(world: World) -> str:
    """Engine, peers and oracle with limits per session at 1.5 false alarms per 100."""
    tuning = sample(world, TUNING, steady=6000, weakened=1500)
    on = sample(world, REPORTED, steady=24000, weakened=6000)
    found = {"**this engine**": detections(engine_evidence, on)}
    for name, candidates in peers.CANDIDATES.items():
        found[name] = peers.found(peers.tuned(candidates, tuning), on)
    found["oracle, told person and shape"] = detections_foretold(Oracle(), on)
    names = [what.name for what in world.scenarios]
    means = {name: mean_share(each, world.scenarios) for name, each in found.items()}
    rows = [
        [name, *(percent(each[what]) for what in names), with_error(means[name])]
        for name, each in found.items()
    ]
    return "\n".join(
        [
            f"### {world.name.capitalize()} generator\n",
            table(["", *names, "mean"], rows),
            _against_peers(found, means, names),
        ]
    )


def _against_peers(
    found: dict[str, dict[str, Share]], means: dict[str, Share], names: list[str]
) -> str:
    ours, *others, oracle = found
    best = max(others, key=lambda name: means[name].value)
    single = max((name for name in others if name != CHANNELS), key=lambda name: means[name].value)
    gaps = {
        what: found[ours][what].value - max(found[name][what].value for name in others)
        for what in names
    }
    worst = min(gaps, key=lambda what: gaps[what])
    return (
        f"Best single rule: {single}; this engine finds "
        f"{means[ours].value / means[single].value:.2f} times as much. Best of all, the three "
        f"channels included: {best}, {means[ours].value / means[best].value:.2f} times. It finds "
        f"{means[ours].value / means[oracle].value:.2f} of what the oracle finds. "
        f"Against the best peer of each scenario it is worst at {worst}: "
        f"{100 * gaps[worst]:+.1f} points.\n"
    )


# ---- at the limits that are shipped ----


def shipped(world: World) -> str:
    """False alarms and what is found at the presets' limits."""
    on = sample(world, REPORTED, steady=6000, weakened=1500, sessions=SESSIONS)
    steady = engine_evidence(on.steady.ratings)
    weakened = [(what, engine_evidence(drawn.ratings)) for what, drawn in on.weakened]
    rows = []
    for at in Sensitivity:
        false = hazard(*at_limits(steady, at=at))
        found = {what.name: detection(*at_limits(each, at=at), what) for what, each in weakened}
        mean = mean_share(found, world.scenarios)
        ppv = positive_predictive_value(mean.value, false.overall / 100)
        rows.append(
            [
                at.value,
                f"{false.overall:.2f} ± {false.error:.2f}",
                *(percent(share) for share in found.values()),
                with_error(mean),
                f"{ppv:.2f}",
            ]
        )
    head = ["sensitivity", "false alarms per 100", *(what.name for what in world.scenarios)]
    return f"### {world.name.capitalize()} generator\n\n" + table(
        [*head, "mean", "share of flags that are right"], rows
    )


def over_time(world: World) -> str:
    """False alarms by session, and how soon a step of 2 SD is found, at standard."""
    rng = np.random.default_rng(REPORTED)
    evidence, limits = at_limits(engine_evidence(world.steady(rng, 8000, 40).ratings))
    first = first_flags(evidence, limits)
    by_session = hazard(evidence, limits).by_session
    spans = {"3-5": (2, 5), "6-10": (5, 10), "11-20": (10, 20), "21-40": (20, 40)}
    false = [
        "False alarms per 100 by session: "
        + ", ".join(f"{name} {np.nanmean(by_session[a:b]):.2f}" for name, (a, b) in spans.items()),
        (
            "steady clients with any false flag by session 10: "
            f"{percent(float(((first >= 0) & (first < 10)).mean()))} %, by session 20: "
            f"{percent(float(((first >= 0) & (first < 20)).mean()))} %"
        ),
        (
            f"flags a counselor sees a week, {WEEKLY_CLIENTS} steady weekly clients: "
            f"{WEEKLY_CLIENTS * np.nanmean(evidence[:, 2:] > limits[2:]):.2f}"
        ),
    ]
    rows = []
    for onset in (3, 6, 10, 20):
        what = Weakening(f"{onset}", onset, step=2.0)
        drawn = world.weakened(rng, 2000, onset + 20, what)
        seen = at_limits(engine_evidence(drawn.ratings))
        within = [detection(*seen, Weakening("", onset, within=n)) for n in (1, 3, 6)]
        late = first_flags(*seen) - (onset - 1)
        found = (late >= 0) & (late < 12)
        rows.append(
            [f"{onset}", *(percent(share) for share in within), f"{late[found].mean() + 1:.1f}"]
        )
    head = ["onset at session", "found within 1", "within 3", "within 6", "sessions until found"]
    return (
        f"### {world.name.capitalize()} generator\n\n{'; '.join(false)}.\n\n"
        "A step of 2 SD that stays, at standard; sessions until found among those found within "
        "12, the onset's own counted.\n\n" + table(head, rows)
    )


def sweep(world: World) -> str:
    """False alarms when people are otherwise than assumed, at standard."""
    p = world.settings
    changes: dict[str, dict[str, float]] = {
        "as it is": {},
        "rounded to .5": {"rounding": 0.5},
        "rounded to 1": {"rounding": 1.0},
        "5 % missing": {"missing": 0.05},
        "35 % missing": {"missing": 0.35},
        "mean 7": {"mean": 7.0},
        "mean 7.5": {"mean": 7.5},
        "mean 9.2": {"mean": 9.2},
        "between .8": {"between": 0.8},
        "between 1.7": {"between": 1.7},
        "noise x .7": {"within": 0.7 * p.within},
        "noise x 1.4": {"within": 1.4 * p.within},
        "noise .5": {"within": 0.5},
        "noise 1.3": {"within": 1.3},
        "spread of noise .3": {"spread": 0.3},
        "spread of noise .5": {"spread": 0.5},
        "no growth": {"growth": 0.0},
        "growth .5": {"growth": 0.5},
        "growth -.1": {"growth": -0.1},
    }
    if world.name == "first":  # the second draws these anew for every person
        changes |= {
            "carry-over 0": {"carry_over": 0.0},
            "carry-over .5": {"carry_over": 0.5},
            "reliability .45": {"reliability": 0.45},
            "reliability .75": {"reliability": 0.75},
            "facets alike": {"reliability": 0.999, "facet_r": 0.999},
        }
    rows = []
    for name, change in changes.items():
        drawn = world.but(world.name, **change).steady(np.random.default_rng(REPORTED), 3000, 20)
        false = hazard(*at_limits(engine_evidence(drawn.ratings)))
        rows.append([name, f"{false.overall:.2f} ± {false.error:.2f}"])
    return f"### {world.name.capitalize()} generator\n\n" + table(
        ["people", "false alarms per 100"], rows
    )


def who(world: World) -> str:
    """False alarms by what people are like, at standard."""
    drawn = world.steady(np.random.default_rng(REPORTED), 16000, SESSIONS)
    evidence, limits = at_limits(engine_evidence(drawn.ratings))
    top = (drawn.ratings >= 9.95).mean(axis=(1, 2))
    level = np.nanmean(drawn.latent, axis=(1, 2))
    quarters = np.quantile(drawn.within, [0.25, 0.5, 0.75])
    groups = {
        **{f"own SD, quarter {n + 1}": np.digitize(drawn.within, quarters) == n for n in range(4)},
        "level below 7": level < 7,
        "level 7 to 9": (level >= 7) & (level < 9),
        "level 9 and above": level >= 9,
        "top marks in under 5 % of answers": top < 0.05,
        "in 5 to 50 %": (top >= 0.05) & (top < 0.5),
        "in half and more": top >= 0.5,
    }
    rows = []
    for name, members in groups.items():
        false = hazard(evidence[members], limits)
        rows.append(
            [name, percent(float(members.mean())), f"{false.overall:.2f} ± {false.error:.2f}"]
        )
    return f"### {world.name.capitalize()} generator\n\n" + table(
        ["people", "% of all", "false alarms per 100"], rows
    )


# ---- real ratings ----


def mood_scores() -> Table | None:
    """The composite of public mood ratings, (people, 20), on 0-10; None where it is not there."""
    if not MOOD.exists():
        return None
    people: dict[str, list[float]] = {}
    for line in MOOD.read_text(encoding="utf-8").splitlines():
        if cells := line.split():
            composite = (float(cells[1]) + 11 - float(cells[2])) / 2
            people.setdefault(cells[0], []).append(composite)
    first = [each[:SESSIONS] for each in people.values() if len(each) >= SESSIONS]
    return np.clip(np.array(first), 0.0, 10.0)


def real_ratings() -> str:
    """False alarms on real ratings; half of the people were held back from every choice."""
    composite = mood_scores()
    if composite is None:
        return "Not measured: the mood ratings are not there.\n"
    chosen = np.random.default_rng(7).permutation(len(composite)) < len(composite) // 2
    rng = np.random.default_rng(3)
    rows = []
    for half, score in (("looked at", composite[chosen]), ("held back", composite[~chosen])):
        noise = rng.standard_normal((*score.shape, 3)) * np.sqrt(1.14)
        noise -= noise.mean(axis=2, keepdims=True)
        contrasts = noise * score.std(axis=1, ddof=1)[:, np.newaxis, np.newaxis]
        apart = np.clip(score[..., np.newaxis] + contrasts, 0, 10)
        for facets, ratings in (
            ("one answer, given three times", np.repeat(score[..., np.newaxis], 3, axis=2)),
            ("differences between facets made up", apart),
        ):
            evidence = engine_evidence(ratings)
            each = [hazard(*at_limits(evidence, at=at)) for at in Sensitivity]
            rows.append(
                [half, facets, *(f"{false.overall:.2f} ± {false.error:.2f}" for false in each)]
            )
    return table(["people", "facets", *(at.value for at in Sensitivity)], rows)


# ---- probability, attribution, recovery ----


def probability(world: World) -> str:
    """How honest the probability of being below the baseline is, and what else is told."""
    rng = np.random.default_rng(REPORTED)
    falls = draw_falls(rng, 6000, SESSIONS)
    drawn = world.draw(rng, len(falls), SESSIONS, falls, world.settings)
    told = assess_many(drawn.ratings)
    truth = is_below(falls)
    judged = ~np.isnan(told.probability)
    said, true = told.probability[judged], truth[judged]
    edges = np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0001])
    rows, error = [], 0.0
    for low, high in itertools.pairwise(edges):
        members = (said >= low) & (said < high)
        if members.sum() < 30:
            continue
        error += abs(said[members].mean() - true[members].mean()) * members.mean()
        rows.append(
            [
                f"{low:.2f}-{min(high, 1):.2f}",
                f"{members.sum():,}",
                f"{said[members].mean():.2f}",
                f"{true[members].mean():.2f}",
            ]
        )
    steady = assess_many(world.steady(rng, 3000, SESSIONS).ratings)
    inside = (steady.score >= steady.low) & (steady.score <= steady.high)
    covered = inside[~np.isnan(steady.low)].mean()
    return "\n".join(
        [
            f"### {world.name.capitalize()} generator\n",
            table(["said", "sessions", "mean of what is said", "truly below"], rows),
            (
                f"Mean distance of said and true: {error:.3f}. "
                f"Steady people's scores within the band of 90 %: {100 * covered:.1f} %.\n"
            ),
            _attribution(world),
            _recovery(told.status, told.flag, truth),
        ]
    )


def _attribution(world: World) -> str:
    """What is right among weakenings flagged in time: onset, and one facet or all."""
    rng = np.random.default_rng(REPORTED + 1)
    together = world.weakened(rng, 4000, 14, Weakening("", 8, step=2.5))
    alone = world.weakened(rng, 4000, 14, Weakening("", 8, step=3.0, facet=2))
    facet = FLAG_KINDS.index(FlagKind.FACET)
    lines = []
    for name, drawn in (("of all facets (2.5 SD)", together), ("of one (3 SD)", alone)):
        told = assess_many(drawn.ratings, sensitivity=Sensitivity.HIGH)
        first = np.where((told.flag > 0).any(axis=1), (told.flag > 0).argmax(axis=1), -1)
        found = (first >= 7) & (first < 10)
        at = (np.flatnonzero(found), first[found])
        near = np.abs(told.onset[at] - 7) <= 1
        is_facet = told.flag[at] == facet
        right = is_facet & told.facets[(*at, np.full(len(at[0]), 2))]
        lines.append(
            f"{name}: onset within a session of the true one {percent(float(near.mean()))} %, "
            f"called one facet {percent(float(is_facet.mean()))} %"
            + (f", the right one {percent(float(right.mean()))} %" if "one" in name else "")
        )
    return f"Flagged within 3 sessions (high sensitivity), steps {'; steps '.join(lines)}.\n"


def _recovery(status: Codes, flag: Codes, truth: NDArray[np.bool_]) -> str:
    repaired = status == STATUSES.index(Status.REPAIRED)
    begins = repaired[:, 1:] & ~repaired[:, :-1]
    still = truth[:, 1:] | truth[:, :-1]
    wrong = (begins & still).sum() / max(begins.sum(), 1)
    flagged_before = np.logical_or.accumulate(flag > 0, axis=1)
    back = flagged_before[:, :-5] & (flag[:, :-5] == 0) & truth[:, :-5]
    for ahead in range(1, 6):
        back = back & ~truth[:, ahead : truth.shape[1] - 5 + ahead]
    soon = np.any([repaired[:, a : repaired.shape[1] - 5 + a] for a in range(1, 6)], axis=0)
    told = soon[back].mean() if back.any() else np.nan
    return (
        f"“Back to usual” said while it is, or was a session ago, still below: {percent(wrong)} %. "
        f"After a flag, bonds that truly came back and stayed: told within 5 sessions "
        f"{percent(float(told))} %.\n"
    )


# ---- an organization's own limits ----


def own_limits(world: World, episodes: int) -> Sequence[str]:
    """What an organization gains by its own ratings; a row of a table."""
    rng = np.random.default_rng(REPORTED + episodes)
    own = world.steady(rng, episodes, 18).ratings
    parameters = fit_parameters("own", own, preset=CLIENT)
    on = sample(world, REPORTED, steady=6000, weakened=1500)
    evidence = partial(engine_evidence, parameters=parameters)
    steady = evidence(on.steady.ratings)
    false = hazard(*at_limits(steady, parameters))
    found = _found_at(parameters, on)
    before = _found_at(CLIENT, on)
    return [
        world.name,
        f"{episodes}",
        f"{false.overall:.2f} ± {false.error:.2f}",
        with_error(mean_share(found, world.scenarios)),
        with_error(mean_share(before, world.scenarios)),
    ]


def _found_at(parameters: Parameters, on: Sample) -> dict[str, Share]:
    return {
        what.name: detection(
            *at_limits(engine_evidence(drawn.ratings, parameters), parameters), what
        )
        for what, drawn in on.weakened
    }
