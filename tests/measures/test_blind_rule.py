"""The blind rule, on whole pages: until the counselor has rated or waived a session, or the next
working day has ended, a client's answer changes nothing they are shown but "A rating was given".

Pages are compared to the byte with and without the answer. What may differ is cut out by
`without_the_fact`, and nothing else is.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

import alliance_site.transactions
from measures.models import Flag, Rating
from measures.models.ratings import RatingQuerySet
from sessions.finding import sealed
from sessions.models import Cover, Episode, Membership, Session
from tests import factories

WEDNESDAY = dt.datetime(2026, 11, 18, 14, tzinfo=factories.ZONE)
NOTE = "Please, a slower start"
FACT = "A rating was given"

ANSWERS: dict[str, dict[str, Any]] = {
    "top": {"score": 10},
    "low": {"score": 0},
    "as usual": {"score": 8},
    "one question low": {"score": (8, 8, 0)},
    "partial": {"score": (None, 3, None)},
    "empty": {"score": (None, None, None)},
    "with a wish": {"score": 2, "change_wish": "push_less"},
    "declined": {"score": (None, None, None), "declined": True},
}
# Which session the answer is about; the other one is rated by the counselor.
WHICH = ("yesterday", "today")


@dataclass
class Desk:
    """Alice's desk: Z-9 with two recent sessions, one of them still to be rated, and A-1."""

    episode: Episode
    unrated: Session
    other: Session
    alice: Membership

    def answer(self, session: Session | None = None, **answer: Any) -> Rating:
        return factories.rate(session or self.unrated, answer.pop("score"), now=clock(), **answer)

    def pages(self, browser: Browser, *names: str) -> dict[str, str]:
        """The pages of these names, or all of them."""
        addresses = {
            "today": reverse("today"),
            "caseload": reverse("caseload"),
            "search": f"{reverse('caseload')}?find={sealed('z-9')}",
            "closed": reverse("caseload") + "?show=closed",
            "episode": reverse("episode", args=[self.episode.uuid]),
            "client": reverse("client", args=[self.episode.client.uuid]),
            "log": reverse("session_log", args=[self.unrated.uuid]),
            "log the other": reverse("session_log", args=[self.other.uuid]),
            "pick": reverse("session_pick"),
            "close": reverse("episode_close", args=[self.episode.uuid]),
            "supervision": reverse("supervision"),
            "together": reverse("together", args=[self.episode.uuid]),
            "answers": reverse("session_answers", args=[self.unrated.uuid]),
            "answers of the other": reverse("session_answers", args=[self.other.uuid]),
        }
        return {name: page(browser, addresses[name]) for name in names or addresses}


def clock() -> dt.datetime:
    """What the product takes for now."""
    return alliance_site.transactions.database_now()


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    def set_(moment: dt.datetime) -> None:
        in_utc = moment.astimezone(dt.UTC)
        monkeypatch.setattr(alliance_site.transactions, "database_now", lambda: in_utc)

    return set_


@pytest.fixture
def now(set_clock: Callable[[dt.datetime], None]) -> dt.datetime:
    set_clock(WEDNESDAY)
    return clock()


def desk_for(counselor: Membership, which: str, now: dt.datetime) -> Desk:
    """Client Z-9 comes last on the list, unless there is reason for concern."""
    today = counselor.organization.today(now)
    steady = factories.make_episode(counselor, "A-1", today)
    factories.make_course(steady, [7, 8, 7], now - dt.timedelta(days=7), own=None)
    episode = factories.make_episode(counselor, "Z-9", today)
    factories.make_course(episode, [8, 8, 8, 8, 8], now - dt.timedelta(days=7))
    yesterday = factories.make_session(episode, now - dt.timedelta(days=1, hours=3))
    this_morning = factories.make_session(episode, now - dt.timedelta(hours=4))
    unrated, other = yesterday, this_morning
    if which == "today":
        unrated, other = this_morning, yesterday
    factories.rate(other, 7, "counselor")
    return Desk(episode, unrated, other, counselor)


@pytest.fixture(params=WHICH)
def desk(request: pytest.FixtureRequest, cast: Any) -> Desk:
    return desk_for(cast.alice, request.param, cast.now)


@pytest.fixture
def yesterdays(cast: Any) -> Desk:
    return desk_for(cast.alice, "yesterday", cast.now)


def page(browser: Browser, address: str) -> str:
    """One page, but for what is new every time: CSRF tokens, the uuid of a form or of a rating."""
    text = browser.get(address).content.decode()
    text = re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", text)
    text = re.sub(r'(action="/notes/)[0-9a-f-]+', r"\1", text)
    return re.sub(r'(name="rating_uuid" value=)"[0-9a-f-]+"', r"\1", text)


def without_the_fact(text: str) -> str:
    """Cut out that a rating was given: the sentence, its buttons, and the invitation to rate."""
    cuts = (
        r'<div class="try stack-s"><p>A rating was given.*?</form></div></div>',
        r'<p class="quiet">A rating was given.*?</p>',
        r'<p class="told">What you told us last is not here yet.*?</p>',
        r"<p>No answer from Z-9 so far.</p>",
        r'<form [^>]*action="/sessions/[0-9a-f-]+/link/".*?</form>',
        r'<form [^>]*action="/slips/".*?</form>',
        r'<a [^>]*href="/sessions/[0-9a-f-]+/answers/move/".*?</a>',
        r'<p class="small quiet">The questions are about the session of .*?</p>',
        r"<svg hidden>.*?</svg>",  # the shapes of the icons on those buttons
        r"\s+",
    )
    for cut in cuts:
        text = re.sub(cut, "", text, flags=re.DOTALL)
    return text


def cut(pages: dict[str, str]) -> dict[str, str]:
    return {name: without_the_fact(text) for name, text in pages.items()}


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [name for name in one if one[name] != other[name]]


def pages_after(desk: Desk, browser: Browser, answer: dict[str, Any]) -> dict[str, str]:
    with factories.undone():
        desk.answer(**answer)
        return desk.pages(browser)


# ---- nothing but the fact ----


def test_a_blind_answer_shows_nothing_but_that_it_was_given(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    before = desk.pages(browser)
    after = {name: pages_after(desk, browser, answer) for name, answer in ANSWERS.items()}
    for name, pages in after.items():
        assert differing(cut(before), cut(pages)) == [], name
        assert FACT in pages["episode"], name
    assert FACT not in before["episode"]
    # And with the fact, no two answers can be told apart; of a decline, see below.
    for name in ANSWERS.keys() - {"declined"}:
        assert differing(after["as usual"], after[name]) == [], name


def test_an_answer_that_comes_while_a_page_is_made_stays_closed(desk: Desk, now: dt.datetime):
    viewer = factories.viewer_of(desk.alice, now)
    about = Rating.objects.filter(session=desk.unrated, rater="client")
    assert not Rating.objects.open_to(viewer).intersection(about).exists()
    desk.answer(**ANSWERS["low"])
    assert not Rating.objects.open_to(viewer).filter(pk__in=about.values("pk")).exists()


def told_apart(desk: Desk, browser: Browser, answers: Iterable[str]) -> list[tuple[str, str]]:
    """(answer, page) wherever a blind answer does not look like any other."""
    usual = pages_after(desk, browser, ANSWERS["as usual"])
    return [
        (name, shown)
        for name in answers
        for shown in differing(usual, pages_after(desk, browser, ANSWERS[name]))
    ]


def test_a_blind_decline_looks_like_any_answer(yesterdays: Desk, log_in: Any) -> None:
    assert told_apart(yesterdays, log_in(yesterdays.alice), ["declined"]) == []


def test_a_blind_decline_of_the_last_session_looks_like_any_answer(cast: Any, log_in: Any) -> None:
    desk = desk_for(cast.alice, "today", cast.now)
    assert told_apart(desk, log_in(cast.alice), ["declined"]) == []


def test_a_blind_answer_changes_nothing_about_a_flag_that_is_up(desk: Desk, log_in: Any) -> None:
    """It would prolong the flag, end its run, or start another; the page knows of none of it."""
    for days, score in ((6, 1), (5, 1)):
        session = factories.make_session(desk.episode, clock() - dt.timedelta(days=days))
        factories.rate(session, score)
    browser = log_in(desk.alice)
    before = desk.pages(browser)
    assert "Not yet talked about" in before["caseload"]
    for name in ("top", "low", "as usual"):
        after = pages_after(desk, browser, ANSWERS[name])
        assert differing(cut(before), cut(after)) == [], name


def test_a_blind_answer_after_silence_tells_no_more_than_that_it_was_given(
    desk: Desk, log_in: Any
) -> None:
    for days in (6, 5, 4):
        factories.make_session(desk.episode, clock() - dt.timedelta(days=days))
    browser = log_in(desk.alice)
    before = desk.pages(browser)
    assert "No answer lately" in before["caseload"]
    for name in ("top", "low"):
        after = pages_after(desk, browser, ANSWERS[name])
        assert differing(cut(before), cut(after)) == [], name


def test_a_session_with_a_blind_answer_does_not_count_as_silence(cast: Any, log_in: Any) -> None:
    """No page may say "No answer lately" beside "A rating was given"."""
    desk, browser = desk_for(cast.alice, "today", cast.now), log_in(cast.alice)
    factories.make_session(desk.episode, clock() - dt.timedelta(days=6))
    assert "No answer lately" in desk.pages(browser, "caseload")["caseload"]
    desk.answer(score=8)
    assert "No answer lately" not in desk.pages(browser, "caseload")["caseload"]


def test_the_answer_of_a_later_session_is_held_back_as_well(yesterdays: Desk, log_in: Any) -> None:
    browser = log_in(yesterdays.alice)
    yesterdays.answer(score=8)
    pages = []
    for score in (0, 8, 10):
        with factories.undone():
            yesterdays.answer(yesterdays.other, score=score)
            pages.append(yesterdays.pages(browser))
    assert differing(pages[0], pages[1]) + differing(pages[1], pages[2]) == []


def test_the_answer_of_an_earlier_session_is_not(cast: Any, log_in: Any) -> None:
    desk, browser = desk_for(cast.alice, "today", cast.now), log_in(cast.alice)
    desk.answer(score=8)
    before = desk.pages(browser)
    desk.answer(desk.other, score=3)
    assert {"caseload", "episode"} <= set(differing(before, desk.pages(browser)))


@pytest.mark.parametrize("score", [0, 10])
def test_every_blind_client_keeps_their_place_in_the_list(
    yesterdays: Desk, log_in: Any, score: float
) -> None:
    yesterdays.answer(score=score)
    listed = page(log_in(yesterdays.alice), reverse("caseload"))
    assert listed.index(">A-1<") < listed.index(">Z-9<")


def test_a_flag_raised_by_a_blind_rating_is_not_shown(desk: Desk, log_in: Any) -> None:
    desk.answer(score=0)
    assert Flag.objects.get(episode=desk.episode).state == Flag.State.NEW
    pages = desk.pages(log_in(desk.alice))
    assert [name for name, text in pages.items() if "Not yet talked about" in text] == []
    assert "Nobody is waiting for a conversation." in pages["caseload"]


def test_a_declined_rating_is_not_shown_either(desk: Desk, log_in: Any) -> None:
    desk.answer(**ANSWERS["declined"])
    assert "Chose not to answer" not in desk.pages(log_in(desk.alice), "episode")["episode"]
    post(log_in(desk.alice), "session_waive", desk.unrated)
    assert "Chose not to answer" in desk.pages(log_in(desk.alice), "episode")["episode"]


def test_a_note_is_shown_at_once_and_nothing_else(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    silent = pages_after(desk, browser, {"score": 0})
    noted = pages_after(desk, browser, {"score": 0, "note": NOTE})
    other = pages_after(desk, browser, {"score": 10, "note": NOTE})
    assert "left you a note." in noted["today"]
    assert NOTE in noted["episode"]
    assert differing(silent, noted) == ["today", "episode", "answers"]
    assert differing(noted, other) == []


# ---- what opens it ----


def post(browser: Browser, route: str, session: Session, **values: Any) -> None:
    response = browser.post(reverse(route, args=[session.uuid]), values)
    assert response.status_code == 302, response.content.decode()


def is_blind(desk: Desk, browser: Browser) -> bool:
    """Whether the low answer stays hidden; both pages must agree."""
    pages = desk.pages(browser, "caseload", "episode")
    lower = {name for name in ("caseload", "episode") if "Lower than usual" in pages[name]}
    fact = FACT in pages["episode"]
    assert (lower, fact) in [(set(), True), ({"caseload", "episode"}, False)]
    return fact


def own_rating(browser: Browser, session: Session) -> None:
    values = {"respect": "7", "understanding": "7", "goals": "7", "status": "held"}
    form = browser.get(reverse("session_log", args=[session.uuid])).context["form"]
    initial = {name: form[name].value() for name in ("mode", "version", "rating_uuid")}
    started = session.starts_at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
    post(browser, "session_log", session, starts_at=started, **values, **initial)


def test_the_own_rating_opens_it(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    desk.answer(score=0)
    assert is_blind(desk, browser)
    own_rating(browser, desk.unrated)
    assert not is_blind(desk, browser)


def test_saying_not_this_time_opens_it(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    desk.answer(score=0)
    assert is_blind(desk, browser)
    post(browser, "session_waive", desk.unrated)
    assert not is_blind(desk, browser)


def test_logging_without_an_own_rating_does_not_open_it(desk: Desk, log_in: Any) -> None:
    browser = log_in(desk.alice)
    desk.answer(score=0)
    values = {"status": "held", "mode": "video", "version": "1", "rating_uuid": desk.episode.uuid}
    started = desk.unrated.starts_at.astimezone(factories.ZONE).strftime("%Y-%m-%dT%H:%M")
    post(browser, "session_log", desk.unrated, starts_at=started, **values)
    assert is_blind(desk, browser)


def test_rating_another_session_does_not_open_it(yesterdays: Desk, log_in: Any) -> None:
    """The other one was rated by the counselor from the start."""
    yesterdays.answer(score=0)
    assert is_blind(yesterdays, log_in(yesterdays.alice))


def november(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=factories.ZONE)


@pytest.mark.parametrize(
    ("moment", "blind"),
    [(november(18, 23, 59), True), (november(19, 0), False), (november(19, 9), False)],
)
def test_the_end_of_the_next_working_day_opens_it(
    yesterdays: Desk, log_in: Any, set_clock: Any, moment: dt.datetime, blind: bool
) -> None:
    yesterdays.answer(score=0)
    set_clock(moment)
    assert is_blind(yesterdays, log_in(yesterdays.alice)) == blind


def test_a_friday_stays_blind_until_monday_has_ended(
    cast: Any, log_in: Any, set_clock: Any
) -> None:
    friday = november(20, 14)
    set_clock(friday)
    desk, browser = desk_for(cast.alice, "today", friday), log_in(cast.alice)
    desk.answer(score=0)
    for moment in (november(21, 12), november(22, 12), november(23, 23, 59)):
        set_clock(moment)
        assert is_blind(desk, browser)
    set_clock(november(24, 0))
    assert not is_blind(desk, browser)


# ---- who is blind ----


def test_the_supervisor_sees_at_once(desk: Desk, cast: Any, log_in: Any) -> None:
    factories.say_why(cast.sam, cast.now)
    browser = log_in(cast.sam)
    before = desk.pages(browser)
    desk.answer(score=0)
    after = desk.pages(browser)
    assert differing(before, after) == ["episode", "supervision", "answers"]
    assert "Lower than usual" in after["episode"]
    assert "Not yet talked about" in after["supervision"]
    assert FACT not in after["episode"]


def stand_in(cast: Any, member: Membership, stands_in: Membership) -> None:
    Cover.objects.create(
        organization=cast.here,
        member=member,
        stands_in=stands_in,
        from_on=cast.today,
        to_on=cast.today,
    )


def test_who_stands_in_is_as_blind_as_the_counselor(desk: Desk, cast: Any, log_in: Any) -> None:
    stand_in(cast, cast.alice, cast.bob)
    browser = log_in(cast.bob)
    before = desk.pages(browser)
    after = pages_after(desk, browser, {"score": 0})
    assert differing(cut(before), cut(after)) == []
    assert FACT in after["episode"]


def test_the_rating_of_who_stands_in_opens_it_for_both(desk: Desk, cast: Any, log_in: Any) -> None:
    stand_in(cast, cast.alice, cast.bob)
    desk.answer(score=0)
    own_rating(log_in(cast.bob), desk.unrated)
    assert not is_blind(desk, log_in(cast.bob))
    assert not is_blind(desk, log_in(cast.alice))


def test_a_supervisor_is_blind_about_clients_of_their_own(cast: Any, log_in: Any) -> None:
    Membership.objects.filter(pk=cast.sam.pk).update(counselor=True)
    desk = desk_for(cast.sam, "yesterday", cast.now)
    browser = log_in(cast.sam)
    before = desk.pages(browser)
    assert differing(cut(before), cut(pages_after(desk, browser, {"score": 0}))) == []


def test_a_supervisor_who_stands_in_for_the_supervised_is_blind(
    desk: Desk, cast: Any, log_in: Any
) -> None:
    Membership.objects.filter(pk=cast.sam.pk).update(counselor=True)
    stand_in(cast, cast.alice, cast.sam)
    desk.answer(score=0)
    pages = desk.pages(log_in(cast.sam))
    assert FACT in pages["episode"]
    assert [name for name, text in pages.items() if "Lower than usual" in text] == []


def test_a_counselor_who_looks_back_at_a_closed_episode_is_blind_too(
    yesterdays: Desk, log_in: Any
) -> None:
    yesterdays.answer(score=0)
    today = yesterdays.alice.organization.today(clock())
    Episode.objects.filter(pk=yesterdays.episode.pk).update(closed_on=today, reason="left")
    pages = yesterdays.pages(log_in(yesterdays.alice))
    assert "Z-9" in pages["closed"]
    assert [name for name, text in pages.items() if "Lower than usual" in text] == []


# ---- controls: what the comparison finds when the rule is gone ----


def test_without_the_rule_the_comparison_finds_every_page_that_leaks(
    desk: Desk, log_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RatingQuerySet, "open_to", RatingQuerySet.clinical_to)
    browser = log_in(desk.alice)
    before = desk.pages(browser)
    after = pages_after(desk, browser, {"score": 0})
    assert {"today", "caseload", "search", "episode"} <= set(differing(cut(before), cut(after)))


def test_what_is_cut_out_holds_no_number_and_no_chip(desk: Desk, log_in: Any) -> None:
    """The cuts must not hide a leak: they remove the fact and the invitation only."""
    desk.answer(score=0)
    post(log_in(desk.alice), "session_waive", desk.unrated)
    opened = desk.pages(log_in(desk.alice), "episode")["episode"]
    kept = without_the_fact(opened)
    for word in ("Lowerthanusual", "trend-data", "Notyettalkedabout"):
        assert word in kept
