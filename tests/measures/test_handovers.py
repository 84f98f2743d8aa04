"""A tablet goes to the client and comes back: own rating first, log-in ended, PIN to return."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as WebSession
from django.test import Client as Browser
from django.urls import reverse

from alliance_site import transactions
from measures.capture.handover_views import COOKIE
from measures.models import HandOver, Rater, Rating, RatingLink, RatingRequest
from sessions import tablets
from sessions.models import AccessEntry, Membership, Session
from sessions.pins import set_pin
from tests import factories

Clock = Callable[..., None]
MINUTE = dt.timedelta(minutes=1)
PIN = "4071"
OTHERS = ("4072", "9999", "0000", "1739", "8264", "5518")
GIVEN = {"respect": "8", "understanding": "6", "goals": "7", "step": "send"}


@pytest.fixture
def clock(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the database's clock to so many minutes after `cast.now`."""

    def _clock(minutes: float) -> None:
        now = cast.now + minutes * MINUTE
        monkeypatch.setattr(transactions, "database_now", lambda: now)

    _clock(0)
    return _clock


@pytest.fixture
def session(cast: SimpleNamespace, clock: Clock) -> Session:
    """Held an hour ago and rated by the counselor, who has a PIN."""
    set_pin(cast.alice, PIN)
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    factories.rate(session, 7, Rater.COUNSELOR, now=cast.now)
    return session


@dataclass(frozen=True, slots=True)
class Tablet:
    """A marked tablet, with alice logged in on it."""

    browser: Browser
    session: Session

    @property
    def page(self) -> str:
        return f"/sessions/{self.session.uuid}/hand-over/"

    def hand_over(self, **around: str) -> str:
        """Hand it to the client; gives the address of the client's first page."""
        response = self.browser.post(self.page, around)
        assert response.status_code == 302, response.content.decode()
        return str(response.headers["Location"])

    def answer(self, start: str, **fields: str) -> Any:
        return self.browser.post(f"{start}questions/", GIVEN | fields)

    def type(self, pin: str) -> Any:
        return self.browser.post("/handed/", {"pin": pin})

    def is_logged_in(self) -> bool:
        return bool(self.browser.get("/today/").status_code == 200)


@pytest.fixture
def tablet(cast: SimpleNamespace, session: Session, log_in: Any) -> Tablet:
    browser = log_in(cast.alice)
    browser.post("/tablet/", {"mark": "yes"})
    return Tablet(browser, session)


def text_of(response: Any) -> str:
    return str(response.content.decode())


# ---- where it is offered ----


def test_only_a_marked_tablet_offers_it(cast, tablet, log_in):
    addresses = [f"/episodes/{cast.episode.uuid}/", "/today/"]
    elsewhere = log_in(cast.alice)
    for address in addresses:
        if tablet.page in text_of(tablet.browser.get(address)):
            assert tablet.page not in text_of(elsewhere.get(address))
            return
    pytest.fail("offered nowhere")


def test_where_it_is_not_marked_nothing_is_handed_over(cast, session, log_in):
    browser = log_in(cast.alice)
    for response in (browser.get(tablet_page(session)), browser.post(tablet_page(session))):
        assert response.headers["Location"] == "/tablet/"
    assert not HandOver.objects.exists()
    assert browser.get("/today/").status_code == 200


def tablet_page(session: Session) -> str:
    return reverse("hand_over", args=[session.uuid])


def test_the_form_for_the_own_rating_leads_to_it_on_a_marked_tablet(cast, tablet, log_in):
    planned = factories.make_session(cast.episode, cast.now, Session.Status.SCHEDULED)
    address = f"/sessions/{planned.uuid}/"
    assert "Rate, then hand over" in text_of(tablet.browser.get(address))
    assert "hand over" not in text_of(log_in(cast.alice).get(address))
    form = {
        "status": "held",
        "mode": "in_person",
        "version": "1",
        "starts_at": f"{cast.now.astimezone(cast.here.zone):%Y-%m-%dT%H:%M}",
        "rating_uuid": str(cast.alice.uuid),
        "respect": "7",
        "then": "hand_over",
    }
    response = tablet.browser.post(address, form)
    assert response.headers["Location"] == f"{address}hand-over/"


def test_a_session_that_was_not_held_is_logged_first(cast, tablet):
    planned = factories.make_session(cast.episode, cast.now, Session.Status.SCHEDULED)
    response = tablet.browser.get(tablet_page(planned))
    assert response.headers["Location"] == f"/sessions/{planned.uuid}/"


def test_nobody_hands_over_for_the_client_of_somebody_else(cast, tablet):
    theirs = factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1))
    assert tablet.browser.post(tablet_page(theirs)).status_code == 404
    assert not HandOver.objects.exists()


# ---- own rating first ----


def test_without_the_own_rating_the_tablet_stays(cast, tablet):
    unrated = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    assert "First your own rating" in text_of(tablet.browser.get(tablet_page(unrated)))
    tablet.browser.post(tablet_page(unrated))
    assert not HandOver.objects.exists()
    assert tablet.is_logged_in()


def test_not_this_time_is_enough(cast, tablet):
    unrated = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=2))
    waived = tablet.browser.post(f"/sessions/{unrated.uuid}/waive/", {"then": "hand_over"})
    assert waived.headers["Location"] == tablet_page(unrated)
    assert tablet.browser.post(tablet_page(unrated)).status_code == 302
    assert HandOver.objects.exists()


def test_the_counselor_checks_who_it_is_and_may_say_who_is_there(cast, tablet):
    page = text_of(tablet.browser.get(tablet.page))
    assert "T-308" in page
    assert "Jo Doe" in page
    assert "Is this who sits with you?" in page
    start = tablet.hand_over(helper="interpreter", present="counselor")
    tablet.answer(start)
    rating = Rating.objects.get(rater=Rater.CLIENT)
    assert (rating.way_in, rating.helper, rating.present) == (
        Rating.WayIn.HANDOVER,
        "interpreter",
        "counselor",
    )


def test_made_up_circumstances_are_refused(tablet):
    assert tablet.browser.post(tablet.page, {"helper": "the dog"}).status_code == 422
    assert not HandOver.objects.exists()


# ---- while it is away ----


def test_the_log_in_ends_and_its_row_is_gone(tablet):
    key = tablet.browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert WebSession.objects.filter(session_key=key).exists()
    tablet.hand_over()
    assert not WebSession.objects.filter(session_key=key).exists()
    assert not tablet.is_logged_in()
    tablet.browser.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not tablet.is_logged_in()


def test_every_staff_page_is_the_log_in_page_and_every_form_of_theirs_is_refused(cast, tablet):
    tablet.hand_over()
    client, episode = cast.episode.client.uuid, cast.episode.uuid
    for path in ("/", "/today/", "/caseload/", f"/clients/{client}/", f"/episodes/{episode}/"):
        assert tablet.browser.get(path).headers["Location"].startswith("/account/login/")
    rows = factories.every_row()
    tablet.browser.post(f"/sessions/{tablet.session.uuid}/waive/")
    tablet.browser.post(tablet.page)
    assert factories.every_row() == rows


def test_the_client_reads_the_time_and_no_name(cast, tablet):
    page = text_of(tablet.browser.get(tablet.hand_over()))
    here = tablet.session.starts_at.astimezone(cast.here.zone)
    assert f"{here.hour % 12 or 12}:{here:%M}" in page
    assert "That was not me" in page
    for name in ("Jo Doe", "T-308", "Alice", "Oak Street"):
        assert name not in page


def test_a_session_of_another_day_is_told_by_its_day(cast, tablet):
    earlier = factories.make_session(cast.episode, cast.now - dt.timedelta(days=3))
    factories.rate(earlier, 7, Rater.COUNSELOR, now=cast.now)
    start = tablet.browser.post(tablet_page(earlier)).headers["Location"]
    page = text_of(tablet.browser.get(start))
    assert f"{earlier.starts_at.astimezone(cast.here.zone):%A, %B}" in page
    assert "today" not in page


def test_who_says_it_was_not_them_closes_the_tablet_and_not_the_request(cast, tablet):
    start = tablet.hand_over()
    page = tablet.browser.post(f"{start}not-me/", {"sure": "yes"})
    assert "hand the tablet back" in text_of(page)
    assert tablet.browser.get(start).status_code == 404
    assert tablet.answer(start).status_code == 404
    assert not Rating.objects.filter(rater=Rater.CLIENT).exists()
    assert RatingRequest.objects.get().withdrawn_at is None


def test_after_the_answer_nothing_of_it_is_left_to_open(tablet):
    start = tablet.hand_over()
    assert tablet.answer(start).headers["Location"] == f"{start}thanks/"
    thanks = text_of(tablet.browser.get(f"{start}thanks/"))
    assert "Your answers are no longer on it." in thanks
    for page in ("", "questions/", "decline/", "not-me/"):
        assert tablet.browser.get(start + page).status_code == 404


def test_who_declined_on_our_tablet_does_not_leave_the_form_to_the_next(tablet):
    start = tablet.hand_over()
    tablet.browser.post(f"{start}decline/", {"sure": "yes"})
    assert "answer after all" not in text_of(tablet.browser.get(f"{start}thanks/"))
    assert tablet.browser.get(f"{start}questions/").status_code == 404
    assert tablet.answer(start).status_code == 404
    assert Rating.objects.get(rater=Rater.CLIENT).outcome == Rating.Outcome.DECLINED


def test_the_cookies_change_at_the_hand_over_and_at_the_answer(tablet):
    """So that a browser drops what it kept of the pages before: see also the browser tests."""
    tablet.browser.get(tablet.page)
    tokens = [tablet.browser.cookies["csrftoken"].value]
    start = tablet.hand_over()
    tokens.append(tablet.browser.cookies["csrftoken"].value)
    tablet.answer(start)
    tokens.append(tablet.browser.cookies["csrftoken"].value)
    assert len(set(tokens)) == 3


def test_what_was_to_be_said_to_the_counselor_is_not_said_to_the_client(cast, tablet):
    tablet.browser.post(f"/sessions/{tablet.session.uuid}/waive/", {"then": "hand_over"})
    tablet.hand_over()
    assert "not this time" not in text_of(tablet.browser.get("/account/login/"))


def test_the_log_says_who_handed_over_for_whom(cast, tablet):
    tablet.hand_over()
    entry = AccessEntry.objects.get(route="hand_over", method="POST")
    assert (entry.membership, entry.clients) == (cast.alice, [cast.episode.client_id])


# ---- the PIN ----


def test_the_pin_brings_the_counselor_back_to_both_ratings(cast, tablet):
    start = tablet.hand_over()
    tablet.answer(start)
    back = tablet.type(PIN)
    assert back.headers["Location"] == f"/sessions/{tablet.session.uuid}/answers/"
    page = text_of(tablet.browser.get(back.headers["Location"]))
    cells = re.findall(r'<td class="num[^"]*">([^<]*)</td>', page)
    assert cells == ["8", "7", "6", "7", "7", "7"]
    assert "handed over" in page
    assert COOKIE not in tablet.browser.cookies or not tablet.browser.cookies[COOKIE].value
    entry = AccessEntry.objects.get(route="handed", method="POST")
    assert (entry.membership, entry.status) == (cast.alice, 302)


def test_it_brings_back_who_handed_it_over_and_nobody_else(cast, tablet):
    set_pin(cast.bob, "730914")
    tablet.hand_over()
    assert tablet.type("730914").status_code == 422
    assert not tablet.is_logged_in()


def test_before_there_is_an_answer_it_ends_the_visit(cast, tablet):
    start = tablet.hand_over()
    back = tablet.type(PIN).headers["Location"]
    assert "No answer from T-308 so far." in text_of(tablet.browser.get(back))
    assert tablet.browser.get(start).status_code == 404
    assert tablet.answer(start).status_code == 404


def test_five_wrong_pins_and_only_a_full_log_in_helps(cast, tablet):
    tablet.hand_over()
    for pin in OTHERS[:4]:
        assert "This is not the PIN." in text_of(tablet.type(pin))
    last = text_of(tablet.type(OTHERS[4]))
    assert "the PIN does not open this tablet any more" in last
    refused = tablet.type(PIN)
    assert refused.status_code == 422
    assert not tablet.is_logged_in()
    assert tablet.browser.login(username=cast.alice.user.email, password=factories.PASSWORD)
    assert tablet.is_logged_in()


def test_four_wrong_ones_leave_one(tablet):
    tablet.hand_over()
    for pin in OTHERS[:4]:
        tablet.type(pin)
    assert tablet.type(PIN).status_code == 302


def test_tries_are_counted_in_the_database(tablet):
    tablet.hand_over()
    tablet.type(OTHERS[0])
    assert HandOver.objects.get().wrong_pins == 1
    HandOver.objects.update(wrong_pins=5)
    assert tablet.type(PIN).status_code == 422


@pytest.mark.parametrize(("minutes", "status"), [(14.9, 302), (15, 422), (200, 422)])
def test_it_works_for_15_minutes_after_the_hand_over(tablet, clock, minutes, status):
    tablet.hand_over()
    clock(minutes)
    assert tablet.type(PIN).status_code == status


@pytest.mark.parametrize(("minutes", "status"), [(26.9, 302), (27, 422)])
def test_and_for_15_minutes_after_the_answer(tablet, clock, minutes, status):
    start = tablet.hand_over()
    clock(12)
    tablet.answer(start)
    clock(minutes)
    assert tablet.type(PIN).status_code == status


def test_another_device_has_no_use_for_it(cast, tablet, log_in):
    tablet.hand_over()
    other = Browser()
    assert other.post("/handed/", {"pin": PIN}).headers["Location"] == "/"
    other.cookies[tablets.COOKIE] = tablet.browser.cookies[tablets.COOKIE].value
    assert other.post("/handed/", {"pin": PIN}).headers["Location"] == "/"
    other.cookies[COOKIE] = "made-up"
    assert other.post("/handed/", {"pin": PIN}).headers["Location"] == "/"
    assert other.get("/today/").status_code == 302
    assert HandOver.objects.get().returned_at is None


def test_the_secret_of_the_tablet_lies_nowhere(tablet):
    tablet.hand_over()
    secret = tablet.browser.cookies[COOKIE].value.partition(":")[0]
    assert len(secret) == 22
    assert secret not in repr(list(HandOver.objects.values_list()))


def test_a_hand_over_is_taken_back_once(tablet):
    tablet.hand_over()
    away = tablet.browser.cookies[COOKIE].value
    tablet.type(PIN)
    other = Browser()
    other.cookies[COOKIE] = away
    assert other.post("/handed/", {"pin": PIN}).headers["Location"] == "/"
    assert other.get("/today/").status_code == 302


def test_who_left_the_staff_meanwhile_does_not_come_back(cast, tablet):
    tablet.hand_over()
    yesterday = cast.today - dt.timedelta(days=1)
    Membership.objects.filter(pk=cast.alice.pk).update(ended_on=yesterday)
    assert tablet.type(PIN).status_code == 422


def test_without_a_pin_the_way_back_is_the_password(cast, tablet):
    Membership.objects.filter(pk=cast.alice.pk).update(pin_hash="")
    assert "You have no PIN yet" in text_of(tablet.browser.get(tablet.page))
    tablet.hand_over()
    page = text_of(tablet.browser.get("/handed/"))
    assert 'name="pin"' not in page
    assert "/account/login/" in page
    assert tablet.type("").status_code == 422


def test_the_pin_makes_no_log_in_longer_than_12_hours(cast, tablet, clock):
    """However often it comes in: after 12 hours a full log-in is due."""
    began = Membership.objects.get(pk=cast.alice.pk).user.last_login
    assert began is not None
    for hours in (5, 10):
        clock(hours * 60)
        tablet.hand_over()
        assert tablet.type(PIN).status_code == 302
    ends = set(HandOver.objects.values_list("log_in_ends_at", flat=True))
    assert ends == {began + dt.timedelta(hours=12)}
    clock(11.95 * 60)
    tablet.hand_over()
    clock(12 * 60 + 1)
    assert tablet.type(PIN).status_code == 422


def test_after_a_full_log_in_the_tablet_forgets_that_it_was_away(cast, tablet):
    tablet.hand_over()
    tablet.browser.force_login(cast.bob.user)
    response = tablet.browser.get("/handed/")
    assert response.headers["Location"] == "/"
    assert not response.cookies[COOKIE].value


# ---- what the counselor then reads ----


def test_the_page_of_both_ratings_keeps_to_the_blind_rule(cast, log_in):
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    factories.rate(session, 3, now=cast.now, note="Too fast", change_wish="slower")
    address = f"/sessions/{session.uuid}/answers/"
    page = text_of(log_in(cast.alice).get(address))
    assert "A rating was given." in page
    assert "Too fast" in page  # a note is never held back
    assert "Go slower" not in page
    assert re.findall(r"<td", page) == []
    factories.rate(session, 7, Rater.COUNSELOR, now=cast.now)
    page = text_of(log_in(cast.alice).get(address))
    assert "Go slower" in page
    assert re.findall(r'<td class="num[^"]*">([^<]*)</td>', page) == ["3", "7"] * 3


def test_a_decline_stands_there_as_what_it_is(cast, log_in, session):
    factories.rate(session, (None, None, None), declined=True, now=cast.now)
    page = text_of(log_in(cast.alice).get(f"/sessions/{session.uuid}/answers/"))
    assert "chose not to answer today" in page


def test_the_supervisor_reads_it_without_what_was_for_the_counselor_only(cast, log_in, session):
    factories.rate(session, 3, now=cast.now, note="For her only")
    factories.say_why(cast.sam, cast.now)
    page = text_of(log_in(cast.sam).get(f"/sessions/{session.uuid}/answers/"))
    assert re.findall(r'<td class="num[^"]*">([^<]*)</td>', page) == ["3", "7"] * 3
    assert "For her only" not in page
    assert "<form" not in page.partition("<main")[2]


def test_links_are_closed_for_a_reason_and_not_reopened(cast, tablet):
    tablet.hand_over()
    tablet.type(PIN)
    link = RatingLink.objects.get(channel=RatingLink.Channel.HANDOVER)
    assert link.closed_at is not None
