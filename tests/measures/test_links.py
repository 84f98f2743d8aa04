"""Links: hard to guess, kept as a hash, spent by the stored rating and never by opening them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.signing import get_cookie_signer
from django.db import connection
from django.test import Client as Browser

from alliance_site import transactions
from measures.capture.asking import AlreadyAnswered, SessionNotHeld, withdraw_request
from measures.capture.services import make_link
from measures.capture.tokens import hash_token, new_token
from measures.capture.visits import COOKIE, SALT
from measures.models import Rating, RatingLink, RatingRequest
from sessions.models import AccessEntry, Organization
from tests import factories
from tests.measures.link_holder import LinkHolder, invite

PAGES = ("", "questions/", "decline/", "not-me/", "thanks/")
ADDRESSES = (*PAGES, "fresh/")
CHANNELS = RatingLink.Channel

# What no page before the questions may say, in either language.
TELLING = re.compile(
    r"session|visit|appointment|counsel|therap|addict|treat|clinic|patient|client|health|care\b"
    r"|program|recover|relapse|drug|alcohol|substance|probation|court|medic|doctor|rating"
    r"|sesi[oó]n|cita\b|consejer|terap|adicci|tratamiento|cl[ií]nica|paciente|salud|programa",
    re.IGNORECASE,
)

SetClock = Callable[[dt.timedelta], None]


@pytest.fixture
def holder(cast: SimpleNamespace) -> LinkHolder:
    return invite(cast.episode, cast.now)


@pytest.fixture
def set_clock(cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the database's clock, as the middleware reads it, to so long after `cast.now`."""

    def _set_clock(after: dt.timedelta) -> None:
        monkeypatch.setattr(transactions, "database_now", lambda: cast.now + after)

    return _set_clock


class Page(HTMLParser):
    """What a person reads on a page, and every control there is to press."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.forms: list[str] = []
        self._inside: list[str] = []
        self.feed(response.content.decode())

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        spoken = ("alt", "title", "aria-label", "placeholder", "content")
        self.words += [given[name] or "" for name in spoken if name in given]
        if tag == "a" and str(given["href"]).startswith("/"):
            self.links.append(str(given["href"]))
        if tag == "form":
            self.forms.append(str(given["action"]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def title_of(response: Any) -> str:
    found = re.search(r"<title>(.*?)</title>", response.content.decode(), re.DOTALL)
    assert found
    return found[1]


def whole(response: Any) -> tuple[int, dict[str, str], list[str], bytes]:
    """Everything that goes over the wire."""
    return response.status_code, dict(response.items()), list(response.cookies), response.content


def test_a_token_is_128_random_bits_in_22_letters():
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(token) for token in tokens} == {22}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", token) for token in tokens)


def test_the_token_lies_nowhere_in_the_database(holder):
    holder.open()
    holder.send(note="Thank you")
    everything = b"\n".join(dump())
    assert hash_token(holder.made.token).encode() in everything  # the search does find things
    assert holder.made.token.encode() not in everything


def dump() -> list[bytes]:
    """Every value of every table."""
    values = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            values += [each for row in cursor.fetchall() for each in row]
    return [
        bytes(each) if isinstance(each, bytes | memoryview) else str(each).encode()
        for each in values
    ]


def test_a_session_has_one_request_and_as_many_links_as_it_takes(cast, holder):
    again = make_link(session=holder.session, channel=CHANNELS.SMS, now=cast.now)
    assert again.link.request == holder.request
    assert again.token != holder.made.token
    for token in (holder.made.token, again.token):
        assert Browser().get(f"/rate/{token}").status_code == 302


def test_the_first_answer_spends_every_link_of_the_request(cast, holder):
    again = make_link(session=holder.session, channel=CHANNELS.QR, now=cast.now)
    other = LinkHolder(again, Browser())
    other.open()
    holder.open()
    holder.send()
    assert Browser().get(f"/rate/{again.token}").status_code == 404
    assert other.get("questions/").status_code == 404


def test_a_link_lives_as_long_as_the_organization_says(cast):
    cast.here.request_days = 9
    cast.here.save()
    link = invite(cast.episode, cast.now).made.link
    assert link.expires_at == link.request.expires_at == cast.now + dt.timedelta(days=9)


def test_a_code_shown_in_the_room_is_good_for_15_minutes(cast):
    link = invite(cast.episode, cast.now, CHANNELS.QR).made.link
    assert link.expires_at == cast.now + dt.timedelta(minutes=15)
    assert link.request.expires_at == cast.now + dt.timedelta(days=4)


@pytest.mark.parametrize("channel", [CHANNELS.QR, CHANNELS.LINK])
def test_a_link_made_at_the_last_minute_gives_its_request_new_time(holder, channel):
    late = holder.request.expires_at - dt.timedelta(minutes=5)
    made = make_link(session=holder.session, channel=channel, now=late)
    assert made.link.request.expires_at == late + dt.timedelta(days=4)
    assert made.link.expires_at >= late + dt.timedelta(minutes=15)


def test_nobody_is_asked_about_what_was_answered_another_way(cast, holder):
    factories.rate(holder.session, 8)
    with pytest.raises(AlreadyAnswered):
        make_link(session=holder.session, channel=CHANNELS.LINK, now=cast.now)
    assert holder.get("").status_code == 404


def test_a_request_whose_time_ran_out_is_given_new_time(cast, holder):
    later = holder.request.expires_at + dt.timedelta(days=1)
    made = make_link(session=holder.session, channel=CHANNELS.LINK, now=later)
    assert made.link.request == holder.request
    assert made.link.expires_at == later + dt.timedelta(days=4)


def test_nobody_is_asked_about_what_was_not_held(cast):
    session = factories.make_session(cast.episode, cast.now, "missed")
    with pytest.raises(SessionNotHeld):
        make_link(session=session, channel=CHANNELS.LINK, now=cast.now)


def test_nobody_is_asked_twice(cast, holder):
    holder.open()
    holder.send()
    with pytest.raises(AlreadyAnswered):
        make_link(session=holder.session, channel=CHANNELS.LINK, now=cast.now)


def test_who_declined_may_be_asked_again(cast, holder):
    holder.open()
    holder.decline()
    again = make_link(session=holder.session, channel=CHANNELS.LINK, now=cast.now)
    assert again.link.request == holder.request


@pytest.mark.parametrize(
    ("minutes", "status"), [(0, 302), (14, 302), (15, 404), (16, 404), (60 * 24 * 30, 404)]
)
def test_the_clock_of_the_database_closes_a_code(cast, set_clock, minutes, status):
    holder = invite(cast.episode, cast.now, CHANNELS.QR)
    set_clock(dt.timedelta(minutes=minutes))
    assert holder.open().status_code == status


@pytest.mark.parametrize("days", [-30, 30])
def test_the_clock_of_the_app_server_does_not_matter(cast, holder, days):
    with time_machine.travel(cast.now + dt.timedelta(days=days), tick=True):
        assert holder.open().status_code == 302
        assert holder.send().status_code == 302
    assert Rating.objects.count() == 1


def test_who_scanned_the_code_in_time_may_finish(cast, set_clock):
    holder = invite(cast.episode, cast.now, CHANNELS.QR)
    set_clock(dt.timedelta(minutes=14))
    holder.open()
    set_clock(dt.timedelta(minutes=25))
    assert holder.send().headers["Location"] == holder.path("thanks/")
    assert Rating.objects.get().way_in == Rating.WayIn.QR


def test_but_not_hours_later(cast, set_clock):
    holder = invite(cast.episode, cast.now, CHANNELS.QR)
    holder.open()
    set_clock(dt.timedelta(hours=2))
    assert holder.get("questions/").status_code == 404
    assert holder.review().status_code == 404
    assert not Rating.objects.exists()


def test_the_end_of_the_request_ends_every_page(cast, holder, set_clock):
    holder.open()
    set_clock(dt.timedelta(days=4))
    assert {holder.get(page).status_code for page in ADDRESSES} == {404}
    assert holder.send().status_code == 404
    assert not Rating.objects.exists()


def test_no_number_of_visits_uses_a_link_up(holder):
    scanner = Browser()
    for _ in range(3):
        scanner.head(holder.address)
        scanner.get(holder.address)
        for page in ADDRESSES:
            scanner.head(holder.path(page))
            scanner.get(holder.path(page))
    assert_unused(holder)


def test_pressing_every_control_of_the_first_page_does_not_use_it_up(holder, settings):
    """As mail scanners do; each form they reach that way is sent once, as it stands."""
    scanner = Browser()
    first = Page(scanner.get(holder.address, follow=True))
    assert len(first.links) == 3 + len(settings.LANGUAGES)
    assert first.forms == []
    for link in first.links:
        scanner.get(link)
    scanner.post(holder.path("decline/"))
    scanner.post(holder.path("not-me/"))
    scanner.post(holder.path("questions/"), {"step": "review"})
    assert_unused(holder)


def assert_unused(holder: LinkHolder) -> None:
    assert not Rating.objects.exists()
    assert not RatingRequest.objects.filter(withdrawn_at__isnull=False).exists()
    holder.open()
    assert holder.send().headers["Location"] == holder.path("thanks/")
    assert Rating.objects.count() == 1


def test_declining_needs_the_tick(holder):
    holder.open()
    page = holder.post("decline/")
    assert "Tick the box first" in page.content.decode()
    assert not Rating.objects.exists()
    assert holder.decline().headers["Location"] == holder.path("thanks/")
    assert Rating.objects.get().outcome == Rating.Outcome.DECLINED


def test_who_declined_may_still_answer(holder):
    holder.open()
    holder.decline()
    assert "answer after all" in holder.get("thanks/").content.decode()
    assert holder.get("questions/").status_code == 200
    assert holder.send().headers["Location"] == holder.path("thanks/")
    assert Rating.objects.current().get().outcome == Rating.Outcome.PARTIAL


def test_this_is_not_for_me_ends_every_link(cast, holder):
    again = make_link(session=holder.session, channel=CHANNELS.LINK, now=cast.now)
    holder.open()
    assert "Tick the box first" in holder.post("not-me/").content.decode()
    assert "closed now" in holder.post("not-me/", sure="yes").content.decode()
    assert Browser().get(f"/rate/{again.token}").status_code == 404
    assert holder.send().status_code == 404


def closed_links(cast: SimpleNamespace) -> dict[str, LinkHolder]:
    used, withdrawn = invite(cast.episode, cast.now), invite(cast.carls, cast.now, days_ago=1)
    for holder in (used, withdrawn):
        assert holder.open().status_code == 302
    assert used.send().status_code == 302
    withdraw_request(request=withdrawn.request, now=cast.now)
    superseded = invite(cast.peers, cast.now, days_ago=1)
    superseded.open()
    return {
        "used": used,
        "withdrawn": withdrawn,
        "superseded": superseded,
        "expired": invite(cast.eves, cast.now, days_ago=5),
        "old code": invite(cast.peers, cast.now, CHANNELS.QR, days_ago=0.5),
    }


def test_used_expired_withdrawn_and_made_up_links_answer_alike_to_the_byte(cast):
    made_up = whole(Browser().get(f"/rate/{new_token()}"))
    assert made_up[0] == 404
    assert b"This page is closed." in made_up[3]
    for name, holder in closed_links(cast).items():
        assert whole(Browser().get(holder.address)) == made_up, name


@pytest.mark.parametrize("behind", ["", "questions/", "decline/", "not-me/"])
def test_so_do_the_pages_behind_them(cast, behind):
    made_up = whole(Browser().get(f"/rate/r/{cast.alice.uuid}/{behind}"))
    assert made_up[0] == 404
    for name, holder in closed_links(cast).items():
        assert whole(holder.get(behind)) == made_up, name


def test_a_closed_page_does_not_tell_the_language_of_the_client(cast, settings):
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish")]
    cast.episode.client.language = "es"
    cast.episode.client.save()
    used = closed_links(cast)["used"]
    assert whole(used.get()) == whole(Browser().get(f"/rate/{new_token()}"))


def test_a_closed_page_names_the_phone_where_there_is_one_organization_only(cast, holder):
    assert b"555-0100" not in Browser().get("/rate/nothing").content
    Organization.objects.exclude(pk=cast.here.pk).update(phone="555-0177")
    assert b"555-01" not in Browser().get("/rate/nothing").content


def test_then_it_does(db):
    factories.make_organization(phone="555-0123")
    assert b"555-0123" in Browser().get("/rate/nothing").content


def test_after_the_exchange_the_token_is_in_no_address_and_on_no_page(holder):
    exchange = holder.open()
    assert exchange.headers["Location"] == holder.path()
    answers = [holder.get(page) for page in ADDRESSES] + [holder.review(), holder.send()]
    for answer in [*answers, holder.get("thanks/")]:
        assert holder.made.token not in str(answer.headers) + answer.content.decode()
    assert holder.made.token not in exchange.content.decode() + str(exchange.cookies)


def test_two_open_links_on_one_device_do_not_mix(cast):
    first, second = invite(cast.episode, cast.now), invite(cast.peers, cast.now)
    paths = {each.open().cookies[COOKIE]["path"] for each in (first, second)}
    assert paths == {first.path(), second.path()}
    assert not first.path().startswith(second.path())


def test_the_cookie_of_one_request_does_not_open_another(cast, holder):
    other = invite(cast.peers, cast.now, days_ago=1)
    holder.open()
    stranger = LinkHolder(other.made, holder.browser)
    assert {stranger.get(page).status_code for page in ADDRESSES} == {404}
    assert stranger.send().status_code == 404
    assert stranger.decline().status_code == 404
    stranger.post("not-me/")
    assert not Rating.objects.exists()
    assert not RatingRequest.objects.filter(withdrawn_at__isnull=False).exists()


def test_the_cookie_is_for_nobody_elses_eyes(holder, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = holder.open().cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert 4 * 24 * 3600 <= cookie["max-age"] <= 4 * 24 * 3600 + 1800


def tampered(holder: LinkHolder) -> dict[str, str]:
    link = holder.made.link
    good = get_cookie_signer(salt=COOKIE + SALT).sign(str(link.pk))
    return {
        "another link": good.replace(str(link.pk), str(link.pk + 1), 1),
        "unsigned": str(link.pk),
        "cut": good[:-1],
        "signed for something else": get_cookie_signer(salt=COOKIE + "other").sign(str(link.pk)),
        "empty": "",
        "not a number": get_cookie_signer(salt=COOKIE + "x").sign("'; DROP TABLE measures_rating"),
    }


def test_a_cookie_that_was_tampered_with_opens_nothing(holder):
    for name, value in tampered(holder).items():
        browser = Browser()
        browser.cookies[COOKIE] = value
        assert browser.get(holder.path()).status_code == 404, name
    good = Browser()
    good.cookies[COOKIE] = get_cookie_signer(salt=COOKIE + SALT).sign(str(holder.made.link.pk))
    assert good.get(holder.path()).status_code == 200


def test_without_a_cookie_nothing_opens_and_nothing_is_stored(holder):
    assert {holder.get(page).status_code for page in ADDRESSES} == {404}
    assert holder.send().status_code == 404
    assert not Rating.objects.exists()


def test_logging_in_is_no_way_into_a_clients_form(cast, log_in, holder):
    for member in (cast.alice, cast.sam, cast.ada):
        assert log_in(member).get(holder.path("questions/")).status_code == 404


@pytest.mark.parametrize("behind", ADDRESSES)
def test_every_page_behind_a_link_keeps_to_itself(holder, behind):
    assert_keeps_to_itself(opened(holder, behind), "same-origin")


def opened(holder: LinkHolder, behind: str) -> Any:
    """One of the pages; the thanks come after an answer."""
    holder.open()
    if behind == "thanks/":
        holder.send()
    return holder.get(behind)


def assert_keeps_to_itself(response: Any, referrer: str) -> None:
    """ "no-referrer" would make the browser post forms with "Origin: null", which CSRF refuses."""
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == referrer
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_the_exchange_tells_nobody_where_it_came_from(holder):
    assert_keeps_to_itself(holder.open(), "no-referrer")


def test_a_closed_page_keeps_to_itself_too(db):
    assert_keeps_to_itself(Browser().get("/rate/nothing"), "same-origin")


def test_the_first_page_and_the_closed_page_say_nothing_about_anybody(cast, holder):
    first = Page(Browser().get(holder.address, follow=True))
    closed = Page(Browser().get("/rate/nothing"))
    assert "Three short questions." in first.text
    for page in (first, closed):
        assert TELLING.findall(page.text) == []
        for name in ("Alice", "Sam", "T-308", "Jo Doe", "Oak Street"):
            assert name not in page.text


@pytest.mark.parametrize("behind", PAGES)
def test_no_title_says_what_this_is_about(holder, behind):
    assert TELLING.findall(title_of(opened(holder, behind))) == []


def test_the_words_that_tell_are_found(holder):
    """The control of the tests above: the questions do say them."""
    holder.open()
    page = Page(holder.get("questions/"))
    assert {"court", "probation"} <= {word.lower() for word in TELLING.findall(page.text)}


@pytest.mark.parametrize("member", ["alice", "finn"])
def test_staff_see_a_link_once_and_only_in_the_answer(cast, log_in, member):
    session = factories.make_session(cast.episode, cast.now - dt.timedelta(hours=1))
    page = log_in(getattr(cast, member)).post(f"/sessions/{session.uuid}/link/")
    found = re.search(r"http://testserver/rate/([\w-]{22})", page.content.decode())
    assert found
    assert page.headers["Cache-Control"] == "no-store"
    assert RatingLink.objects.get().token_hash == hash_token(found[1])
    assert Browser().get(f"/rate/{found[1]}").status_code == 302


def test_a_link_for_a_session_of_somebody_else_is_not_made(cast, log_in):
    session = factories.make_session(cast.peers, cast.now - dt.timedelta(hours=1))
    assert log_in(cast.alice).post(f"/sessions/{session.uuid}/link/").status_code == 404
    assert not RatingLink.objects.exists()


@pytest.mark.parametrize("token", ["%00", "a%00b", "%ED%A0%80", "x" * 5000, "..", "r", "💊", "'"])
def test_a_strange_token_is_a_closed_page_or_a_refusal(db, token):
    assert Browser().get(f"/rate/{token}").status_code in {400, 404}


def test_reading_a_link_is_logged_without_naming_anybody(cast, holder):
    holder.open()
    holder.get()
    entry = AccessEntry.objects.get(route="rate_start")
    assert (entry.user, entry.membership, entry.organization) == (None, None, cast.here)
    assert entry.clients == [cast.episode.client_id]
