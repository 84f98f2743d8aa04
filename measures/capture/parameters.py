"""What the engine goes by: an organization's own parameters for a rater, or else a preset."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.db import IntegrityError

from measures.models import ParameterSet, Rater
from measures.trend import CLIENT, COUNSELOR, PRESETS, Parameters
from sessions.models import Organization
from sessions.wall import transaction_of

PRESETS_BY_RATER = {Rater.CLIENT.value: CLIENT, Rater.COUNSELOR.value: COUNSELOR}


class BrokenParameterSet(ValueError):
    """What is stored cannot be read as parameters."""

    def __init__(self, stored: ParameterSet) -> None:
        super().__init__(f"The parameters {stored.version} cannot be read.")
        self.stored = stored


class VersionTaken(Exception):
    """Parameters of that version were stored in the meantime."""


def parameters_of(organization: Organization, rater: str) -> Parameters:
    """Return what the engine goes by for a rater's ratings in an organization.

    Raises BrokenParameterSet; it never falls back to the preset unasked.
    """
    stored = _in_use(organization, rater)
    return PRESETS_BY_RATER[rater] if stored is None else _read(stored)


def parameters_or_preset(organization: Organization, rater: str) -> Parameters:
    """Return the same, for words about flags: a page must not fail where a rating may."""
    try:
        return parameters_of(organization, rater)
    except BrokenParameterSet:
        return PRESETS_BY_RATER[rater]


def version_of(organization: Organization, rater: str) -> str:
    """Return the version of these parameters, also where they cannot be read."""
    stored = _in_use(organization, rater)
    return PRESETS_BY_RATER[rater].version if stored is None else stored.version


def next_version(organization: Organization, rater: str, now: dt.datetime) -> str:
    """Return the version of parameters fitted now, such as client-org-2026-11-23-1.

    It is unique in the organization; the word in the middle keeps it apart from every preset.
    """
    day = f"{rater}-org-{organization.today(now)}-"
    that_day = ParameterSet.objects.filter(organization=organization, version__startswith=day)
    return f"{day}{that_day.count() + 1}"


def store_parameters(
    *,
    organization: Organization,
    rater: str,
    parameters: Parameters,
    episodes: int,
    now: dt.datetime,
) -> ParameterSet:
    """Put fitted parameters into use for what is rated from now on. Raises VersionTaken.

    ``episodes`` says how many they were fitted to. Stored assessments stay until `reassess`.
    """
    try:
        with transaction_of(organization.pk):
            return ParameterSet.objects.create(
                organization=organization,
                rater=rater,
                version=parameters.version,
                data=_readable(parameters),
                episodes=episodes,
                based_on=PRESETS_BY_RATER[rater].version,
                made_at=now,
            )
    except IntegrityError as error:
        raise VersionTaken from error


def return_to_preset(
    *, organization: Organization, rater: str, now: dt.datetime
) -> ParameterSet | None:
    """Put the preset back into use; None where it is in use already. The history stays."""
    with transaction_of(organization.pk):
        if _in_use(organization, rater) is None:
            return None
        return ParameterSet.objects.create(
            organization=organization,
            rater=rater,
            based_on=PRESETS_BY_RATER[rater].version,
            made_at=now,
        )


def _in_use(organization: Organization, rater: str) -> ParameterSet | None:
    """The organization's own, or None where the preset is in use."""
    sets = ParameterSet.objects.filter(organization=organization, rater=rater)
    newest = sets.newest_first().first()
    return newest if newest and newest.version else None


def _read(stored: ParameterSet) -> Parameters:
    try:
        parameters = Parameters.from_data(stored.data or {})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenParameterSet(stored) from error
    if parameters.version != stored.version:
        raise BrokenParameterSet(stored)
    return parameters


def _readable(parameters: Parameters) -> dict[str, Any]:
    """Return them as data that comes back the same: what is stored stays for good.

    Raises ValueError where it would not, and for the version of a preset.
    """
    if parameters.version in {preset.version for preset in PRESETS.values()}:
        raise ValueError(f"{parameters.version} is the version of a preset.")
    data = parameters.as_data()
    if Parameters.from_data(json.loads(json.dumps(data, allow_nan=False))) != parameters:
        raise ValueError(f"The parameters {parameters.version} do not survive being stored.")
    return data
