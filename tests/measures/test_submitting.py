"""What a script and a browser may rely on when the connection is bad: see static/js/rate.js."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from django.utils.formats import date_format

from alliance_site import transactions
from measures.capture.asking import withdraw_request
from measures.capture.drafts import draft_keys
from measures.models import Rating, RatingLink, RatingRequest
from tests import factories
from tests.measures.link_holder import GIVEN, LinkHolder, invite

HOST = {"origin": "http://testserver"}
ELSEWHERE = {"origin": "https://elsewhere.example"}
NOTE = 'She said "no" & <b>left</b>'

SetClock = Callable[[dt.timedelta], None]


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    holder = invite(cast.episode, cast.now, browser=Browser(enforce_csrf_checks=True))
    holder.open()
    return holder


@pytest.fixture
def set_clock(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    def _set_clock(after: dt.timedelta) -> None:
        monkeypatch.setattr(transactions, "database_now", lambda: cast.now + after)

    return _set_clock


def text_of(response: Any) -> str:
    return str(response.content.decode())


def fresh(holder: LinkHolder) -> dict[str, Any]:
    answer = holder.get("fresh/")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def send(holder: LinkHolder, **fields: Any) -> Any:
    """As the script does: with a token just asked for."""
    return holder.send(csrfmiddlewaretoken=fresh(holder)["csrf"], **fields)


def keys_on(page: Any) -> dict[str, str]:
    """What a page hands to the script."""
    found = re.search(r'data-keys="([^"]*)"', text_of(page))
    return json.loads(unescape(found[1])) if found else {}


def ask_about_another(cast: SimpleNamespace) -> None:
    """The counselor logs a session that came later."""
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(minutes=5))
    factories.invite(session, cast.now)


# ---- a fresh token ----


def test_a_fresh_token_lets_the_answers_through(holder):
    assert holder.send(csrfmiddlewaretoken="x" * 64).status_code == 403
    assert send(holder).headers["Location"] == holder.path("thanks/")


def test_asking_for_one_uses_nothing_up_and_tells_nothing(holder):
    for _ in range(3):
        assert set(fresh(holder)) == {"csrf", "is_open", "is_shown", "keys"}
        holder.browser.head(holder.path("fresh/"))
    assert not Rating.objects.exists()
    send(holder, note=NOTE)
    after = holder.get("fresh/")
    assert json.loads(after.content)["is_open"] is False
    assert "left" not in text_of(after)


def test_nobody_gets_one_without_the_cookie_of_this_link(cast, holder):
    other = invite(cast.peers, cast.now)
    stranger = LinkHolder(holder.made, other.browser)
    other.open()
    for browser in (stranger, LinkHolder(holder.made, Browser())):
        answer = browser.get("fresh/")
        assert (answer.status_code, b"This page is closed." in answer.content) == (404, True)


# ---- the request is the key ----


def test_the_same_answers_again_are_a_receipt_and_others_are_told_when_the_first_came(cast, holder):
    for _ in range(3):
        assert send(holder, note=NOTE).headers["Location"] == holder.path("thanks/")
    other = send(holder, note="Another one")
    with timezone.override(cast.here.zone):
        stored_at = Rating.objects.get().stored_at.astimezone(cast.here.zone)
        assert date_format(stored_at, "DATETIME_FORMAT") in text_of(other)
    assert other.status_code == 409
    for answer in (other, holder.get("thanks/")):
        assert "left" not in text_of(answer)
    assert Rating.objects.count() == 1


def test_a_receipt_is_given_for_a_while_after_the_link_ended(cast, holder, set_clock):
    send(holder)
    set_clock(dt.timedelta(days=4, minutes=29))
    assert send(holder).headers["Location"] == holder.path("thanks/")
    assert send(holder, note="Another one").status_code == 409
    assert holder.get("questions/").status_code == 404
    set_clock(dt.timedelta(days=4, minutes=31))
    assert holder.get("fresh/").status_code == 404


def test_a_newer_request_does_not_take_the_receipt_away(cast, holder, set_clock):
    """Who sent in time, and never got the answer, is not told that nothing was saved."""
    send(holder)
    ask_about_another(cast)
    assert RatingRequest.objects.get(pk=holder.request.pk).superseded_at is not None
    assert send(holder).headers["Location"] == holder.path("thanks/")
    set_clock(dt.timedelta(minutes=31))
    assert holder.get("fresh/").status_code == 404


def test_a_newer_request_ends_what_was_not_sent(cast, holder):
    token = fresh(holder)["csrf"]
    ask_about_another(cast)
    assert holder.send(csrfmiddlewaretoken=token).status_code == 404
    assert not Rating.objects.exists()


def test_lines_of_a_note_that_end_another_way_are_the_same_answer(holder):
    """A form ends them with two signs, a script with one."""
    send(holder, note="One\r\nTwo")
    assert send(holder, note="One\nTwo").headers["Location"] == holder.path("thanks/")
    assert Rating.objects.count() == 1


def test_but_nothing_is_stored_then(holder, set_clock):
    token = fresh(holder)["csrf"]
    set_clock(dt.timedelta(days=4, minutes=1))
    assert holder.send(csrfmiddlewaretoken=token).status_code == 404
    assert not Rating.objects.exists()


def test_and_none_where_the_link_was_for_somebody_else(cast, holder):
    send(holder)
    withdraw_request(request=holder.request, now=cast.now)
    assert holder.get("fresh/").status_code == 404


def test_sending_nothing_without_the_tick_is_refused_in_words(holder):
    nothing = {"respect": "skip", "understanding": "skip", "goals": "skip"}
    answer = send(holder, **nothing)
    assert (answer.status_code, "Tick the box first" in text_of(answer)) == (422, True)
    assert send(holder, **nothing, sure="yes").status_code == 302


def test_what_was_sent_from_a_code_in_time_arrives_while_the_request_is_open(cast, set_clock):
    """The phone had no connection, and came back hours after the code in the room was over."""
    holder = invite(
        cast.episode, cast.now, RatingLink.Channel.QR, browser=Browser(enforce_csrf_checks=True)
    )
    holder.open()
    set_clock(dt.timedelta(hours=5))
    for page in ("", "questions/", "decline/", "not-me/"):
        assert holder.get(page).status_code == 404  # nothing is shown or asked any more
    token = fresh(holder)["csrf"]
    for step in ("review", "change", ""):
        assert holder.review(step=step, csrfmiddlewaretoken=token).status_code == 404
    assert holder.post("decline/", sure="yes", csrfmiddlewaretoken=token).status_code == 404
    assert not Rating.objects.exists()
    assert send(holder).headers["Location"] == holder.path("thanks/")
    assert holder.get("thanks/").status_code == 200
    assert Rating.objects.count() == 1


def test_but_its_code_opens_for_nobody_else_by_then(cast, set_clock):
    holder = invite(cast.episode, cast.now, RatingLink.Channel.QR)
    holder.open()
    other = LinkHolder(holder.made, Browser())
    set_clock(dt.timedelta(minutes=16))
    assert other.open().status_code == 404
    assert other.send().status_code == 404
    set_clock(dt.timedelta(days=4, minutes=1))
    assert holder.send().status_code == 404
    assert not Rating.objects.exists()


@pytest.mark.parametrize("channel", [RatingLink.Channel.HANDOVER, RatingLink.Channel.KIOSK])
def test_a_clinics_device_delivers_nothing_late(cast, set_clock, channel):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    set_clock(dt.timedelta(minutes=61))
    assert holder.get("fresh/").status_code == 404
    assert holder.send().status_code == 404
    assert not Rating.objects.exists()


# ---- keys for drafts ----


def test_the_pages_of_an_open_link_hand_out_its_keys(cast, holder):
    for page in ("", "questions/", "decline/"):
        assert keys_on(holder.get(page)) == draft_keys(holder.request, cast.now)
    token = fresh(holder)
    assert token["keys"] == draft_keys(holder.request, cast.now)
    review = holder.review(csrfmiddlewaretoken=token["csrf"])
    assert keys_on(review) == token["keys"]


@pytest.mark.parametrize("channel", [RatingLink.Channel.HANDOVER, RatingLink.Channel.KIOSK])
def test_on_a_clinics_device_nothing_hands_them_out(cast, channel):
    holder = invite(cast.episode, cast.now, channel)
    holder.open()
    pages = [holder.get(""), holder.get("questions/"), holder.review()]
    assert [keys_on(page) for page in pages] == [{}, {}, {}]
    assert 'autocomplete="off"' in text_of(pages[1])
    assert fresh(holder)["keys"] == {}


def test_nor_in_a_browser_where_somebody_of_the_staff_is_logged_in(cast, log_in):
    holder = invite(cast.episode, cast.now, browser=log_in(cast.finn))
    holder.open()
    assert keys_on(holder.get("questions/")) == {}
    assert fresh(holder)["keys"] == {}


def test_nor_on_a_closed_page(holder):
    send(holder)
    assert keys_on(holder.get("questions/")) == {}


def test_every_request_has_keys_of_its_own(cast, holder):
    other = invite(cast.episode, cast.now, days_ago=1)
    mine, theirs = (draft_keys(each.request, cast.now) for each in (holder, other))
    assert mine.keys() == theirs.keys()
    assert not set(mine.values()) & set(theirs.values())
    assert len(set(mine.values())) == len(mine) == 4


@pytest.mark.parametrize("minutes", [0, 29, 45, 59])
def test_the_key_of_a_draft_is_there_for_half_an_hour_at_least(cast, holder, minutes):
    """From a page that had been open for so long when the draft was written."""
    opened = draft_keys(holder.request, cast.now)
    name = next(each for each in opened if each != "unsent")
    reopened = draft_keys(holder.request, cast.now + dt.timedelta(minutes=minutes))
    assert reopened[name] == opened[name]


def test_two_hours_later_it_is_not_handed_out_but_that_of_something_unsent_is(cast, holder):
    opened = draft_keys(holder.request, cast.now)
    later = draft_keys(holder.request, cast.now + dt.timedelta(hours=2))
    assert opened.keys() & later.keys() == {"unsent"}
    assert opened["unsent"] == later["unsent"]


# ---- a form that was refused ----


def kept_on(page: Any) -> dict[str, str]:
    """The hidden fields of the page that refused, as a browser would send them again."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text_of(page))
    return {name: unescape(value) for name, value in found}


def test_what_was_typed_goes_along_with_the_refusal(holder):
    typed = GIVEN | {"note": NOTE, "step": "send"}
    refusal = holder.browser.post(holder.path("questions/"), typed, headers=HOST)
    assert refusal.status_code == 403
    again = kept_on(refusal)
    assert again.items() >= typed.items()
    assert holder.post(**again).headers["Location"] == holder.path("thanks/")
    assert Rating.objects.count() == 1


def test_in_a_form_of_the_staff_too(cast, log_in):
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(cast.alice.user)
    path = f"/clients/{cast.episode.client.uuid}/edit/"
    again = kept_on(strict.post(path, {"name": "Jo Roe", "language": "en"}, headers=HOST))
    assert again["name"] == "Jo Roe"
    assert "Jo Roe" in text_of(strict.post(path, again, follow=True))


@pytest.mark.parametrize(
    "request_",
    [
        {"fields": GIVEN, "headers": ELSEWHERE},
        {"fields": GIVEN, "headers": {"origin": "null"}},
        {"fields": GIVEN, "headers": {}},
        {"fields": GIVEN | {"csrfmiddlewaretoken": "x" * 64}, "headers": ELSEWHERE},
        {"fields": {"login": "a@b.example", "password": "secret"}, "headers": HOST},
        {"fields": {"oldpassword": "secret"}, "headers": HOST},
        {"fields": {"pin": "1234"}, "headers": HOST},
        {"fields": {"file": SimpleUploadedFile("a.csv", b"a")}, "headers": HOST},
    ],
    ids=["elsewhere", "null", "nowhere", "with a token", "log-in", "password", "pin", "file"],
)
def test_but_never_what_another_site_sent_nor_a_secret(holder, request_):
    refusal = holder.browser.post(
        holder.path("questions/"), request_["fields"], headers=request_["headers"]
    )
    assert refusal.status_code == 403
    assert kept_on(refusal) == {}
    assert "What you typed is still there." in text_of(refusal)


def test_a_refusal_of_a_clients_form_names_nobody(holder):
    refusal = text_of(holder.browser.post(holder.path("questions/"), GIVEN, headers=HOST))
    assert "Alliance" not in refusal
    assert "Please try again" in refusal


def test_links_open_at_once_do_not_share_what_is_kept(cast):
    first, second = invite(cast.episode, cast.now), invite(cast.peers, cast.now)
    for holder in (first, second):
        holder.open()
    assert not set(fresh(first)["keys"].values()) & set(fresh(second)["keys"].values())


def test_a_rating_given_another_way_closes_what_waits(cast, holder):
    """A retry that comes after somebody typed a paper slip in."""
    factories.rate(holder.session, 9)
    assert fresh(holder)["is_open"] is False
    assert send(holder).status_code == 409
