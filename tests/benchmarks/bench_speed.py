"""How fast the engine is, beside its peers. Not part of the suite: it asserts nothing.

pytest tests/benchmarks/bench_speed.py --benchmark-columns=median,iqr,rounds

Run it on a quiet machine. Extra info, as in --benchmark-json: session-assessments a second, and
seconds to import. Printed with -s.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from measures.trend import assess, assess_many
from measures.trend.operators import cached_operators
from tests.benchmarks import peers
from tests.benchmarks.generators import WORLDS, Table
from tests.benchmarks.measuring import scores

EPISODES = 512


def ratings(sessions: int, episodes: int = EPISODES, missing: float = 0.0) -> Table:
    world = WORLDS[0].but("", missing=missing)
    return world.steady(np.random.default_rng(1), episodes, sessions).ratings


@pytest.mark.parametrize("sessions", [18, 40])
def bench_one_episode_warm(benchmark: Any, sessions: int) -> None:
    [episode] = ratings(sessions, 1)
    benchmark(assess, episode)


def bench_one_episode_cold(benchmark: Any) -> None:
    [episode] = ratings(40, 1)
    benchmark.pedantic(assess, (episode,), setup=cached_operators.cache_clear, rounds=30)


@pytest.mark.parametrize("sessions", [10, 18, 40, 80])
@pytest.mark.parametrize("missing", [0.0, 0.15])
def bench_many_episodes(benchmark: Any, sessions: int, missing: float) -> None:
    table = ratings(sessions, missing=missing)
    benchmark.pedantic(assess_many, (table,), rounds=5, warmup_rounds=1)
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["sessions a second"] = round(EPISODES * sessions / seconds)
    print(sessions, missing, benchmark.extra_info)


@pytest.mark.parametrize("name", ["drop since last", "self-starting CUSUM", "EWMA", "PRC"])
def bench_peers(benchmark: Any, name: str) -> None:
    rule, table = peers.CANDIDATES[name][0], scores(ratings(40))
    benchmark(rule, table)
    seconds = benchmark.stats.stats.median
    benchmark.extra_info["sessions a second"] = round(EPISODES * 40 / seconds)
    print(name, benchmark.extra_info)


def bench_import(benchmark: Any) -> None:
    benchmark.pedantic(_seconds, ("import measures.trend",), rounds=5)
    for name, code in (("engine", "import measures.trend"), ("NumPy alone", "import numpy")):
        benchmark.extra_info[f"{name}, seconds"] = round(min(_seconds(code) for _ in range(7)), 3)
    print(benchmark.extra_info)


def _seconds(code: str) -> float:
    """How long something takes in a fresh Python, its start not counted."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", timed], check=True, capture_output=True, text=True)
    return float(done.stdout)
