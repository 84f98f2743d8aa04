from measures.models.actions import Action
from measures.models.assessments import Assessment
from measures.models.calls import CallRequest
from measures.models.codes import RatingCode
from measures.models.flags import Flag, FlagEvent, Repair
from measures.models.groups import FACETS, GroupRating
from measures.models.handovers import HandOver, Helper, Present
from measures.models.instruments import (
    GROUP,
    GROUP_COUNSELOR,
    Instrument,
    InstrumentVersion,
)
from measures.models.notes import NoteRead, unread_notes
from measures.models.parameters import ParameterSet
from measures.models.ratings import (
    Rater,
    Rating,
    blind_sessions,
    unanswered_requests,
    unrated_sessions,
)
from measures.models.requests import Message, RatingLink, RatingRequest
from measures.models.slips import PaperSlip
from measures.models.supervision import AgendaItem

__all__ = [
    "FACETS",
    "GROUP",
    "GROUP_COUNSELOR",
    "Action",
    "AgendaItem",
    "Assessment",
    "CallRequest",
    "Flag",
    "FlagEvent",
    "GroupRating",
    "HandOver",
    "Helper",
    "Instrument",
    "InstrumentVersion",
    "Message",
    "NoteRead",
    "PaperSlip",
    "ParameterSet",
    "Present",
    "Rater",
    "Rating",
    "RatingCode",
    "RatingLink",
    "RatingRequest",
    "Repair",
    "blind_sessions",
    "unanswered_requests",
    "unrated_sessions",
    "unread_notes",
]
