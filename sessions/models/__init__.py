from sessions.models.access_log import AccessEntry
from sessions.models.clients import Client, ContactChannel, Episode, Pause
from sessions.models.consent import Consent, ContactStop
from sessions.models.devices import Device
from sessions.models.fair_use import FairUse
from sessions.models.meetings import Contact, EarlierGoal, EpisodeEvent, GroupMeeting, Session
from sessions.models.openings import CaseOpening
from sessions.models.organizations import AnswersWith, Organization
from sessions.models.people import Cover, Membership, Supervision, User
from sessions.models.tries import Tries

__all__ = [
    "AccessEntry",
    "AnswersWith",
    "CaseOpening",
    "Client",
    "Consent",
    "Contact",
    "ContactChannel",
    "ContactStop",
    "Cover",
    "Device",
    "EarlierGoal",
    "Episode",
    "EpisodeEvent",
    "FairUse",
    "GroupMeeting",
    "Membership",
    "Organization",
    "Pause",
    "Session",
    "Supervision",
    "Tries",
    "User",
]
