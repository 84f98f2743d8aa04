"""The trend engine: from one rater's ratings of one episode to what they say, and nothing else.

Pure: numpy and the standard library, no Django, no clock, no files.
"""

from .ewma import ENGINE, assess
from .interface import (
    FACETS,
    EpisodeAssessment,
    FlagKind,
    RatingsError,
    RatingTable,
    Sensitivity,
    SessionAssessment,
    Status,
)
from .parameters import CLIENT, COUNSELOR, Parameters

__all__ = [
    "CLIENT",
    "COUNSELOR",
    "ENGINE",
    "FACETS",
    "EpisodeAssessment",
    "FlagKind",
    "Parameters",
    "RatingTable",
    "RatingsError",
    "Sensitivity",
    "SessionAssessment",
    "Status",
    "assess",
]
