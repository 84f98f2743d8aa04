"""The examples in the trend engine's docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import numpy as np
import pytest

import measures.trend

MODULES = [
    importlib.import_module(each.name)
    for each in pkgutil.iter_modules(measures.trend.__path__, "measures.trend.")
]
# What somebody new calls first, or could not guess from a name.
WITH_EXAMPLES = {
    "measures.trend.engine.assess",
    "measures.trend.engine.assess_many",
    "measures.trend.fitting.minimize",
    "measures.trend.fitting.step_of",
    "measures.trend.interface.read_ratings",
}


def examples_of(module: ModuleType) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder().find(module, extraglobs={"np": np})
    return [test for test in found if test.examples]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_examples_come_out_as_they_say(module: ModuleType) -> None:
    runner = doctest.DocTestRunner()
    report: list[str] = []
    for test in examples_of(module):
        runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)


def test_what_should_have_examples_has_them() -> None:
    assert {test.name for module in MODULES for test in examples_of(module)} >= WITH_EXAMPLES
