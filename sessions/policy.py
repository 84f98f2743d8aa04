"""The policy table: which route answers to whom. Data first; this file also enforces it.

The rows of both apps are gathered in `alliance_site.policy`. A route without a row is refused at
run time and fails the suite. The row says who may come in at all; which objects they then reach is
the matter of sessions/access.py. `shows` says what kind of data leaves through it, and is what the
page "who will see this" is written from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sessions.access import Viewer


class Actor(StrEnum):
    ANYONE = "anyone"
    LINK_HOLDER = "holder of a link"
    KIOSK = "paired tablet for clients"
    MEMBER = "member of the staff"
    COUNSELOR = "counselor"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    FRONT_DESK = "front desk"
    RIGHTS_CONTACT = "rights contact"


class Data(StrEnum):
    IDENTITY = "identity"
    SCHEDULE = "schedule"
    ANSWERS = "answers"
    NOTES = "notes"
    STAFF = "staff"


READ = frozenset({"GET", "HEAD"})
WRITE = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class Row:
    route: str
    methods: frozenset[str]
    actors: frozenset[Actor]
    shows: frozenset[Data] = frozenset()


def row(route: str, methods: frozenset[str], *actors: Actor, shows: Iterable[Data] = ()) -> Row:
    return Row(route, methods, frozenset(actors), frozenset(shows))


@dataclass(frozen=True, slots=True)
class Policy:
    rows: tuple[Row, ...]

    def routes(self) -> set[str]:
        return {row.route for row in self.rows}

    def methods_for(self, route: str, viewer: Viewer | None) -> set[str]:
        """The methods in which that route answers this viewer; none where it is not for them."""
        actors = actors_of(viewer)
        open_rows = (row for row in self.rows if row.route == route and row.actors & actors)
        return {method for row in open_rows for method in row.methods}

    def actors_for(self, route: str) -> frozenset[Actor]:
        """Everybody that route answers, in some method."""
        return frozenset(actor for row in self.rows if row.route == route for actor in row.actors)

    def who_sees(self, data: Data) -> frozenset[Actor]:
        """Every actor for whom some page shows data of that kind."""
        return frozenset(actor for row in self.rows if data in row.shows for actor in row.actors)


# Everybody counts as these: a link and a tablet are checked where they are used, by their cookies.
VISITORS = frozenset({Actor.ANYONE, Actor.LINK_HOLDER, Actor.KIOSK})


def actors_of(viewer: Viewer | None) -> frozenset[Actor]:
    """What somebody counts as."""
    if viewer is None:
        return VISITORS
    held = {
        Actor.COUNSELOR: viewer.counselor,
        Actor.SUPERVISOR: viewer.supervisor,
        Actor.ADMINISTRATOR: viewer.administrator,
        Actor.FRONT_DESK: viewer.front_desk,
        Actor.RIGHTS_CONTACT: viewer.rights_contact,
    }
    roles = {actor for actor, has in held.items() if has}
    return frozenset(roles | VISITORS | {Actor.MEMBER})


C, S, A, F = Actor.COUNSELOR, Actor.SUPERVISOR, Actor.ADMINISTRATOR, Actor.FRONT_DESK

ROWS = (
    row("home", READ, Actor.ANYONE),
    row("about", READ, Actor.MEMBER),
    row("account", READ | WRITE, Actor.MEMBER),
    row("client", READ, C, S, F, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("episode_open", READ | WRITE, C, shows={Data.IDENTITY}),
    row("episode_close", READ | WRITE, C, shows={Data.SCHEDULE}),
    row("episode_transfer", READ | WRITE, C, shows={Data.STAFF}),
    row("episode_earlier", READ | WRITE, C, shows={Data.STAFF}),
    row("fair_use", READ | WRITE, Actor.MEMBER),
    row("fair_use_sign", READ | WRITE, A),
    # The staff, for who administers it.
    row("staff", READ, A, shows={Data.STAFF}),
    row("staff_add", READ | WRITE, A),
    row("staff_member", READ | WRITE, A, shows={Data.STAFF}),
    row("staff_supervision", WRITE, A),
    row("supervision_end", WRITE, A),
    row("staff_cover", WRITE, A),
    row("cover_end", WRITE, A),
    row("staff_leave", READ | WRITE, A, shows={Data.STAFF}),
    row("staff_transfer", READ | WRITE, A, shows={Data.STAFF}),
    row("episode_pause", READ | WRITE, C, shows={Data.SCHEDULE}),
    row("episode_resume", WRITE, C),
    row("episode_reopen", READ | WRITE, C, shows={Data.SCHEDULE}),
    row("session_schedule", READ | WRITE, C, F, shows={Data.SCHEDULE}),
    row("session_pick", READ, C, shows={Data.IDENTITY, Data.SCHEDULE}),
    row("find", WRITE, C),
    row("session_start", WRITE, C),
    row("settings", READ | WRITE, A, shows={Data.STAFF}),
    row("account_pin", READ | WRITE, Actor.MEMBER),
    row("tablet", READ | WRITE, Actor.MEMBER),
    row("devices", READ | WRITE, A),
    row("device_revoke", WRITE, A),
    row("kiosk_pair", READ | WRITE, Actor.ANYONE),
    row("case_open", WRITE, S),
    row("deputy", READ | WRITE, S, shows={Data.STAFF}),
    row("deputy_end", WRITE, S),
    # What is written down about an episode beside its sessions.
    row("event_add", READ | WRITE, C, shows={Data.IDENTITY}),
    row("event_remove", WRITE, C),
    row("goal_edit", READ | WRITE, C, shows={Data.IDENTITY, Data.ANSWERS}),
    # Today: reaching out.
    row("contact_add", WRITE, C),
    row("contact_undo", WRITE, C),
    # The calendar: moving, cancelling, putting back.
    row("session_move", READ | WRITE, C, F, shows={Data.SCHEDULE}),
    row("session_cancel", WRITE, C, F),
    row("session_restore", WRITE, C, F),
)
