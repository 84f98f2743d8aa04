"""The trend engine: from one rater's ratings of one episode to what they say, and nothing else.

Pure: numpy and the standard library, no Django, no clock, no files.
"""

from .engine import ENGINE, assess, assess_many
from .interface import (
    FACETS,
    FLAG_KINDS,
    STATUSES,
    BatchAssessment,
    EpisodeAssessment,
    FlagKind,
    RatingsError,
    RatingTable,
    Sensitivity,
    SessionAssessment,
    Status,
)
from .parameters import CLIENT, COUNSELOR, PRESETS, Parameters

__all__ = [
    "CLIENT",
    "COUNSELOR",
    "ENGINE",
    "FACETS",
    "FLAG_KINDS",
    "PRESETS",
    "STATUSES",
    "BatchAssessment",
    "EpisodeAssessment",
    "FlagKind",
    "Parameters",
    "RatingTable",
    "RatingsError",
    "Sensitivity",
    "SessionAssessment",
    "Status",
    "assess",
    "assess_many",
]
