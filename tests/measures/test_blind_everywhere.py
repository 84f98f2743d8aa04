"""The blind rule at every address there is: nothing the counselor is sent tells one answer of the
client's from another, until it is opened.

The addresses are those of the URLconf, so that a new one is walked without being named here. What
it is about is known by how it begins (THINGS); one that begins otherwise fails until it is added.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.http.response import HttpResponseBase
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from alliance_site.policy import POLICY
from measures.insight import sparklines, together
from measures.models import Flag, Rating, RatingRequest
from measures.models import ratings as rules
from measures.models.flags import FlagQuerySet
from measures.models.ratings import RatingQuerySet
from sessions.earlier_answers import keep_answer
from sessions.finding import sealed
from sessions.models import Episode, Membership
from sessions.policy import Actor
from sessions.services import close_episode
from tests import factories
from tests.measures.test_blind_rule import (
    FACT,
    NOTE,
    Desk,
    clock,
    desk_for,
    november,
    own_rating,
    page,
    post,
    stand_in,
)
from tests.measures.test_blind_rule import now as _now
from tests.measures.test_blind_rule import set_clock as _set_clock

now, set_clock = _now, _set_clock

UNKNOWN = "AAAAAAAAAAAAAAAAAAAAAA"
# Answers that no page could confuse, and what only one of them can lead to.
HIGH: dict[str, Any] = {"score": (10, 9.5, 10), "change_wish": "fine"}
LOW: dict[str, Any] = {"score": (0, 1.5, 0), "change_wish": "push_less"}
DECLINED: dict[str, Any] = {"score": (None, None, None), "declined": True}

# Lists look different when asked to.
ASKED: dict[str, tuple[str, ...]] = {
    "caseload": (f"?find={sealed('z-9')}", "?show=closed", "?show=paused", "?sort=concern"),
    "supervision": ("?counselor=x",),
    "together": ("?session=x",),
    "episode": ("?along=sessions", "?facets=on"),
}
# Pages of a counselor's that show nothing in this world, and why that is enough.
NOTHING_THERE = {
    "note": "a note is never held back, and this desk has none",
    "group": "this desk has none; test_groups.py holds the rule to its page",
    "own_agenda": "it leads to the agenda, which is walked",
    "hand_over": "answered sessions are not handed over; it says so by a redirect",
    "slip_entry": "nor is a slip of theirs typed in",
    "slips_sheet": "it prints what was chosen on the page of slips",
}


def things(desk: Desk) -> dict[str, list[Any]]:
    """What the first word of an address is about, and all there is of it."""
    episode = desk.episode
    own = Episode.objects.filter(counselor=desk.alice)
    this, over = own.filter(pk=episode.pk), own.exclude(closed_on=None)
    flags = Flag.objects.filter(episode=episode).order_by("pk")
    requests = RatingRequest.objects.filter(session__episode=episode)
    return {
        "clients": [episode.client.uuid],
        "episodes": list((this | over).values_list("uuid", flat=True)),
        "sessions": [desk.unrated.uuid, desk.other.uuid, episode.sessions.earliest("pk").uuid],
        "flags": list(flags.values_list("uuid", flat=True)),
        "rate": list(requests.values_list("uuid", flat=True)) or [UNKNOWN],
        "groups": [],
        "supervision": [desk.alice.uuid],
        "actions": [],
        "notes": list(
            Rating.objects.filter(sealed_note__isnull=False).values_list("uuid", flat=True)
        ),
        **{word: [] for word in ("stop", "r", "kiosk", "messages", "calls", "account", "settings")},
    }


def patterns(
    among: Iterable[URLPattern | URLResolver] | None = None, before: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every pattern with its whole path."""
    for each in get_resolver().url_patterns if among is None else among:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from patterns(each.url_patterns, path)
        else:
            yield path, each


def addresses(desk: Desk, actor: Actor) -> dict[str, list[str]]:
    """The addresses by route that answer this actor's GET."""
    found: dict[str, list[str]] = {}
    known = things(desk)
    for path, pattern in patterns():
        name = pattern.name or ""
        if not any(row.route == name and "GET" in row.methods for row in POLICY.rows):
            continue
        if not POLICY.actors_for(name) & {actor, Actor.MEMBER}:
            continue
        names = list(pattern.pattern.converters)
        if not names:
            found[name] = [reverse(name)]
        else:
            first = path.split("/")[0]
            assert first in known, f"Say in things() what {path!r} is about."
            assert len(names) == 1, f"Say how {path!r} is filled in."
            found[name] = [reverse(name, kwargs={names[0]: value}) for value in known[first]]
        found[name] += [plain + query for plain in found[name] for query in ASKED.get(name, ())]
    return found


def sent(browser: Browser, address: str) -> str:
    """All of an answer: status, headers and content; but for what is new on every load."""
    response: HttpResponseBase = browser.get(address)
    headers = [f"{name}: {value}" for name, value in sorted(response.headers.items())]
    streamed = getattr(response, "streaming_content", None)
    content = b"".join(streamed) if streamed is not None else response.content  # type: ignore[attr-defined]
    text = content.decode("latin-1")
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", text)
    text = re.sub(r'(name="rating_uuid" value=)"[0-9a-f-]+"', r"\1", text)
    return "\n".join([str(response.status_code), *headers, text])


def everything(browser: Browser, routes: dict[str, list[str]]) -> dict[str, str]:
    return {each: sent(browser, each) for found in routes.values() for each in found}


Reads = Callable[[], dict[str, str]]


def after(desk: Desk, answer: dict[str, Any], read: Reads) -> dict[str, str]:
    with factories.undone():
        desk.answer(**answer)
        return read()


def told_apart(desk: Desk, read: Reads, one: Any = HIGH, other: Any = LOW) -> list[str]:
    """Where two answers do not look the same."""
    first, second = after(desk, one, read), after(desk, other, read)
    return [each for each in first if first[each] != second.get(each)]


@pytest.fixture
def desk(cast: Any) -> Desk:
    """A low course with a flag up, and a goal: there is something to show on every page."""
    desk = desk_for(cast.alice, "today", cast.now)
    early = factories.make_session(desk.episode, november(10, 9))
    factories.rate(early, 7, "counselor")
    factories.rate(early, 2)
    over = factories.make_episode(cast.alice, "C-3", cast.today)
    close_episode(episode=over, reason=Episode.Reason.COMPLETED, now=cast.now)
    take_over(desk.episode, cast.bob, cast.today, cast.now)
    assert Flag.objects.filter(episode=desk.episode).exists()
    return desk


def take_over(episode: Episode, former: Membership, today: dt.date, now: dt.datetime) -> None:
    """They were with somebody else before, and agree that this is read."""
    before = Episode.objects.create(
        organization_id=episode.organization_id,
        client=episode.client,
        counselor=former,
        opened_on=today - dt.timedelta(days=400),
        closed_on=today - dt.timedelta(days=200),
        reason=Episode.Reason.TRANSFERRED,
    )
    Episode.objects.filter(pk=episode.pk).update(continues=before)
    keep_answer(episode=before, agrees=True, how="in person", now=now)


@pytest.fixture
def reading(desk: Desk, log_in: Any) -> Reads:
    browser = log_in(desk.alice)
    routes = addresses(desk, Actor.COUNSELOR)
    return lambda: everything(browser, routes)


def reading_only(desk: Desk, browser: Browser, names: Iterable[str]) -> Reads:
    """For where a difference is expected on these: the others need not be asked to find it."""
    known = addresses(desk, Actor.COUNSELOR)
    routes = {name: known[name] for name in names}
    return lambda: everything(browser, routes)


def test_every_page_of_a_counselors_is_walked_and_shows_something(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    desk.answer(**LOW)
    empty = [
        name
        for name, found in addresses(desk, Actor.COUNSELOR).items()
        if Actor.COUNSELOR in POLICY.actors_for(name) and name not in NOTHING_THERE
        if not any(sent(browser, each).startswith("200") for each in found)
    ]
    assert empty == [], "The desk of this test has nothing that these could show. Give it some."


def test_no_page_tells_one_blind_answer_from_another(desk: Desk, reading: Reads) -> None:
    assert told_apart(desk, reading) == []


def test_no_page_tells_a_blind_decline_from_an_answer(desk: Desk, reading: Reads) -> None:
    assert told_apart(desk, reading, LOW, DECLINED) == []


def test_who_stands_in_is_told_no_more(desk: Desk, cast: Any, log_in: Any) -> None:
    stand_in(cast, cast.alice, cast.bob)
    browser, routes = log_in(cast.bob), addresses(desk, Actor.COUNSELOR)
    assert told_apart(desk, lambda: everything(browser, routes)) == []


def test_an_answer_stays_closed_over_the_weekend_and_opens_after_monday(
    cast: Any, log_in: Any, set_clock: Any
) -> None:
    set_clock(november(20, 14))  # a Friday
    desk = desk_for(cast.alice, "today", clock())
    factories.make_session(desk.episode, november(13, 9))
    friday = clock()
    for moment, is_blind in (
        (november(22, 12), True),
        (november(23, 23, 59), True),
        (november(24, 0), False),
    ):
        set_clock(moment)
        read = reading_only(desk, log_in(desk.alice), OPENED_ON)
        assert bool(told_apart_since(desk, read, friday)) != is_blind, moment


def told_apart_since(desk: Desk, read: Reads, given_at: Any) -> list[str]:
    pages = []
    for answer in (HIGH, LOW):
        with factories.undone():
            values = dict(answer)
            factories.rate(desk.unrated, values.pop("score"), now=given_at, **values)
            pages.append(read())
    return [each for each in pages[0] if pages[0][each] != pages[1].get(each)]


OPENED_ON = {"today", "caseload", "episode", "session_answers", "together"}


def routes_of(desk: Desk, found: Iterable[str]) -> set[str]:
    by_address = {
        each: name for name, all_ in addresses(desk, Actor.COUNSELOR).items() for each in all_
    }
    return {by_address[each] for each in found}


@pytest.mark.parametrize("way", ["waived", "rated"])
def test_once_opened_every_page_that_shows_answers_does(desk: Desk, log_in: Any, way: str) -> None:
    """The control of all the above: the very same comparison finds the difference."""
    reading = reading_only(desk, log_in(desk.alice), OPENED_ON)

    def read() -> dict[str, str]:
        if way == "waived":
            post(log_in(desk.alice), "session_waive", desk.unrated)
        else:
            own_rating(log_in(desk.alice), desk.unrated)
        return reading()

    assert routes_of(desk, told_apart(desk, read)) >= OPENED_ON


def test_a_note_is_shown_though_the_answer_is_not(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    desk.answer(**LOW, note=NOTE)
    answers = page(browser, reverse("session_answers", args=[desk.unrated.uuid]))
    rating = Rating.objects.get(session=desk.unrated, rater="client")
    for text in (page(browser, reverse("note", args=[rating.uuid])), answers):
        assert NOTE in text
    assert "left you a note" in page(browser, reverse("today"))
    assert FACT in answers
    assert NOTE not in page(browser, reverse("together", args=[desk.episode.uuid]))


def test_no_mail_tells_one_blind_answer_from_another(desk: Desk) -> None:
    client = factories.may_be_asked(desk.episode.client, clock(), "mail")

    def outgoing() -> dict[str, str]:
        mail.outbox.clear()
        call_command("send_due", verbosity=0)
        letters = [f"{each.to} {each.subject} {each.body}" for each in mail.outbox]
        return {str(n): re.sub(r"/[\w-]{22}\b", "/", text) for n, text in enumerate(letters)}

    assert client.contact_by == "mail"
    high, low = after(desk, HIGH, outgoing), after(desk, LOW, outgoing)
    assert high == low
    own = [text for text in low.values() if str(desk.alice.user.email) in text]
    assert all("Something is waiting" in text for text in own)


# ---- broken on purpose: each way of forgetting the rule is found ----


def break_ratings(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RatingQuerySet, "open_to", RatingQuerySet.clinical_to)


def break_flags(patch: pytest.MonkeyPatch) -> None:
    def open_to(flags: Any, viewer: Any) -> Any:
        return flags.filter(episode__in=Episode.objects.clinical_to(viewer).values("pk"))

    Flag.objects.update(state=Flag.State.BETTER)  # so that a new one is raised
    patch.setattr(FlagQuerySet, "open_to", open_to)


def break_the_shared_screen(patch: pytest.MonkeyPatch) -> None:
    held = together._in_words

    def leaking(given: Any) -> list[str]:
        last = rules.Rating.objects.filter(rater="client").latest("pk")
        return [*held(given), f"{last.respect}"]

    patch.setattr(together, "_in_words", leaking)


def break_the_next_working_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "still_within_next_working_day", lambda now, _zone: now)


def break_sparklines(patch: pytest.MonkeyPatch) -> None:
    class Leaking(sparklines._Pen):
        def __init__(self, points: Any) -> None:
            super().__init__(points)
            last = rules.Rating.objects.filter(rater="client").latest("pk")
            self.floor = min(self.floor, last.respect or 0)

    patch.setattr(sparklines, "_Pen", Leaking)


BROKEN = [
    (break_ratings, {"today", "caseload", "episode", "session_answers", "together"}),
    (break_flags, {"caseload", "episode"}),
    (break_the_shared_screen, {"together"}),
    (break_the_next_working_day, {"today", "caseload", "episode", "session_answers", "together"}),
    (break_sparklines, {"caseload"}),
]


@pytest.mark.parametrize(("breaking", "found_on"), BROKEN)
def test_a_forgotten_rule_is_found(
    desk: Desk,
    log_in: Any,
    monkeypatch: pytest.MonkeyPatch,
    breaking: Callable[[pytest.MonkeyPatch], None],
    found_on: set[str],
) -> None:
    breaking(monkeypatch)
    reading = reading_only(desk, log_in(desk.alice), found_on)
    assert routes_of(desk, told_apart(desk, reading)) == found_on
