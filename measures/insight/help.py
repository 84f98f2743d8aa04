"""The figures of the help page: how sure the engine is at an organization's own setting."""

from __future__ import annotations

from dataclasses import dataclass

from measures.capture.parameters import PRESETS_BY_RATER, parameters_or_preset
from measures.models import Rater
from measures.trend import Sensitivity
from sessions.models import Organization

# Of the changes of the simulated clients, found within three sessions at the limits that are
# shipped, in ten: the less favorable of the two simulations in measures/trend/BENCHMARK.md.
FOUND_IN_TEN = {Sensitivity.LOW: 1, Sensitivity.STANDARD: 2, Sensitivity.HIGH: 3}


@dataclass(frozen=True, slots=True)
class HowSure:
    """What is known at the current sensitivity, in numbers a sentence can hold.

    alarms       ratings of steady clients, of a hundred, that raise a flag at most
    right        flags, of ten, that are a real change in the answers
    found        changes, of ten, that are found within three sessions; None where not known
    """

    alarms: float
    right: int
    found: int | None


def how_sure(organization: Organization) -> HowSure:
    """The figures of the parameters in use for clients' ratings."""
    sensitivity = Sensitivity(organization.sensitivity)
    parameters = parameters_or_preset(organization, Rater.CLIENT)
    is_preset = parameters == PRESETS_BY_RATER[Rater.CLIENT]
    return HowSure(
        alarms=100 * parameters.hazards.at(sensitivity),
        right=max(1, round(10 * parameters.right.at(sensitivity))),
        found=FOUND_IN_TEN[sensitivity] if is_preset else None,
    )
