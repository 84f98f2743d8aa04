"""Who is in the demo and how it went for them. Plain values from a fixed seed; no database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from measures.trend import FlagKind, Status, assess
from measures.trend.simulator import (
    ALL_TENS,
    RISING,
    STEADY,
    Course,
    Population,
    Ratings,
    draw_person,
    leave_out,
    simulate_counselor,
    simulate_episode,
)

SEED = 20_240_817
SESSIONS = 900
MOST_DRAWS = 200
SATURDAY = 5

STAFF = {
    "Oak Street": ("Maria", "James", "Aisha", "Tom", "Lena"),
    "Elm House": ("Kim",),
}
SUPERVISION = {"Sam": ("Maria", "James", "Aisha"), "Ruth": ("Tom", "Lena")}
CLIENTS = {"Maria": 12, "James": 10, "Aisha": 10, "Tom": 10, "Lena": 10, "Kim": 8}

NAMES = (
    "Jo Alvarez", "Sky Bennett", "Ray Castillo", "Dee Donovan", "Lou Eriksen", "Max Fontaine",
    "Pat Garner", "Kit Howell", "Ash Ibarra", "Drew Jensen", "Sam Keller", "Robin Lang",
    "Alex Moreau", "Casey Novak", "Jamie Ortiz", "Morgan Pike", "Quinn Reyes", "Toni Sandoval",
    "Val Tran", "Wren Underhill",
)  # fmt: skip
GOALS = (
    "Be the dad who shows up, also on Sundays.",
    "Sleep through the night without anything.",
    "Keep my job at the bakery.",
    "Stop hiding things from my sister.",
    "Get my license back.",
    "A whole month, then another.",
    "Feel like myself again.",
)
NOTES = (
    "It felt like we were checking boxes.",
    "I noticed you asked me first this time.",
    "I did not want to talk about my brother today.",
    "Thank you for not pushing.",
    "Could we start later? The bus is never on time.",
    "I lost the thread when you explained the plan.",
)
# What those who answer in Spanish wrote instead.
IN_SPANISH = {
    "Be the dad who shows up, also on Sundays.": "Ser el papá que está, también los domingos.",
    "Sleep through the night without anything.": "Dormir toda la noche sin tomar nada.",
    "Keep my job at the bakery.": "Conservar mi trabajo en la panadería.",
    "Stop hiding things from my sister.": "Dejar de esconderle cosas a mi hermana.",
    "Get my license back.": "Recuperar mi licencia.",
    "A whole month, then another.": "Un mes entero, y luego otro.",
    "Feel like myself again.": "Volver a sentirme yo.",
    "It felt like we were checking boxes.": "Sentí que solo llenábamos casillas.",
    "I noticed you asked me first this time.": "Noté que esta vez me preguntó primero.",
    "I did not want to talk about my brother today.": "Hoy no quería hablar de mi hermano.",
    "Thank you for not pushing.": "Gracias por no presionarme.",
    "Could we start later? The bus is never on time.": (
        "¿Podemos empezar más tarde? El camión nunca llega a tiempo."
    ),
    "I lost the thread when you explained the plan.": "Me perdí cuando explicó el plan.",
}
WISHES = ("slower", "plan", "listen", "push_less", "explain", "privacy", "fine")


@dataclass(frozen=True, slots=True)
class Kind:
    """A way it can go, with the share of clients it happens to."""

    name: str
    course: Course
    share: float
    quiet_at_end: int = 0


KINDS = (
    Kind("steady", STEADY, 0.42),
    Kind("rising", RISING, 0.14),
    Kind("ruptured and repaired", Course(step=3.5, lasts=3), 0.14),
    Kind("slowly declining", Course(slope=0.6), 0.12),
    Kind("all tens", ALL_TENS, 0.10),
    Kind("gone quiet", STEADY, 0.08, quiet_at_end=3),
)
# Two of the first caseload were asked about the last session, a working day ago, and have not
# answered: one will, to the other the message did not arrive.
ASKED_LATELY = {6: "sms", 11: "mail"}
# So that the first caseload somebody opens shows one of each.
FIRST_CASELOAD = ("slowly declining", "ruptured and repaired", "all tens", "gone quiet", "rising")


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One past session: None where a rater did not rate."""

    starts_at: dt.datetime
    missed: bool
    client: tuple[float, float, float] | None
    counselor: tuple[float, float, float] | None
    note: str = ""
    wish: str = ""


@dataclass(frozen=True, slots=True)
class PlannedClient:
    """One client of one counselor, with everything up to now and the next session."""

    code: str
    name: str
    goal: str
    counselor: str
    kind: str
    sessions: list[PlannedSession]
    next_at: dt.datetime
    language: str = "en"
    contact_by: str = ""
    asked_lately: bool = False


def flagged_sessions(sessions: list[PlannedSession], rater: str) -> set[int]:
    """Which of these sessions the engine flags after that rater's answers: their places."""
    held = [place for place, each in enumerate(sessions) if not each.missed]
    nothing = (None, None, None)
    concluded = assess([getattr(sessions[place], rater) or nothing for place in held]).sessions
    flags = zip(held, concluded, strict=True)
    return {place for place, each in flags if each.flag != FlagKind.NONE}


def plan(now: dt.datetime, zone: dt.tzinfo) -> list[PlannedClient]:
    """Sixty clients with 900 past sessions, ending at `now`. Only the dates depend on the day."""
    rng = np.random.default_rng(SEED)
    owners = [name for name, count in CLIENTS.items() for _ in range(count)]
    kinds = _kinds(rng, len(owners))
    lengths = _lengths(rng, kinds)
    return [
        _client(rng, index, owner, kinds[index], _times(index, lengths[index], now, zone))
        for index, owner in enumerate(owners)
    ]


def _kinds(rng: np.random.Generator, count: int) -> list[Kind]:
    by_name = {kind.name: kind for kind in KINDS}
    first = [by_name[name] for name in FIRST_CASELOAD]
    drawn = rng.choice(len(KINDS), size=count - len(first), p=[kind.share for kind in KINDS])
    return first + [KINDS[index] for index in drawn]


def _lengths(rng: np.random.Generator, kinds: list[Kind]) -> list[int]:
    """How many sessions each client has had: some have just begun, and all together 900."""
    lengths = [
        int(rng.integers(1, 27))
        if kind.course == STEADY and not kind.quiet_at_end
        else int(rng.integers(12, 26))
        for kind in kinds
    ]
    at = 0
    while (missing := SESSIONS - sum(lengths)) != 0:
        step = 1 if missing > 0 else -1
        if 12 <= lengths[at] + step <= 30:
            lengths[at] += step
        at = (at + 1) % len(lengths)
    return lengths


def _client(
    rng: np.random.Generator, index: int, owner: str, kind: Kind, times: list[dt.datetime]
) -> PlannedClient:
    *past, next_at = times
    code, sessions = _code(rng, index), _sessions(rng, kind, past)
    if index in ASKED_LATELY:
        sessions[-1] = replace(sessions[-1], missed=False, client=None, note="", wish="")
    english = PlannedClient(
        code=code,
        name=NAMES[index % len(NAMES)] if index % 3 == 0 else "",
        goal=GOALS[index % len(GOALS)] if index % 2 == 0 else "",
        counselor=owner,
        kind=kind.name,
        sessions=sessions,
        next_at=next_at,
        contact_by=ASKED_LATELY.get(index, ("", "sms", "mail")[index % 3]),
        asked_lately=index in ASKED_LATELY,
    )
    return _in_spanish(english) if index % 5 == 1 else english


def _in_spanish(planned: PlannedClient) -> PlannedClient:
    sessions = [replace(each, note=IN_SPANISH.get(each.note, "")) for each in planned.sessions]
    goal = IN_SPANISH.get(planned.goal, "")
    return replace(planned, language="es", goal=goal, sessions=sessions)


def _sessions(
    rng: np.random.Generator, kind: Kind, times: list[dt.datetime]
) -> list[PlannedSession]:
    """Draw until the story can be seen: noise may hide a decline, as it does in life."""
    sessions = _draw(rng, kind, times)
    for _ in range(MOST_DRAWS):
        if _tells(kind, sessions):
            break
        sessions = _draw(rng, kind, times)
    return _gone_quiet(sessions, kind.quiet_at_end)


def _draw(rng: np.random.Generator, kind: Kind, times: list[dt.datetime]) -> list[PlannedSession]:
    client, counselor = _ratings(rng, kind, len(times))
    return [_session(rng, *row) for row in zip(times, client, counselor, strict=True)]


def _ratings(rng: np.random.Generator, kind: Kind, length: int) -> tuple[Ratings, Ratings]:
    """Client ratings with gaps, and the counselor's; whole numbers, as on buttons."""
    person = draw_person(rng, Population(within_sd=0.75))
    course = kind.course
    if course.slope or course.step:
        # Late enough to know the usual, recent enough to be what one sees first.
        course = replace(course, onset=max(4, length - (7 if course.step else 5)))
        person = replace(person, levels=tuple(max(level, 7.5) for level in person.levels))
    ratings = simulate_episode(rng, length, course, person, step=1.0)
    counselor = simulate_counselor(rng, ratings, step=1.0)
    # Somebody always at the top must be seen to be: no gaps there.
    given = ratings if course.top_marks else leave_out(rng, ratings, rate=0.1)
    return given, leave_out(rng, counselor, rate=0.08)


def _tells(kind: Kind, sessions: list[PlannedSession]) -> bool:
    held = [each for each in sessions if not each.missed]
    concluded = assess([each.client or (None, None, None) for each in held]).sessions
    flagged = [row for row, each in enumerate(concluded) if each.flag != FlagKind.NONE]
    if kind.course.slope:
        return bool(flagged) and flagged[0] >= len(held) - 4 and flagged[-1] >= len(held) - 2
    if kind.course.step:
        return bool(flagged) and concluded[-1].status == Status.REPAIRED
    return not flagged or kind.course is STEADY


def _gone_quiet(sessions: list[PlannedSession], last: int) -> list[PlannedSession]:
    """The latest sessions without an answer, every other one missed."""
    if not last:
        return sessions
    quiet = [
        replace(each, client=None, counselor=None, missed=row % 2 == 0, note="", wish="")
        for row, each in enumerate(sessions[-last:])
    ]
    return sessions[:-last] + quiet


def _session(
    rng: np.random.Generator,
    starts_at: dt.datetime,
    client: np.ndarray,
    counselor: np.ndarray,
) -> PlannedSession:
    missed = bool(rng.random() < 0.05)
    writes = bool(rng.random() < 0.06)
    wishes = bool(rng.random() < 0.12)
    note, wish = str(rng.choice(NOTES)), str(rng.choice(WISHES))
    answered = not missed and not np.isnan(client).any()
    return PlannedSession(
        starts_at=starts_at,
        missed=missed,
        client=_facets(client) if answered else None,
        counselor=None if missed or np.isnan(counselor).any() else _facets(counselor),
        note=note if answered and writes else "",
        wish=wish if answered and wishes else "",
    )


def _facets(values: np.ndarray) -> tuple[float, float, float]:
    respect, understanding, goals = (float(value) for value in values)
    return respect, understanding, goals


def _times(index: int, length: int, now: dt.datetime, zone: dt.tzinfo) -> list[dt.datetime]:
    """Weekly times, the last past one this week or last, and one more to come."""
    day = _recent_working_day(now.astimezone(zone).date(), index % 5)
    hour, minute = ((9, 0), (10, 30), (13, 0), (14, 30), (16, 0))[(index // 5) % 5]
    latest = dt.datetime.combine(day, dt.time(hour, minute), tzinfo=zone)
    if latest > now - dt.timedelta(minutes=50):
        latest -= dt.timedelta(weeks=1)
    return [latest + dt.timedelta(weeks=week) for week in range(1 - length, 2)]


def _recent_working_day(today: dt.date, back: int) -> dt.date:
    """Today, or so many working days before. Whoever looks on a Sunday sees a full day, too."""
    day = today
    while back:
        day -= dt.timedelta(days=1)
        back -= day.weekday() < SATURDAY
    return day


def _code(rng: np.random.Generator, index: int) -> str:
    letter = "ABCDEGHJKLMNPRSTVW"[int(rng.integers(18))]
    return f"{letter}-{100 + index * 13 + int(rng.integers(13)):03d}"
